import { inParallel } from '../../inventory/index.ts'
import { datedTag } from '../../prune/index.ts'
import {
  type Digest,
  type Manifest,
  referrerTagSubject,
  type RegistryClient,
  type Repository,
} from '../../registry/index.ts'
import { parseTag } from '../../store/index.ts'
import { tagsNeededBy } from './new-needs.ts'

export type NamingRegistry = Pick<
  RegistryClient,
  'listTags' | 'resolveTag' | 'getManifest' | 'getBlob' | 'getImageConfig'
>

/** What was read of a repository: tag → digest */
type Known = { repository: Repository; tags: ReadonlyMap<string, Digest> }

/** A digest, and the tag that needs it, as a reason */
export type NewName = { digest: Digest; why: string }

/** Tags that are resolved in parallel */
const atOnce = 8

/**
 * Watches what other runs name while a repository is pruned: an image by another tag, a part of a new
 * index, the subject of a new report or signature, what a new leg or plan relies on.
 * @returns what lists the names that are new or were moved since it was called last
 * @throws UserError if such a tag cannot be read
 */
export function watchNames({ repository, tags }: Known, registry: NamingRegistry): () => Promise<NewName[]> {
  const later = new Map<string, Digest | undefined>()
  const knows = (tag: string): boolean => tags.has(tag) || later.has(tag)
  const knownOf = (tag: string): Digest | undefined => (later.has(tag) ? later.get(tag) : tags.get(tag))
  const movable = new Set([...tags.keys()].filter(mayBeMoved))
  const namesOf = async (tag: string, state: 'is new' | 'was moved'): Promise<NewName[]> => {
    const manifest = await registry.getManifest(repository, tag)
    later.set(tag, manifest?.digest)
    if (mayBeMoved(tag)) movable.add(tag)
    if (!manifest || manifest.digest === tags.get(tag)) return []
    const needed = await tagsNeededBy(tag, manifest, repository, registry)
    const found = needed.flatMap((one) => tags.get(one) ?? [])
    const subject = referrerTagSubject(tag)
    const named = [...namedBy(manifest), ...(subject === undefined ? [] : [subject]), ...found]
    return named.map((digest) => ({ digest, why: `${tag} ${state} and needs it` }))
  }
  return async () => {
    const listed = await registry.listTags(repository)
    const added = listed.filter((tag) => !knows(tag))
    const moved = await inParallel(
      listed.filter((tag) => movable.has(tag)),
      atOnce,
      async (tag) => ((await registry.resolveTag(repository, tag)) === knownOf(tag) ? [] : [tag]),
    )
    const names: NewName[] = []
    // One after the other: there are few, unless everything is new.
    for (const tag of added) names.push(...(await namesOf(tag, 'is new')))
    for (const tag of moved.flat()) names.push(...(await namesOf(tag, 'was moved')))
    return names
  }
}

/** Such as `stable`: a tag of this action's own names nothing else that was there before, nor does a dated one. */
function mayBeMoved(tag: string): boolean {
  return parseTag(tag) === undefined && datedTag(tag) === undefined && referrerTagSubject(tag) === undefined
}

function namedBy({ digest, parsed }: Manifest): Digest[] {
  const parts = parsed.kind === 'index' ? parsed.manifests.map((part) => part.digest) : []
  const subject = parsed.subject ? [parsed.subject.digest] : []
  return [digest, ...parts, ...subject]
}
