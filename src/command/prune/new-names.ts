import { UserError } from '../../errors.ts'
import {
  type Digest,
  formatReference,
  getArtifact,
  type Manifest,
  type RegistryClient,
  type Repository,
} from '../../registry/index.ts'
import { documents, parseTag, tagsOfPlan } from '../../store/index.ts'

type Registry = Pick<RegistryClient, 'listTags' | 'getManifest' | 'getBlob'>

/** What was read of a repository: tag → digest */
type Known = { repository: Repository; tags: ReadonlyMap<string, Digest> }

/**
 * Finds what other runs have named since a repository was read: an image by another tag, a part of a
 * new index, the subject of a new report or signature, what a new plan relies on.
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
    const relied = parseTag(tag)?.kind === 'plan' ? await tagsOf(tag, repository, registry) : []
    const found = relied.flatMap((one) => tags.get(one) ?? [])
    named.push(...[...digests, ...found].map((digest) => ({ digest, tag })))
  }
  return named
}

function namedBy({ digest, parsed }: Manifest): Digest[] {
  const parts = parsed.kind === 'index' ? parsed.manifests.map((part) => part.digest) : []
  const subject = parsed.subject ? [parsed.subject.digest] : []
  return [digest, ...parts, ...subject]
}

/** @returns the tags that a new plan relies on: legs that it found staged, and facts of its bases */
async function tagsOf(tag: string, repository: Repository, registry: Registry): Promise<string[]> {
  const bytes = await getArtifact(registry, repository, tag, documents.plan)
  if (!bytes) return []
  const needs = tagsOfPlan(bytes.toString('utf8'))
  if (needs) return needs
  throw new UserError(
    `${formatReference({ ...repository, tag })} is new, and not a plan that this version of the action can read; nothing more is deleted, since it may rely on it.`,
  )
}
