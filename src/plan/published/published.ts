import { UserError } from '../../errors.ts'
import {
  type Digest,
  formatReference,
  getPlatformImage,
  type ParsedManifest,
  platformManifest,
  type Repository,
} from '../../registry/index.ts'
import type { TooOld } from './age.ts'
import type { Leg, PlannedImage, Published } from '../plan.ts'
import { type Reader, rememberAnswers } from '../remember.ts'

/** The label of every image by which a published one is recognised. */
export const buildIdLabel = 'io.aibrix.image.build-id'

/**
 * What a public tag names. `same`: an image whose platforms have the planned build ids. `aged`:
 * such an image that is too old; `made` has the time (RFC 3339) for each platform that is.
 */
export type LookedUpTag = { tag: string } & (
  | { names: 'nothing' }
  | { names: 'same' | 'other'; digest: Digest }
  | { names: 'aged'; digest: Digest; made: Record<string, string> }
)

export type Sought<L extends Leg = Leg> = { legs: readonly L[]; repository: Repository }

/** @param tooOld tells which images with the planned build id are too old; undefined: none */
export function lookUpTags<L extends Leg>(
  registry: Reader,
  image: Sought<L>,
  tags: readonly string[],
  tooOld?: TooOld<L>,
): Promise<LookedUpTag[]> {
  return Promise.all(tags.map((tag) => lookUpTag(registry, image, tag, tooOld)))
}

export async function lookUpTag<L extends Leg>(
  registry: Reader,
  { legs, repository }: Sought<L>,
  tag: string,
  tooOld?: TooOld<L>,
): Promise<LookedUpTag> {
  // All answers are about one image, even if the tag moves meanwhile.
  const reader = rememberAnswers(registry)
  const top = await reader.getManifest(repository, tag)
  if (!top) return { tag, names: 'nothing' }
  const { digest, parsed } = top
  const made: Record<string, string> = {}
  for (const leg of legs) {
    const repeated = repeatedBuildId(parsed, leg)
    if (repeated !== undefined && repeated !== leg.buildId) return { tag, names: 'other', digest }
    if (repeated !== undefined && !tooOld) continue
    const found = await getPlatformImage(reader, repository, digest, leg.platform)
    if (found?.image?.config.labels[buildIdLabel] !== leg.buildId) return { tag, names: 'other', digest }
    const time = tooOld?.(found.image.config, leg)
    if (time !== undefined) made[leg.platform] = time
  }
  const aged = Object.keys(made).length > 0
  return aged ? { tag, names: 'aged', digest, made } : { tag, names: 'same', digest }
}

/** BuildKit's index of an image and its attestations repeats its labels, which saves requests. */
function repeatedBuildId(parsed: ParsedManifest, { platform }: Leg): string | undefined {
  if (parsed.kind !== 'index' || platformManifest(parsed, platform) === undefined) return undefined
  return parsed.annotations[buildIdLabel]
}

/** @throws UserError that names the tags of something else, without those that may be moved */
export function refuseOtherImages(
  { repository, overwritable }: Pick<PlannedImage, 'repository' | 'overwritable'>,
  tags: readonly LookedUpTag[],
): void {
  const taken = tags
    .filter(({ tag, names }) => names === 'other' && overwritable?.includes(tag) !== true)
    .map(({ tag }) => formatReference({ ...repository, tag }))
  if (taken.length > 0)
    throw new UserError(
      `${taken.join(', ')} already names a different image; choose another date or tag, or set overwrite-tags: true.`,
    )
}

/** @param tags as looked up; those of something else are to be moved */
export function publishedOf(tags: readonly LookedUpTag[]): Published {
  const same = tags.find((tag) => tag.names === 'same')
  if (same?.names !== 'same') return { kind: 'absent' }
  const { digest } = same
  const present = namesOf(tags, digest)
  const missingTags = tags.map(({ tag }) => tag).filter((tag) => !present.includes(tag))
  return { kind: 'same', digest, tags: present, missingTags }
}

/** @returns the tags that name exactly this image, which has the planned content */
export function namesOf(tags: readonly LookedUpTag[], digest: Digest): string[] {
  return tags.flatMap((one) => (one.names === 'same' && one.digest === digest ? [one.tag] : []))
}

/**
 * What public tags name now, after the plan looked them up.
 * @param tags of today's names, as looked up now
 * @param kept of another date that the plan found, as looked up now
 */
export function publishedNow(
  { published, cause, tags: names }: Pick<PlannedImage, 'published' | 'cause' | 'tags'>,
  tags: readonly LookedUpTag[],
  kept: readonly LookedUpTag[],
): Published {
  if (cause.kind === 'forced' || cause.kind === 'unverified') return { kind: 'absent' }
  if (published.kind === 'absent') return publishedOf(tags)
  const { digest } = published
  const present = namesOf([...kept, ...tags], digest)
  if (present.length === 0) return publishedOf(tags)
  const wanted = [...published.missingTags, ...published.tags]
  const missingTags = names.filter((tag) => wanted.includes(tag) && !present.includes(tag))
  return { kind: 'same', digest, tags: present, missingTags }
}

/** @returns the public tags once the missing ones exist; only today's names if all of these do */
export function publicTagsOf(
  names: readonly string[],
  { tags, missingTags }: Extract<Published, { kind: 'same' }>,
): string[] {
  const all = [...new Set([...tags, ...missingTags])]
  return names.every((name) => all.includes(name)) ? [...names] : all
}
