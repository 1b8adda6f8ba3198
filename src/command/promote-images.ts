import { sentenceOf } from '../errors.ts'
import { lookUpTags, type Plan, type PlannedImage, refuseOtherImages } from '../plan/index.ts'
import { commonLabels, composeImage, mirror, type Promotable, promote } from '../promote/index.ts'
import { type Digest, formatReference, type ParsedManifest, platformManifest } from '../registry/index.ts'
import type { ImageOutcome, LegOutcome, MovedTag } from '../report/index.ts'
import { keepBases } from './keep-bases.ts'
import { type Inspected, inspectImage, type PromoteChoices, type PromoteWorld } from './inspect-image.ts'
import { type InspectedMirror, inspectMirrors, withMirrors } from './inspect-mirrors.ts'

/** `error` is a sentence: why promotion stopped; the outcomes are those before it stopped. */
export type Promotion = { outcomes: ImageOutcome[]; error?: string }

/**
 * Gives the images of a plan their public tags, if the registry has all of their legs as staged.
 * All images are inspected before the first tag is created, and each tag is read back. Mirrors follow
 * after the last public tag.
 */
export async function promoteImages(
  plan: Plan,
  choices: PromoteChoices,
  world: PromoteWorld,
): Promise<Promotion> {
  const inspected = await Promise.all(plan.images.map((image) => inspectImage(image, plan, choices, world)))
  const before = inspected.map(({ outcome }) => outcome)
  if (choices.failFast && before.some(isIncomplete)) return { outcomes: before }
  try {
    const complete = before.filter((outcome) => !isIncomplete(outcome))
    const legs = complete.flatMap(({ image }) => image.legs)
    if (world.keepsBases) await keepBases(legs, world)
  } catch (error) {
    return { outcomes: before, error: sentenceOf(error) }
  }
  const prepared: Prepared[] = []
  for (const one of inspected) prepared.push(await prepare(one, plan, choices, world))
  const outcomes = prepared.map(({ untagged }) => untagged)
  if (choices.failFast && outcomes.some(isIncomplete)) return { outcomes }
  try {
    const promotable = prepared.flatMap(({ tagging }) => tagging?.promotable ?? [])
    await promote(world.registry, promotable, world.log, world.signal)
  } catch (error) {
    return { outcomes: prepared.map(afterBreak), error: sentenceOf(error) }
  }
  const { failFast } = choices
  const mirrorable = prepared.flatMap(({ mirrors }) => mirrors.flatMap((one) => one.mirrorable ?? []))
  const { done, error } = await mirror(world.registry, mirrorable, { ...world, failFast })
  const ended = prepared.map(({ untagged, tagging, mirrors }) =>
    withMirrors(tagging ? withMoved(tagging) : untagged, mirrors, done),
  )
  return { outcomes: ended, ...(error !== undefined && { error }) }
}

/** An image is public once it has all of its tags, whatever became of a later one. */
function afterBreak({ untagged, tagging, mirrors }: Prepared): ImageOutcome {
  return tagging?.isTagged() ? withMirrors(withMoved(tagging), mirrors, new Map()) : untagged
}

function withMoved({ outcome, moved }: Tagging): ImageOutcome {
  const tags = [...moved].map(([tag, from]): MovedTag => ({ tag, from }))
  return tags.length === 0 ? outcome : { ...outcome, moved: tags }
}

function isIncomplete({ state }: ImageOutcome): boolean {
  return state === 'failed' || state === 'skipped'
}

/** The outcome of an image without its missing tags, and with them, if it has any to create. */
type Prepared = {
  untagged: ImageOutcome
  tagging?: Tagging
  mirrors: readonly InspectedMirror[]
}

type PublishedOutcome = Extract<ImageOutcome, { state: 'published' }>

/** `moved` grows while the tags are created. */
type Tagging = {
  promotable: Promotable
  outcome: PublishedOutcome
  moved: ReadonlyMap<string, Digest>
  /** Whether it has all of its tags by now */
  isTagged: () => boolean
}

/** Puts into the public repository what the tags will name, and inspects the mirrors. */
async function prepare(
  inspected: Inspected,
  plan: Plan,
  choices: PromoteChoices,
  world: PromoteWorld,
): Promise<Prepared> {
  const { outcome, published } = inspected
  const { image, legs } = outcome
  const { registry } = world
  try {
    if (outcome.state === 'unchanged' && published.kind === 'same') {
      const { digest, missingTags } = published
      const mirrors = await inspectMirrors(
        image,
        { tags: image.tags, ...outcome, digest },
        plan,
        choices,
        registry,
      )
      if (missingTags.length === 0) return { untagged: outcome, mirrors }
      const tagging = {
        ...promotableOf(image, digest, missingTags, plan, world),
        outcome: { ...outcome, state: 'published' } as const,
      }
      return { untagged: { image, legs, state: 'staged' }, tagging, mirrors }
    }
    if (outcome.state !== 'staged') return { untagged: outcome, mirrors: [] }
    const { digest, parsed } = await compose(inspected, world)
    const { tags } = image
    const mirrors = await inspectMirrors(image, { digest, tags }, plan, choices, registry)
    const placed = legs.map((leg) => withDigest(leg, parsed))
    const tagged = { image, legs: placed, state: 'published', digest, isNew: true, tags } as const
    const tagging = { ...promotableOf(image, digest, tags, plan, world), outcome: tagged }
    return { untagged: outcome, tagging, mirrors }
  } catch (error) {
    return { untagged: { image, legs, state: 'failed', error: sentenceOf(error) }, mirrors: [] }
  }
}

function compose({ outcome: { image }, staged }: Inspected, { registry, store }: PromoteWorld) {
  return composeImage(registry, {
    from: store.repository,
    to: image.repository,
    legs: staged.map(({ platform, stored }) => ({ platform, ...stored })),
    annotations: commonLabels(staged.map(({ labels }) => labels)),
  })
}

function promotableOf(
  image: PlannedImage,
  digest: Digest,
  tags: string[],
  { publicTags }: Plan,
  { registry, log }: PromoteWorld,
): Omit<Tagging, 'outcome'> {
  const { repository: to } = image
  const moved = new Map<string, Digest>()
  let isTagged = false
  const done = (): void => {
    isTagged = true
  }
  // Right before a tag is created, since another run may have given it to other content. No registry
  // creates a tag only if it is absent: a moment remains between this check and the tag.
  const check = async (tag: string): Promise<void> => {
    const now = await lookUpTags(registry, image, [tag])
    if (publicTags === 'look') refuseOtherImages(image, now)
    for (const one of now)
      if (one.names === 'other' && one.digest !== digest) {
        moved.set(tag, one.digest)
        log(`${formatReference({ ...to, tag })} names ${one.digest} and is moved`)
      }
  }
  return { promotable: { from: to, digest, to, tags, check, done }, moved, isTagged: () => isTagged }
}

/** Adds the digest by which a leg of several platforms can be pulled from the public repository. */
function withDigest(outcome: LegOutcome, top: ParsedManifest): LegOutcome {
  const entry = top.kind === 'index' ? platformManifest(top, outcome.leg.platform) : undefined
  return entry ? { ...outcome, digest: entry.digest } : outcome
}
