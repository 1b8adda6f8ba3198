import { UserError } from '../errors.ts'
import { inParallel } from '../inventory/index.ts'
import { type Digest, formatReference, indexMediaTypes, type Repository } from '../registry/index.ts'
import { readLabels } from '../verify/index.ts'
import type { Content, Entry, Published } from './content.ts'
import { digestsOf, readManifests, refuseMissing } from './manifests.ts'
import { configurationsOf, contentOf } from './read-cache.ts'
import { latest, timeOf } from './settings.ts'
import type { PruneWorld } from './world.ts'

const atOnce = 8

/**
 * Reads what is published in a repository: all digests under its tags, and those that they name.
 * @param known digest → itself and all that it names; mirrors have the same digests
 * @throws UserError if something of it cannot be read
 */
export async function readPublished(
  repository: Repository,
  { registry, signal }: PruneWorld,
  known: Map<Digest, readonly Digest[]>,
): Promise<Published> {
  const byDigest = await digestsOf(registry, repository, signal)
  const digests = new Set<Digest>()
  await inParallel(byDigest, atOnce, async ([digest, tags]) => {
    signal.throwIfAborted()
    const named = known.get(digest) ?? (await namedBy(digest, repository, registry))
    if (!named) return refuseMissing(registry, repository, digest, tags)
    known.set(digest, named)
    for (const one of named) digests.add(one)
  })
  return { repository, digests }
}

/** @returns the digest and all that it names; undefined if there is no such manifest */
async function namedBy(
  digest: Digest,
  repository: Repository,
  registry: PruneWorld['registry'],
): Promise<Digest[] | undefined> {
  const manifest = await registry.getManifest(repository, digest)
  if (!manifest) return undefined
  const named = [digest]
  if (manifest.parsed.kind === 'image') return named
  for (const part of manifest.parsed.manifests) {
    const isIndex = indexMediaTypes.includes(part.mediaType)
    const below = isIndex ? await namedBy(part.digest, repository, registry) : [part.digest]
    if (!below)
      throw new UserError(
        `${formatReference({ ...repository, digest })} names ${part.digest}, which the registry does not have; nothing is deleted, so push it again, or delete it by hand.`,
      )
    named.push(...below)
  }
  return named
}

/**
 * Reads a public repository that is pruned: every manifest, and whose images they are.
 * @throws UserError if something of it cannot be read
 */
export async function readPruned(repository: Repository, { registry, signal }: PruneWorld): Promise<Content> {
  const manifests = await readManifests(registry, repository, signal, () => Promise.resolve())
  const entries = await inParallel(manifests.read, atOnce, async ([digest, read]): Promise<Entry> => {
    signal.throwIfAborted()
    const { parts, subject, size, blobs } = read
    const tags = manifests.byDigest.get(digest) ?? []
    const nothing = { families: [], engines: [], created: null, configured: null, needs: [] }
    const part = { digest, tags, ...nothing, kind: 'part' as const, parts, subject, size, blobs }
    if (tags.length === 0) return part
    const isImage = read.form === 'image' || read.form === 'images'
    const configs = isImage ? await configurationsOf({ digest }, manifests, repository, registry) : []
    const isOwn = configs.length > 0 && configs.every(({ labels }) => readLabels(labels))
    const configured = latest(configs.map(({ created }) => timeOf(created)))
    return { ...part, configured, kind: isOwn ? 'image' : null }
  })
  return contentOf(repository, manifests, entries)
}
