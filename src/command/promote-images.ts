import { sentenceOf } from '../errors.ts'
import { notYoungerThan } from '../plan/age.ts'
import type { Plan, PlannedImage, PlannedLeg, Published } from '../plan/plan.ts'
import { lookUpTags, publicTagsOf, publishedNow, refuseOtherImages } from '../plan/published.ts'
import { composeImage } from '../promote/compose.ts'
import { commonLabels } from '../promote/labels.ts'
import { type Promotable, promote } from '../promote/promote.ts'
import { readStaged, type Staged } from '../promote/staged.ts'
import type { RegistryClient } from '../registry/client.ts'
import { type ParsedManifest, platformManifest } from '../registry/manifest.ts'
import { type ImageOutcome, type LegOutcome, unfinishedState } from '../report/outcome.ts'
import { storedReport } from './stored-report.ts'

export type PromoteWorld = { registry: RegistryClient; log: (line: string) => void; signal: AbortSignal }

export type PromoteChoices = {
  /** Legs that this process had to do with; the registry says how the others are */
  built: readonly LegOutcome[]
  /** Whether one image that can't be published keeps all others from it */
  failFast: boolean
  /** Whether it is long ago that the plan looked at the public tags */
  lookAgain: boolean
}

/** `error` is a sentence about promotion breaking off, after which the outcomes say what was done until then. */
export type Promotion = { outcomes: ImageOutcome[]; error?: string }

type StagedLeg = Extract<Staged, { state: 'staged' }>

/** What an image is before any tag is made; `staged` are its legs in the cache repository. */
type Inspected = {
  outcome: ImageOutcome
  published: Published
  staged: readonly (StagedLeg & { platform: string })[]
}

/**
 * Gives the images of a plan their public tags, as far as every leg of theirs is staged. Nothing but the registry says
 * whether it is. All images are looked at before the first tag is made, and each tag is read back.
 */
