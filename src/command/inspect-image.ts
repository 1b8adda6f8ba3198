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
import { type AskedAttestations, type Judged, judgePublished, judgeStaged } from '../promote/index.ts'
import type { Digest, RegistryClient } from '../registry/index.ts'
import { type ImageOutcome, type LegOutcome, unfinishedState } from '../report/index.ts'
import type { Store } from '../store/index.ts'
import type { Rules } from '../verify/index.ts'
import { keptLegs } from './kept-legs.ts'
import { withoutFullStop } from '../text.ts'

export type PromoteWorld = {
  registry: RegistryClient
  /** Where the legs of the plan are staged */
  store: Store
  /** By which everything is judged that gets a tag, whoever built it */
  rules: Rules
  /** Which attestations everything has to have that gets a tag */
  attestations: AskedAttestations
  log: (line: string) => void
  signal: AbortSignal
}

export type PromoteChoices = {
  /** Legs that this process had to do with; the registry says how the others are */
  built: readonly LegOutcome[]
  /** Whether one image that can't be published keeps all others from it */
  failFast: boolean
  /** Whether it is long ago that the plan looked at the public tags */
  lookAgain: boolean
}

type StagedLeg = Extract<Judged, { state: 'staged' }>

/** What an image is before any tag is made; `staged` are its legs in the cache repository. */
export type Inspected = {
  outcome: ImageOutcome
  published: Published
  staged: readonly (StagedLeg & { platform: string })[]
}

/** Looks at one image; nothing is written. */
export async function inspect(
  image: PlannedImage,
  plan: Plan,
  choices: PromoteChoices,
  world: PromoteWorld,
): Promise<Inspected> {
  const nothing = { published: { kind: 'absent' }, staged: [] } as const
  try {
    const published = await publishedBy(image, plan, choices, world)
    if (published.kind === 'absent') return await withStaged(image, choices, world)
    const { digest, missingTags } = published
    const legs =
      missingTags.length === 0
        ? await keptLegs(image, digest, choices.built, world)
        : await Promise.all(image.legs.map((leg) => retaggedLeg(leg, image, digest, choices, world)))
    const state = unfinishedState(legs)
    if (state) return { outcome: { image, legs, state }, ...nothing }
    const tags = publicTagsOf(image.tags, published)
    return { outcome: { image, legs, state: 'unchanged', digest, tags }, published, staged: [] }
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

async function withStaged(
  image: PlannedImage,
  choices: PromoteChoices,
  world: PromoteWorld,
): Promise<Inspected> {
  const found = await Promise.all(image.legs.map((leg) => inspectLeg(leg, choices, world)))
  const legs = found.map(({ outcome }) => outcome)
  const staged = found.flatMap((one) => one.staged ?? [])
  const state = unfinishedState(legs) ?? 'staged'
  return { outcome: { image, legs, state }, published: { kind: 'absent' }, staged }
}

type InspectedLeg = { outcome: LegOutcome; staged?: StagedLeg & { platform: string } }

async function inspectLeg(
  leg: PlannedLeg,
  choices: PromoteChoices,
  world: PromoteWorld,
): Promise<InspectedLeg> {
  const here = choices.built.find((outcome) => outcome.leg.id === leg.id)
  if (here?.state === 'failed' || here?.state === 'skipped') return { outcome: here }
  const judged = await judgeStaged(leg, world)
  const outcome = outcomeOf(leg, judged, here)
  return judged.state === 'staged' ? { outcome, staged: { ...judged, platform: leg.platform } } : { outcome }
}

/** A tag that is new is given to nothing that this run would not let through. */
async function retaggedLeg(
  leg: PlannedLeg,
  { repository }: PlannedImage,
  digest: Digest,
  { built }: PromoteChoices,
  world: PromoteWorld,
): Promise<LegOutcome> {
  const here = built.find((outcome) => outcome.leg.id === leg.id)
  if (here?.state === 'failed' || here?.state === 'skipped') return here
  return outcomeOf(leg, await judgePublished(leg, { repository, digest }, world), here)
}

/** @param here what this process has built, which need not be what is there: another run may have been faster */
function outcomeOf(leg: PlannedLeg, judged: Judged, here: LegOutcome | undefined): LegOutcome {
  switch (judged.state) {
    case 'missing':
    case 'other':
      return { leg, state: 'failed', error: withAdvice(judged), report: undefined }
    case 'refused':
      return { leg, state: 'failed', error: judged.why, report: judged.report }
    case 'staged': {
      const isHere = here?.state === 'built' || here?.state === 'staged'
      if (isHere && here.report?.digest === judged.report.digest) return here
      return { leg, state: 'staged', report: judged.report }
    }
  }
}

/** A plan only knows that there is such a tag, and so calls the leg staged, whatever the tag names. */
function withAdvice({ state, why }: { state: 'missing' | 'other'; why: string }): string {
  if (state === 'missing') return why
  return `${withoutFullStop(why)}; delete this tag, or set skip-unchanged: false to replace it.`
}
