import { sentenceOf, UserError } from '../errors.ts'
import {
  engines,
  type Excluded,
  pendingLegs,
  type Plan,
  type PlannedImage,
  type PlannedLeg,
  withAdvice,
} from '../plan/index.ts'
import { checkPushAccess, formatRepository, type Repository } from '../registry/index.ts'
import { type ImageOutcome, type LegOutcome, type Run, unfinishedState } from '../report/index.ts'
import { findImpossible, leaveOutImpossible, type LegResult } from './impossible.ts'
import { inspectImage, type PromoteChoices } from './inspect-image.ts'
import { promoteImages } from './promote-images.ts'
import type { RunWorld } from './world/run-world.ts'

/** Builds at least one leg of a plan, see `buildLegs`. */
export type Build = (legs: readonly PlannedLeg[], plan: Plan) => Promise<LegResult[]>

/**
 * Builds what is pending in a plan, and publishes the images whose legs are all verified.
 * @param renew measures bases that must be known, and returns the plan that follows
 */
export async function runPlan(
  first: Plan,
  { push, failFast }: { push: boolean; failFast: boolean },
  world: RunWorld,
  build: Build,
  renew: (plan: Plan) => Promise<Plan> = (plan) => Promise.resolve(plan),
): Promise<Run> {
  return timed('run', first, world, async () => {
    if (push) await checkPushAccess(world.registry, repositoriesToPush(first))
    const plan = await renew(first)
    const pending = pendingLegs(plan)
    const skipped = pending.map((leg): LegOutcome => ({ leg, state: 'skipped' }))
    const unbuilt = { built: skipped, failFast, lookAgain: false }
    if (push && failFast && pending.length > 0 && (await refusesStaged(plan, unbuilt, world)))
      return { ...(await promoteImages(plan, unbuilt, world)), excluded: plan.excluded }
    const results = pending.length === 0 ? [] : await build(pending, plan)
    const { built, left, excluded } = leaveOutImpossible(plan, results)
    refuseNothing(plan, left, excluded)
    if (!push) return { outcomes: left.images.map((image) => unpublished(image, built)), excluded }
    const promotion = await promoteImages(left, { built, failFast, lookAgain: built.length > 0 }, world)
    return { ...promotion, excluded }
  })
}

/** Whether what exists fails by this run's rules, so that nothing can be published anyway. */
async function refusesStaged(plan: Plan, choices: PromoteChoices, world: RunWorld): Promise<boolean> {
  const inspected = await Promise.all(
    plan.images.filter(needsVerdict).map((image) => inspectImage(image, plan, choices, world)),
  )
  return inspected.some(({ outcome }) => outcome.state === 'failed')
}

/** Whether an image would get tags for what an earlier run verified. */
function needsVerdict({ published, legs }: PlannedImage): boolean {
  if (published.kind === 'same') return published.missingTags.length > 0
  return legs.some(({ existing }) => existing === 'staged')
}

/** Builds and stages one leg of a plan, for a later `promote`. */
export async function buildOne(
  plan: Plan,
  { image, leg }: { image: PlannedImage; leg: PlannedLeg },
  { push }: { push: boolean },
  world: RunWorld,
  build: Build,
): Promise<Run> {
  return timed('build', plan, world, async () => {
    if (push) refuseUnpushed(plan)
    if (push) await checkPushAccess(world.registry, [plan.cacheRepository])
    const { built, left, excluded } = leaveOutImpossible(plan, await build([leg], plan))
    if (!left.images.includes(image)) return { outcomes: [], excluded }
    const outcome = unpublished(image, built, [leg])
    const staged: ImageOutcome = push && outcome.state === 'built' ? { ...outcome, state: 'staged' } : outcome
    return { outcomes: [staged], excluded }
  })
}

/** Publishes a plan whose legs other runners have staged. */
export async function promotePlan(plan: Plan, failFast: boolean, world: RunWorld): Promise<Run> {
  return timed('promote', plan, world, async () => {
    refuseUnpushed(plan)
    const { built, left, excluded } = leaveOutImpossible(plan, await findImpossible(plan, world))
    refuseNothing(plan, left, excluded)
    // Before the first tag, since a run is red without its mirrors.
    await checkPushAccess(world.registry, distinct(mirrorsToPush(left)))
    const promotion = await promoteImages(left, { built, failFast, lookAgain: true }, world)
    return { ...promotion, excluded }
  })
}

/**
 * Such a plan did not check what its tags name, so it can't be published and need not be staged.
 * @throws UserError if a plan was created without push
 */
function refuseUnpushed({ publicTags }: Plan): void {
  if (publicTags === 'ignore')
    throw new UserError(
      'The plan was created with push: false, without checking what exists, and cannot be published; plan again with push: true, or build with push: false.',
    )
}

/** @throws UserError if the facts of bases left nothing of a plan that had images */
function refuseNothing(plan: Plan, left: Plan, excluded: readonly Excluded[]): void {
  const last = excluded.at(-1)
  if (plan.images.length > 0 && left.images.length === 0 && last)
    throw new UserError(
      `Nothing that was selected can be built: for ${engines[last.engine].title} ${last.version}, ${withAdvice(last.reason, true)}.`,
    )
}

type Ended = Pick<Run, 'outcomes' | 'excluded' | 'error'>

/** Failures of builds and registries are part of the run and are not thrown. */
async function timed(
  command: Run['command'],
  { excluded }: Plan,
  { elapsed, redact }: RunWorld,
  work: () => Promise<Ended>,
): Promise<Run> {
  const failed = (error: unknown): Ended => ({ outcomes: [], excluded, error: sentenceOf(error) })
  const { error, ...ended } = await work().catch(failed)
  return { command, ...ended, duration: elapsed(), ...(error !== undefined && { error: redact(error) }) }
}

function repositoriesToPush(plan: Plan): Repository[] {
  const pending = plan.images.filter(({ published }) => published.kind === 'absent')
  const own = pending.length === 0 ? [] : [plan.cacheRepository]
  return distinct([...own, ...pending.map(({ repository }) => repository), ...mirrorsToPush(plan)])
}

/** The mirrors that lack a tag, as far as the plan knows. */
function mirrorsToPush({ images }: Plan): Repository[] {
  return images.flatMap(({ published, mirrors }) =>
    mirrors.flatMap(({ repository, missingTags }) =>
      published.kind === 'absent' || missingTags.length > 0 ? [repository] : [],
    ),
  )
}

function distinct(repositories: readonly Repository[]): Repository[] {
  return [...new Map(repositories.map((one) => [formatRepository(one), one])).values()]
}

/** The outcome of an image that gets no public tags here. @param own the legs of this run */
function unpublished(
  image: PlannedImage,
  built: readonly LegOutcome[],
  own: readonly PlannedLeg[] = image.legs,
): ImageOutcome {
  const legs = own.map(
    (leg): LegOutcome => built.find((outcome) => outcome.leg.id === leg.id) ?? { leg, state: 'skipped' },
  )
  return { image, legs, state: unfinishedState(legs) ?? 'built' }
}
