import { inParallel } from '../inventory/index.ts'
import { createdAnnotation, type ImageConfig, type Repository } from '../registry/index.ts'
import type { Content, Entry } from './content.ts'
import { type Documents, readDocument } from './documents.ts'
import { entryOf, mustReadConfig, type Stored, storedIn } from './entries.ts'
import { imagesOf, type Manifests, readManifests } from './manifests.ts'
import { isYoung, type PruneSettings, timeOf } from './settings.ts'
import type { PruneWorld } from './world.ts'

/** Configurations read in parallel */
const atOnce = 8

/**
 * Reads the cache repository: every manifest, the reports of legs, and young plans.
 * @throws UserError if something of it cannot be read
 */
export async function readCache(
  repository: Repository,
  settings: PruneSettings,
  { registry, signal, now }: PruneWorld,
): Promise<Content> {
  const documents: Documents = { reports: new Map(), plans: new Map() }
  const manifests = await readManifests(registry, repository, signal, (manifest, tags) =>
    readDocument(registry, repository, manifest, tags, documents, ({ parsed }) => {
      const created = timeOf(parsed.annotations[createdAnnotation])
      return isYoung({ created, configured: null }, settings, now)
    }),
  )
  const configsOf = (one: Stored): Promise<ImageConfig[]> =>
    configurationsOf(one, manifests, repository, registry)
  const entries = await inParallel(storedIn(manifests, documents), atOnce, async (one) => {
    signal.throwIfAborted()
    return entryOf(one, mustReadConfig(one, settings) ? await configsOf(one) : [])
  })
  return contentOf(repository, manifests, entries)
}

/** @returns what was read of a repository, before its referrers are asked for */
export function contentOf(
  repository: Repository,
  { tags, blobs }: Manifests,
  entries: readonly Entry[],
): Content {
  const byDigest = new Map(entries.map((entry) => [entry.digest, entry]))
  return { repository, tags, entries: byDigest, blobs, referred: new Set() }
}

/** @returns the configurations of an image, or of all images in an index */
export async function configurationsOf(
  { digest }: Pick<Stored, 'digest'>,
  { read }: Manifests,
  repository: Repository,
  { getImageConfig }: Pick<PruneWorld['registry'], 'getImageConfig'>,
): Promise<ImageConfig[]> {
  const configs: ImageConfig[] = []
  for (const config of imagesOf(digest, read))
    configs.push(await getImageConfig(repository, { config: { digest: config } }))
  return configs
}
