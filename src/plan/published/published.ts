import { UserError } from '../../errors.ts'
import {
  type Digest,
  formatReference,
  getPlatformImage,
  type ParsedManifest,
  platformManifest,
  type RegistryClient,
  type Repository,
} from '../../registry/index.ts'
import type { TooOld } from './age.ts'
import type { Leg, PlannedImage, Published } from '../plan.ts'
import { rememberAnswers } from '../remember.ts'

/** The label that every image carries, and by which a published one is recognised. */
export const buildIdLabel = 'io.aibrix.image.build-id'

/**
 * What a public tag names: nothing, an image whose platforms have the planned build ids, such an image that is too old (`made`
 * when, RFC 3339, by the platforms that are), or something else.
 */
export type LookedUpTag = { tag: string } & (
  | { names: 'nothing' }
  | { names: 'same' | 'other'; digest: Digest }
  | { names: 'aged'; digest: Digest; made: Record<string, string> }
)

type Reader = Pick<RegistryClient, 'getManifest' | 'getImageConfig'>

/** An image that is looked for in its public repository. */
export type Sought<L extends Leg = Leg> = { legs: readonly L[]; repository: Repository }

/** @param tooOld whether an image with the planned build id is too old to count; undefined if none is */
export function lookUpTags<L extends Leg>(
  registry: Reader,
  image: Sought<L>,
  tags: readonly string[],
  tooOld?: TooOld<L>,
): Promise<LookedUpTag[]> {
  return Promise.all(tags.map((tag) => lookUpTag(registry, image, tag, tooOld)))
}

/** As `lookUpTags`, for one tag. */
export async function lookUpTag<L extends Leg>(
  registry: Reader,
  { legs, repository }: Sought<L>,
  tag: string,
  tooOld?: TooOld<L>,
): Promise<LookedUpTag> {
  // Whatever happens to the tag meanwhile, all answers are about one image.
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

/** The index that BuildKit makes of one image and its attestations repeats the image's labels, which saves reading those. */
function repeatedBuildId(parsed: ParsedManifest, { platform }: Leg): string | undefined {
  if (parsed.kind !== 'index' || platformManifest(parsed, platform) === undefined) return undefined
  return parsed.annotations[buildIdLabel]
}

/** @throws UserError that names the tags that something else has already */
export function refuseOtherImages(repository: Repository, tags: readonly LookedUpTag[]): void {
  const taken = tags
    .filter((tag) => tag.names === 'other')
    .map(({ tag }) => formatReference({ ...repository, tag }))
  if (taken.length > 0)
    throw new UserError(
      `${taken.join(', ')} already names a different image; choose another date or tag, or set overwrite-tags: true.`,
    )
}

/** @param tags as looked up; one that names something else is here only if it may be taken over */
export function publishedOf(tags: readonly LookedUpTag[]): Published {
  const same = tags.find((tag) => tag.names === 'same')
  if (same?.names !== 'same') return { kind: 'absent' }
  const { digest } = same
  const named = namesOf(tags, digest)
  const missingTags = tags.map(({ tag }) => tag).filter((tag) => !named.includes(tag))
  return { kind: 'same', digest, tags: named, missingTags }
}

/** @returns those that name exactly this image, which is one of the planned content */
export function namesOf(tags: readonly LookedUpTag[], digest: Digest): string[] {
  return tags.flatMap((one) => (one.names === 'same' && one.digest === digest ? [one.tag] : []))
}

/**
 * What public tags say now of an image that a plan has looked at before.
 * @param tags of today's names, as looked up now
 * @param kept those of another date that the plan found, as looked up now
 */
export function publishedNow(
  { published, cause, tags: names }: Pick<PlannedImage, 'published' | 'cause' | 'tags'>,
  tags: readonly LookedUpTag[],
  kept: readonly LookedUpTag[],
): Published {
  if (cause.kind === 'forced' || cause.kind === 'unverified') return { kind: 'absent' }
  if (published.kind === 'absent') return publishedOf(tags)
  const { digest } = published
  const named = namesOf([...kept, ...tags], digest)
  if (named.length === 0) return publishedOf(tags)
  const wanted = [...published.missingTags, ...published.tags]
  const missingTags = names.filter((tag) => wanted.includes(tag) && !named.includes(tag))
  return { kind: 'same', digest, tags: named, missingTags }
}

/** @returns the public tags by which an image is known once the missing ones are there, today's names before others */
export function publicTagsOf(
  names: readonly string[],
  { tags, missingTags }: Extract<Published, { kind: 'same' }>,
): string[] {
  const all = [...new Set([...tags, ...missingTags])]
  return names.every((name) => all.includes(name)) ? [...names] : all
}
