import { type Digest, type Manifest, type RegistryClient, type Repository } from '../../registry/index.ts'
import { parseTag, readPlan, stagedTag } from '../../store/index.ts'

type Registry = Pick<RegistryClient, 'listTags' | 'getManifest' | 'getBlob'>

/** What was read of a repository: tag → digest */
type Known = { repository: Repository; tags: ReadonlyMap<string, Digest> }

/**
 * Finds what other runs have named since a repository was read: an image by another tag, a part of a
 * new index, the subject of a new report or signature, the legs that a new plan found staged.
 * @returns digests, each with the tag that needs it
 * @throws UserError if a new tag cannot be read
 */
export async function namedSince(
  { repository, tags }: Known,
  registry: Registry,
): Promise<{ digest: Digest; tag: string }[]> {
  const added = (await registry.listTags(repository)).filter((tag) => !tags.has(tag))
  const named: { digest: Digest; tag: string }[] = []
  // One after the other: there are few, unless everything is new.
  for (const tag of added) {
    const manifest = await registry.getManifest(repository, tag)
    const digests = manifest ? namedBy(manifest) : []
    const legs = manifest && parseTag(tag)?.kind === 'plan' ? await legsOf(tag, repository, registry) : []
    const staged = legs.flatMap((leg) => tags.get(stagedTag(leg)) ?? [])
    named.push(...[...digests, ...staged].map((digest) => ({ digest, tag })))
  }
  return named
}

function namedBy({ digest, parsed }: Manifest): Digest[] {
  const parts = parsed.kind === 'index' ? parsed.manifests.map((part) => part.digest) : []
  const subject = parsed.subject ? [parsed.subject.digest] : []
  return [digest, ...parts, ...subject]
}

async function legsOf(tag: string, repository: Repository, registry: Registry) {
  const plan = await readPlan(registry, { kind: 'registry', repository, tag })
  return plan.images.flatMap(({ legs }) => legs)
}
