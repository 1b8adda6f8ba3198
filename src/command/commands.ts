import { join } from 'node:path'
import { UserError } from '../errors.ts'
import type { Inputs } from '../inputs/index.ts'
import { checkSources } from '../leg/index.ts'
import {
  buildId,
  copyWarning,
  determinantsOf,
  makePlan,
  ownRepositories,
  pendingLegs,
  type Plan,
  type PlannedImage,
  type PlannedLeg,
} from '../plan/index.ts'
import { createOpenReader } from '../registry/index.ts'
import type { Run } from '../report/index.ts'
import { createStore, type PlanPlace, readPlan, type Store } from '../store/index.ts'
import type { DockerSession } from './build-with-docker.ts'
import { refuseOtherMirrors, refuseOtherRegistry } from './check-plan.ts'
import { isPlanOutdated, unmeasuredLegs } from './nixl-of-bases.ts'
import { type Build, buildOne, promotePlan, runPlan } from './run.ts'
import { describePlan, type ShownPlan } from './show.ts'
import { createPlanWorld, type KnownFacts, readCatalogue } from './world/plan-world.ts'
import { readRecipe } from './world/recipe.ts'
import { measuringScripts } from './world/measuring-scripts.ts'
import { createRunWorld } from './world/run-world.ts'
import type { CommandTools } from './world/tools.ts'

type Command = Extract<Inputs['command'], { kind: 'run' | 'build' | 'promote' }>

/** Runs all of the work or one part. @throws UserError if it stops before its first image */
export async function execute(tools: CommandTools, command: Command): Promise<Run> {
  if (command.kind === 'run') return runAll(tools)
  const plan = await loadPlan(tools, command.plan)
  if (command.kind === 'promote') {
    refuseOtherMirrors(plan, tools.inputs.plan)
    tools.registry.pushesTo(plan.images.flatMap(({ mirrors }) => mirrors.map(({ repository }) => repository)))
    const verifiedBy = command.requireVerified ? measuringScripts(tools.machine.dockerfiles) : undefined
    return promotePlan(plan, tools.inputs.failFast, { ...createRunWorld(tools, plan), verifiedBy })
  }
  const planned = findLeg(plan, command.leg)
  refuseOtherRecipe(planned.leg, tools)
  const world = createRunWorld(tools, plan)
  return buildOne(plan, planned, tools.inputs, world, builderOf(tools, world.store))
}

/** Plans, builds and promotes in this process. */
async function runAll(tools: CommandTools): Promise<Run> {
  const facts: KnownFacts = { own: new Map(), read: new Set() }
  const { plan: first } = await createPlan(tools, facts)
  const world = createRunWorld(tools, first)
  const buildAlone = builderOf(tools, world.store)
  let session: DockerSession | undefined
  try {
    return await runPlan(
      first,
      tools.inputs,
      world,
      (legs, plan) => (session ? session.build(plan, legs) : buildAlone(legs, plan)),
      async (plan) => {
        const legs = unmeasuredLegs(plan, facts)
        if (legs.length === 0) return plan
        const { openDocker } = await import('./build-with-docker.ts')
        session = await openDocker(pendingLegs(plan), tools, world.store)
        for (const [digest, base] of await session.measure(plan, legs)) facts.own.set(digest, base)
        if (!isPlanOutdated(plan, facts)) return plan
        tools.machine.log('Planning again, with what was measured in the bases.')
        return (await createPlan(tools, facts)).plan
      },
    )
  } finally {
    await session?.close()
  }
}

/** Plans, and stores the plan for `build` and `promote`. */
export async function createAndStorePlan(tools: CommandTools): Promise<ShownPlan> {
  const { plan, warnings } = await createPlan(tools)
  const { workspace, redact, log } = tools.machine
  const { plans } = createStore(tools.registry, plan.cacheRepository)
  const stored = await plans.write(plan, join(workspace.root, 'plan.json'), redact)
  log(`The plan is ${stored.reference}`)
  if (stored.why !== undefined) log(`It is a file on this runner only: ${stored.why}`)
  return { plan, stored, warnings }
}

/** @returns the catalogue as tables, in Markdown */
export async function historyTables({ machine }: CommandTools): Promise<string> {
  const { renderHistory } = await import('../report/history.ts')
  return renderHistory(readCatalogue(machine.dockerfiles))
}

/** What builds is loaded only when there is something to build. */
function builderOf(tools: CommandTools, store: Store): Build {
  return async (legs, plan) => {
    const { buildWithDocker } = await import('./build-with-docker.ts')
    return buildWithDocker(plan, legs, tools, store)
  }
}

async function createPlan(
  { inputs, machine, registry, git, nixl, fetchSource }: CommandTools,
  facts?: KnownFacts,
): Promise<{ plan: Plan; warnings: string[] }> {
  const own = ownRepositories(inputs.plan)
  if (inputs.push) registry.pushesTo(own)
  const warnings: string[] = []
  const reader = createOpenReader(registry, own, (warning) => warnings.push(warning))
  const plan = await makePlan(inputs.plan, createPlanWorld(inputs, machine, reader, git, nixl, facts))
  await checkSources(plan, fetchSource)
  const bases = plan.images.flatMap(({ legs }) => legs.map(({ base }) => base))
  warnings.push(...new Set(bases.flatMap((base) => copyWarning(base) ?? [])))
  for (const line of [...describePlan(plan, inputs.push), ...warnings.sort()]) machine.log(line)
  return { plan, warnings }
}

/** Loads a plan from elsewhere. It alone tells where in the registry its images and legs are pushed. */
async function loadPlan({ inputs, registry }: CommandTools, place: PlanPlace): Promise<Plan> {
  const plan = await readPlan(registry, place)
  refuseOtherRegistry(plan, inputs.plan)
  if (inputs.push)
    registry.pushesTo([plan.cacheRepository, ...plan.images.map(({ repository }) => repository)])
  return plan
}

function findLeg({ images }: Plan, id: string): { image: PlannedImage; leg: PlannedLeg } {
  for (const image of images) for (const leg of image.legs) if (leg.id === id) return { image, leg }
  const legs = images.flatMap((image) => image.legs.map((leg) => leg.id))
  throw new UserError(`leg: the plan has no "${id}"; it has ${legs.slice(0, 10).join(', ')}.`)
}

/** The plan tells what to build, this checkout how: together they must give the planned id. */
function refuseOtherRecipe(leg: PlannedLeg, { machine }: CommandTools): void {
  if (buildId(determinantsOf(leg, readRecipe(machine.dockerfiles, leg.engine))) !== leg.buildId)
    throw new UserError(
      `${leg.id} does not have the build id that it was planned with: the plan was changed, or created by another version of the action; use one version for plan, build and promote.`,
    )
}
