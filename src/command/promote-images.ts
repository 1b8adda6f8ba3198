import { sentenceOf } from '../errors.ts'
import { lookUpTags, type Plan, refuseOtherImages } from '../plan/index.ts'
import { commonLabels, composeImage, type Promotable, promote } from '../promote/index.ts'
import { type ParsedManifest, platformManifest } from '../registry/index.ts'
import type { ImageOutcome, LegOutcome } from '../report/index.ts'
import { keepBases } from './keep-bases.ts'
import { type Inspected, inspectImage, type PromoteChoices, type PromoteWorld } from './inspect-image.ts'

/** `error` is a sentence: why promotion stopped; the outcomes are those before it stopped. */
export type Promotion = { outcomes: ImageOutcome[]; error?: string }

/**
 * Gives the images of a plan their public tags, if the registry has all of their legs as staged.
 * All images are inspected before the first tag is created, and each tag is read back.
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
  for (const one of inspected) prepared.push(await prepare(one, plan, world))
  const outcomes = prepared.map(({ untagged }) => untagged)
  if (choices.failFast && outcomes.some(isIncomplete)) return { outcomes }
  try {
    const promotable = prepared.flatMap(({ tagging }) => tagging?.promotable ?? [])
    await promote(world.registry, promotable, world.log, world.signal)
  } catch (error) {
    return { outcomes, error: sentenceOf(error) }
  }
  return { outcomes: prepared.map(({ untagged, tagging }) => tagging?.outcome ?? untagged) }
}

function isIncomplete({ state }: ImageOutcome): boolean {
  return state === 'failed' || state === 'skipped'
}

/** The outcome of an image without its missing tags, and with them, if it has any to create. */
type Prepared = { untagged: ImageOutcome; tagging?: { promotable: Promotable; outcome: ImageOutcome } }

/** Puts into the public repository what the tags will name. */
async function prepare(
  { outcome, published, staged }: Inspected,
  plan: Plan,
  { registry, store }: PromoteWorld,
): Promise<Prepared> {
  const { image, legs } = outcome
  const to = image.repository
  // Right before a tag is created, since another run may have given it to other content. No registry
  // creates a tag only if it is absent: a moment remains between this check and the tag.
  const check = async (tag: string): Promise<void> => {
    if (plan.publicTags === 'look') refuseOtherImages(image, await lookUpTags(registry, image, [tag]))
  }
  if (outcome.state === 'unchanged' && published.kind === 'same') {
    const { digest, missingTags } = published
    if (missingTags.length === 0) return { untagged: outcome }
    const promotable = { from: to, digest, to, tags: missingTags, check }
    const tagging = { promotable, outcome: { ...outcome, state: 'published' } as const }
    return { untagged: { image, legs, state: 'staged' }, tagging }
  }
  if (outcome.state !== 'staged') return { untagged: outcome }
  try {
    const { digest, parsed } = await composeImage(registry, {
      from: store.repository,
      to,
      legs: staged.map(({ platform, stored }) => ({ platform, ...stored })),
      annotations: commonLabels(staged.map(({ labels }) => labels)),
    })
    const { tags } = image
    const promotable = { from: to, digest, to, tags, check }
    const placed = legs.map((leg) => withDigest(leg, parsed))
    const tagged = { image, legs: placed, state: 'published', digest, tags } as const
    return { untagged: outcome, tagging: { promotable, outcome: tagged } }
  } catch (error) {
    return { untagged: { image, legs, state: 'failed', error: sentenceOf(error) } }
  }
}

/** Adds the digest by which a leg of several platforms can be pulled from the public repository. */
function withDigest(outcome: LegOutcome, top: ParsedManifest): LegOutcome {
  const entry = top.kind === 'index' ? platformManifest(top, outcome.leg.platform) : undefined
  return entry ? { ...outcome, digest: entry.digest } : outcome
}
