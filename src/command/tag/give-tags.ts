import { sentenceOf, UserError } from '../../errors.ts'
import { promote } from '../../promote/index.ts'
import {
  type Digest,
  formatReference,
  type Manifest,
  placeManifest,
  type RegistryClient,
  type Repository,
} from '../../registry/index.ts'
import type { TagFate } from '../../report/index.ts'

/** An image, where it is, and the tags that it is to get. */
export type Tagging = {
  from: Repository
  top: Manifest
  to: Repository
  tags: readonly string[]
  /** Whether a tag may be moved from another image */
  isMovable: (tag: string) => boolean
}

/** What giving tags needs. */
export type TagWorld = { registry: RegistryClient; log: (line: string) => void; signal: AbortSignal }

/** `error` is a sentence: why a tag is left. */
export type Given = { tags: TagFate[]; error?: string }

/**
 * Gives an image its tags. All are checked before the first one is created, each is checked again
 * right before, and is read back.
 * @throws UserError if a tag names another image and may not be moved, or the content cannot be put
 */
export async function giveTags(tagging: Tagging, world: TagWorld): Promise<Given> {
  const { from, top, to, tags } = tagging
  const { registry, log, signal } = world
  const before = await namesNow(tagging, tags, registry)
  refuseTaken(tagging, before)
  const missing = tags.filter((tag) => before.get(tag) !== top.digest)
  const begun: string[] = []
  // No registry creates a tag only if it is absent: a moment remains between this check and the tag.
  const check = async (tag: string): Promise<void> => {
    if (!begun.includes(tag)) begun.push(tag)
    const now = await namesNow(tagging, [tag], registry)
    refuseTaken(tagging, now)
    // After an answer that was lost, the tag names this image.
    if (now.get(tag) !== top.digest) before.set(tag, now.get(tag))
  }
  const given = (tag: string): TagFate => {
    const from = before.get(tag)
    return from === undefined ? { tag, state: 'created' } : { tag, state: 'moved', from }
  }
  /** The registry may have taken a tag before its answer was lost. */
  const afterFailure = (tag: string, now: ReadonlyMap<string, Digest | undefined> | undefined): TagFate => {
    if (!begun.includes(tag)) return { tag, state: 'left' }
    if (now === undefined) return { tag, state: 'unknown', from: before.get(tag) }
    return now.get(tag) === top.digest ? given(tag) : { tag, state: 'left' }
  }
  const fates = (fateOf: (tag: string) => TagFate): TagFate[] =>
    tags.map((tag) => (missing.includes(tag) ? fateOf(tag) : { tag, state: 'unchanged' }))
  try {
    if (missing.length > 0) await placeManifest(registry, { from, to, top, tag: top.digest })
    await promote(registry, [{ from: to, digest: top.digest, to, tags: missing, check }], log, signal)
  } catch (error) {
    const now = await namesNow(tagging, begun, registry).catch(() => undefined)
    return { tags: fates((tag) => afterFailure(tag, now)), error: sentenceOf(error) }
  }
  return { tags: fates(given) }
}

/**
 * @returns the tags that do not name the image yet
 * @throws UserError if one of them names another image and may not be moved
 */
export async function unnamedTags(
  tagging: Tagging,
  registry: Pick<RegistryClient, 'getManifest'>,
): Promise<string[]> {
  const now = await namesNow(tagging, tagging.tags, registry)
  refuseTaken(tagging, now)
  return tagging.tags.filter((tag) => now.get(tag) !== tagging.top.digest)
}

async function namesNow(
  { to }: Tagging,
  tags: readonly string[],
  registry: Pick<RegistryClient, 'getManifest'>,
): Promise<Map<string, Digest | undefined>> {
  const answers = tags.map(async (tag) => [tag, (await registry.getManifest(to, tag))?.digest] as const)
  return new Map(await Promise.all(answers))
}

function refuseTaken({ to, top, isMovable }: Tagging, names: ReadonlyMap<string, Digest | undefined>): void {
  const taken = [...names].flatMap(([tag, digest]) =>
    digest === undefined || digest === top.digest || isMovable(tag)
      ? []
      : [`${formatReference({ ...to, tag })} (${digest})`],
  )
  if (taken.length > 0)
    throw new UserError(
      `${taken.join(', ')} already ${taken.length > 1 ? 'name' : 'names'} a different image; choose another tag, or allow it with overwrite-tags: its template, or true for all.`,
    )
}
