import { sentenceOf, UserError } from '../errors.ts'
import { findImpossible, type ImpossibleLeg, leaveOut, type ObjectionWorld } from './impossible.ts'
import {
  engines,
  type Excluded,
  pendingLegs,
  type Plan,
  type PlannedImage,
  type PlannedLeg,
  withAdvice,
} from '../plan/index.ts'
import { inspect, type PromoteWorld } from './inspect-image.ts'
import { promoteImages } from './promote-images.ts'
import { checkPushAccess, type Repository } from '../registry/index.ts'
import { type ImageOutcome, type LegOutcome, type Run, unfinishedState } from '../report/index.ts'

export type RunWorld = PromoteWorld &
  ObjectionWorld & {
    /** Takes secrets out of what is shown */
    redact: (text: string) => string
    /** Milliseconds since the action began, so that a run counts what was planned and read before it, too */
    elapsed: () => number
  }

/** Builds legs of a plan, see `buildLegs`; there is at least one. */
export type Build = (legs: readonly PlannedLeg[], plan: Plan) => Promise<(LegOutcome | ImpossibleLeg)[]>

/**
 * plan → build → promote in one process: builds what is pending, and publishes what every leg of is verified.
 * @param renew measures what has to be known of bases, and gives the plan as it is then
 */
export async function runPlan(
  made: Plan,
  { push, failFast }: { push: boolean; failFast: boolean },
  world: RunWorld,
  build: Build,
  renew: (plan: Plan) => Promise<Plan> = (plan) => Promise.resolve(plan),
): Promise<Run> {
  return timed('run', made, world, async () => {
    if (push) await checkPushAccess(world.registry, repositoriesToPush(made))
    const plan = await renew(made)
    const pending = pendingLegs(plan)
    if (push && failFast && pending.length > 0 && (await refusesStaged(plan, world))) {
      const built = pending.map((leg): LegOutcome => ({ leg, state: 'skipped' }))
      const promotion = await promoteImages(plan, { built, failFast, lookAgain: false }, world)
      return { ...promotion, excluded: plan.excluded }
    }
    const { built, left, excluded } = leaveOut(plan, pending.length === 0 ? [] : await build(pending, plan))
    refuseNothing(plan, left, excluded)
    if (!push) return { outcomes: left.images.map((image) => unpublished(image, built)), excluded }
    const promotion = await promoteImages(left, { built, failFast, lookAgain: built.length > 0 }, world)
    return { ...promotion, excluded }
  })
}

/** Whether something that is there already fails by the rules of this run, so that nothing can be published whatever is built. */
async function refusesStaged(plan: Plan, world: PromoteWorld): Promise<boolean> {
  const built = pendingLegs(plan).map((leg): LegOutcome => ({ leg, state: 'skipped' }))
  const choices = { built, failFast: true, lookAgain: false }
  const inspected = await Promise.all(
    plan.images.filter(needsVerdict).map((image) => inspect(image, plan, choices, world)),
  )
  return inspected.some(({ outcome }) => outcome.state === 'failed')
}

/** Whether an image would get tags for what an earlier run has verified. */
function needsVerdict({ published, legs }: PlannedImage): boolean {
  if (published.kind === 'same') return published.missingTags.length > 0
  return legs.some(({ existing }) => existing === 'staged')
}

/** Builds one leg of a plan and stages it, for a later `promote`. */
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
    const { built, left, excluded } = leaveOut(plan, await build([leg], plan))
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
    const { built, left, excluded } = leaveOut(plan, await findImpossible(plan, world))
    refuseNothing(plan, left, excluded)
    const promotion = await promoteImages(left, { built, failFast, lookAgain: true }, world)
    return { ...promotion, excluded }
  })
}

/**
 * It did not look at what its tags name, so that nothing of it can be published, and nothing has to be staged for it.
 * @throws UserError if a plan was made without push
 */
function refuseUnpushed({ publicTags }: Plan): void {
  if (publicTags === 'ignore')
    throw new UserError(
      'The plan was made without push and did not look at what exists; make it again with push: true, or only build it, with push: false.',
    )
}

/** @throws UserError if the facts left nothing of a plan that had something */
function refuseNothing(plan: Plan, left: Plan, excluded: readonly Excluded[]): void {
  const last = excluded.at(-1)
  if (plan.images.length > 0 && left.images.length === 0 && last)
    throw new UserError(
      `Nothing that was selected can be built: as for ${engines[last.engine].title} ${last.version}, ${withAdvice(last.reason, true)}.`,
    )
}

type Ended = Pick<Run, 'outcomes' | 'excluded' | 'error'>

/** Does not throw for what a build or a registry does: the run says it. */
async function timed(
  command: Run['command'],
  { excluded }: Plan,
  { elapsed, redact }: RunWorld,
  work: () => Promise<Ended>,
): Promise<Run> {
  const { error, ...ended } = await work().catch((thrown: unknown): Ended => ({
    outcomes: [],
    excluded,
    error: sentenceOf(thrown),
  }))
  const duration = elapsed()
  return { command, ...ended, duration, ...(error !== undefined && { error: redact(error) }) }
}

function repositoriesToPush(plan: Plan): Repository[] {
  const pending = plan.images.filter(({ published }) => published.kind === 'absent')
  if (pending.length === 0) return []
  const all = [plan.cacheRepository, ...pending.map(({ repository }) => repository)]
  return [
    ...new Map(all.map((repository) => [`${repository.registry}/${repository.path}`, repository])).values(),
  ]
}

/** How an image ended that gets no public tags here. @param own the legs that this run has to do with */
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