export async function promoteImages(
  plan: Plan,
  choices: PromoteChoices,
  world: PromoteWorld,
): Promise<Promotion> {
  const inspected = await Promise.all(plan.images.map((image) => inspect(image, plan, choices, world)))
  const looked = inspected.map(({ outcome }) => outcome)
  if (choices.failFast && looked.some(isIncomplete)) return { outcomes: looked }
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

/** An image without the tags that it lacks, and with them, where there are any to be made. */
type Prepared = { untagged: ImageOutcome; tagging?: { promotable: Promotable; outcome: ImageOutcome } }

/** Has in the public repository what the tags will name. */
async function prepare(
  { outcome, published, staged }: Inspected,
  plan: Plan,
  { registry }: PromoteWorld,
): Promise<Prepared> {
  const { image, legs } = outcome
  const to = image.repository
  const check = tagCheck(image, plan, registry)
  if (outcome.state === 'unchanged' && published.kind === 'same') {
    const { digest, missingTags } = published
    if (missingTags.length === 0) return { untagged: outcome }
    const promotable = { from: to, digest, to, tags: missingTags, check }
    const tagged = { ...outcome, state: 'published' } as const
    return { untagged: { image, legs, state: 'staged' }, tagging: { promotable, outcome: tagged } }
  }
  if (outcome.state !== 'staged') return { untagged: outcome }
  try {
    const { digest, parsed } = await composeImage(registry, {
      from: plan.cacheRepository,
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

/**
 * Another run may have given a tag to other content since it was looked at. Registries have no way to give a tag only if nobody
 * else has: what is left is the moment between this look and the tag, and that each tag is read back.
 */
function tagCheck(
  { legs, repository }: PlannedImage,
  { publicTags }: Plan,
  registry: RegistryClient,
): (tag: string) => Promise<void> {
  return async (tag) => {
    if (publicTags === 'look')
      refuseOtherImages(repository, await lookUpTags(registry, { legs, repository }, [tag]))
  }
}

/** The digest by which a leg can be pulled from the public repository, where it is one of several platforms. */
function withDigest(outcome: LegOutcome, top: ParsedManifest): LegOutcome {
  const entry = top.kind === 'index' ? platformManifest(top, outcome.leg.platform) : undefined
  return entry ? { ...outcome, digest: entry.digest } : outcome
}

/** Looks at one image; nothing is written. */
async function inspect(
  image: PlannedImage,
  plan: Plan,
  choices: PromoteChoices,
  world: PromoteWorld,
): Promise<Inspected> {
  const nothing = { published: { kind: 'absent' }, staged: [] } as const
  try {
    const published = await publishedBy(image, plan, choices, world)
    if (published.kind === 'same') {
      const { digest } = published
      const found = await Promise.all(image.legs.map((leg) => verifiedLeg(leg, plan, choices, world)))
      const legs = found.length === 1 ? found.map((leg) => withOwnReport(leg, digest, world)) : found
      const tags = publicTagsOf(image.tags, published)
      return { outcome: { image, legs, state: 'unchanged', digest, tags }, published, staged: [] }
    }
    const found = await Promise.all(image.legs.map((leg) => inspectLeg(leg, plan, choices, world)))
    const legs = found.map(({ outcome }) => outcome)
    const staged = found.flatMap((one) => one.staged ?? [])
    return { outcome: { image, legs, state: unfinishedState(legs) ?? 'staged' }, published, staged }
  } catch (error) {
    const legs = image.legs.map((leg): LegOutcome => ({ leg, state: 'skipped' }))
    return { outcome: { image, legs, state: 'failed', error: sentenceOf(error) }, ...nothing }
  }
}

/** Somebody may have published, or taken a tag, since the plan was made. */
async function publishedBy(
  image: PlannedImage,
  plan: Plan,
  { lookAgain }: PromoteChoices,
  { registry }: PromoteWorld,
): Promise<Published> {
  if (image.published.kind === 'same' && !lookAgain) return image.published
  const known = image.published.kind === 'same' ? image.published.tags : []
  const others = known.filter((tag) => !image.tags.includes(tag))
  const tooOld = notYoungerThan(image.legs)
  const [tags, kept] = await Promise.all([
    lookUpTags(registry, image, image.tags, tooOld),
    lookUpTags(registry, image, others, tooOld),
  ])
  if (plan.publicTags === 'look') refuseOtherImages(image.repository, tags)
  return publishedNow(image, tags, kept)
}

/**
 * A leg that was built again has the report of that, while a tag may name the image of before. It can be told where the leg is
 * the image; of several platforms the index has other digests than the legs.
 */
function withOwnReport(outcome: LegOutcome, digest: string, { log }: PromoteWorld): LegOutcome {
  const { leg } = outcome
  if (outcome.state !== 'staged' || (outcome.report?.digest ?? digest) === digest) return outcome
  log(`${leg.engine} ${leg.version.tag} | its report can't be shown: the stored one is of a later build.`)
  return { ...outcome, report: undefined }
}

type InspectedLeg = { outcome: LegOutcome; staged?: StagedLeg & { platform: string } }

async function inspectLeg(
  leg: PlannedLeg,
  plan: Plan,
  choices: PromoteChoices,
  world: PromoteWorld,
): Promise<InspectedLeg> {
  const here = choices.built.find((outcome) => outcome.leg.id === leg.id)
  if (here?.state === 'failed' || here?.state === 'skipped') return { outcome: here }
  const staged = await readStaged(world.registry, plan.cacheRepository, leg)
  if (staged.state !== 'staged')
    return { outcome: { leg, state: 'failed', error: withAdvice(staged), report: undefined } }
  return {
    outcome: await verifiedLeg(leg, plan, choices, world),
    staged: { ...staged, platform: leg.platform },
  }
}

/** A plan only knows that there is such a tag, and so calls the leg staged, whatever the tag names. */
function withAdvice({ state, why }: Exclude<Staged, StagedLeg>): string {
  if (state === 'missing') return why
  return `${why.replace(/\.$/, '')}; delete this tag, or set skip-unchanged: false to replace it.`
}

async function verifiedLeg(
  leg: PlannedLeg,
  { cacheRepository }: Plan,
  { built }: PromoteChoices,
  { registry, log }: PromoteWorld,
): Promise<LegOutcome> {
  const here = built.find((outcome) => outcome.leg.id === leg.id)
  if (here?.state === 'built' || here?.state === 'staged') return here
  return { leg, state: 'staged', report: await storedReport(leg, cacheRepository, registry, log) }
}
