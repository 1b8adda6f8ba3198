import { sentenceOf } from '../errors.ts'
import {
  lookUpTags,
  notYoungerThan,
  type Plan,
  type PlannedImage,
  type PlannedLeg,
  publicTagsOf,
  type Published,
  publishedNow,
  refuseOtherImages,
} from '../plan/index.ts'
import { type Judged, judgePublished, judgeStaged } from '../promote/index.ts'
import { type ImageOutcome, type LegOutcome, unfinishedState } from '../report/index.ts'
import { formatReference } from '../registry/index.ts'
import { keptLegs } from './kept-legs.ts'
import { requireVerified } from './require-verified.ts'
import type { RunWorld } from './world/run-world.ts'
import { withoutFullStop } from '../text.ts'

/** What inspecting and promoting images needs. */
export type PromoteWorld = Omit<RunWorld, 'redact' | 'elapsed' | 'objectionTo'>

export type PromoteChoices = {
  /** Outcomes of legs in this process; the registry tells about the others */
  built: readonly LegOutcome[]
  /** Whether one image that can't be published keeps all others from being published */
  failFast: boolean
  /** Whether the plan looked up the public tags too long ago */
  lookAgain: boolean
}

type StagedLeg = Extract<Judged, { state: 'staged' }> & { platform: string }

type InspectedLeg = { outcome: LegOutcome; staged?: StagedLeg }

/** An image before any tag is created; `staged` are its judged legs. */
export type Inspected = {
  outcome: ImageOutcome
  published: Published
  staged: readonly StagedLeg[]
}

const absent = { kind: 'absent' } as const

/** Inspects an image without writing anything. */
export async function inspectImage(
  image: PlannedImage,
  plan: Plan,
  choices: PromoteChoices,
  world: PromoteWorld,
): Promise<Inspected> {
  try {
    const published = await lookUpPublished(image, plan, choices, world)
    const found = await inspectLegs(image, published, choices.built, world)
    const legs = found.map(({ outcome }) => outcome)
    const staged = found.flatMap((leg) => leg.staged ?? [])
    const state = unfinishedState(legs)
    if (state) return { outcome: { image, legs, state }, published: absent, staged }
    if (published.kind === 'absent') return { outcome: { image, legs, state: 'staged' }, published, staged }
    const tags = publicTagsOf(image.tags, published)
    const outcome = { image, legs, state: 'unchanged', digest: published.digest, tags } as const
    return { outcome, published, staged }
  } catch (error) {
    const legs = image.legs.map((leg): LegOutcome => ({ leg, state: 'skipped' }))
    const outcome: ImageOutcome = { image, legs, state: 'failed', error: sentenceOf(error) }
    return { outcome, published: absent, staged: [] }
  }
}

/** Since the plan was created, the image may have been published, or one of its tags taken. */
async function lookUpPublished(
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
  if (plan.publicTags === 'look') refuseOtherImages(image, tags)
  return publishedNow(image, tags, kept)
}

/** Judges what gets a new tag; an image that only keeps its tags may fail the rules of this run. */
async function inspectLegs(
  image: PlannedImage,
  published: Published,
  built: readonly LegOutcome[],
  world: PromoteWorld,
): Promise<InspectedLeg[]> {
  const judgeAll = (judge: (leg: PlannedLeg) => Promise<Judged>) =>
    Promise.all(image.legs.map((leg) => inspectLeg(leg, built, judge)))
  if (published.kind === 'absent')
    return judgeAll(async (leg) => {
      const { platform } = leg
      return requireVerified(
        await judgeStaged(leg, world),
        { platform, name: world.store.legs.nameOf(leg) },
        world,
      )
    })
  const { digest, missingTags } = published
  const place = { repository: image.repository, digest }
  const name = formatReference({ ...image.repository, digest })
  if (missingTags.length > 0)
    return judgeAll(async (leg) => {
      const { platform } = leg
      return requireVerified(await judgePublished(leg, place, world), { platform, name }, world)
    })
  return (await keptLegs(image, digest, built, world)).map((outcome) => ({ outcome }))
}

/** Judges a leg, unless it failed or was skipped in this process. */
async function inspectLeg(
  leg: PlannedLeg,
  built: readonly LegOutcome[],
  judge: (leg: PlannedLeg) => Promise<Judged>,
): Promise<InspectedLeg> {
  const here = built.find((outcome) => outcome.leg.id === leg.id)
  if (here?.state === 'failed' || here?.state === 'skipped') return { outcome: here }
  const judged = await judge(leg)
  const outcome = outcomeOf(leg, judged, here)
  return judged.state === 'staged' ? { outcome, staged: { ...judged, platform: leg.platform } } : { outcome }
}

/** @param here what this process built; another run may have been faster */
function outcomeOf(leg: PlannedLeg, judged: Judged, here: LegOutcome | undefined): LegOutcome {
  switch (judged.state) {
    case 'missing':
      return { leg, state: 'failed', error: judged.why, report: undefined }
    case 'other': {
      // The plan only knows that the tag exists, and calls the leg staged, whatever the tag names.
      const error = `${withoutFullStop(judged.why)}; delete this tag, or set skip-unchanged: false to replace it.`
      return { leg, state: 'failed', error, report: undefined }
    }
    case 'refused':
      return { leg, state: 'failed', error: judged.why, report: judged.report }
    case 'staged': {
      const isHere = here?.state === 'built' || here?.state === 'staged'
      if (isHere && here.report?.digest === judged.report.digest) return here
      return { leg, state: 'staged', report: judged.report }
    }
  }
}
