import { sentenceOf } from '../errors.ts'
import { notYoungerThan } from '../plan/age.ts'
import type { Plan, PlannedImage, PlannedLeg, Published } from '../plan/plan.ts'
import { lookUpTags, publicTagsOf, publishedNow, refuseOtherImages } from '../plan/published.ts'
import { readStaged, type Staged } from '../promote/staged.ts'
import type { RegistryClient } from '../registry/client.ts'
import { type LegOutcome, type ImageOutcome, unfinishedState } from '../report/outcome.ts'
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

type StagedLeg = Extract<Staged, { state: 'staged' }>

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
