import type { Digest, RegistryClient, Repository } from '../../registry/index.ts'
import { parseTag } from '../../store/index.ts'

type Registry = Pick<RegistryClient, 'listTags' | 'resolveTag' | 'getManifest'>

/**
 * Finds the name upstream (`base-named-…`) by which another run needs the copy of a base by now. It
 * is moved to copies that exist, which no other tag is.
 * @returns a tag; undefined if none names the copy
 */
export async function nameOfCopy(
  copy: Digest,
  repository: Repository,
  registry: Registry,
  known: Map<Digest, readonly Digest[]>,
): Promise<string | undefined> {
  const tags = await registry.listTags(repository)
  for (const tag of tags.filter((one) => parseTag(one)?.kind === 'base-named')) {
    const digest = await registry.resolveTag(repository, tag)
    if (digest === undefined) continue
    const copies = known.get(digest) ?? (await copiesIn(digest, repository, registry))
    known.set(digest, copies)
    if (copies.includes(copy)) return tag
  }
  return undefined
}

async function copiesIn(digest: Digest, repository: Repository, registry: Registry): Promise<Digest[]> {
  const manifest = await registry.getManifest(repository, digest)
  return manifest?.parsed.kind === 'index' ? manifest.parsed.manifests.map((one) => one.digest) : []
}
