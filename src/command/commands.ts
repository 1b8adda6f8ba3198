import { join } from 'node:path'
import { UserError } from '../errors.ts'
import { checkSources } from '../leg/index.ts'
import type { Inputs } from '../inputs/index.ts'
import { createStore, type PlanPlace, readPlan, type Store } from '../store/index.ts'
import {
  buildId,
  determinantsOf,
  makePlan,
  pendingLegs,
  type Plan,
  type PlannedImage,
  type PlannedLeg,
  publicRepository,
} from '../plan/index.ts'
import type { DockerSession } from './build-with-docker.ts'
import { isPlanOutdated, unmeasuredLegs } from './nixl-of-bases.ts'
import { createPlanWorld, type KnownFacts, objectionTo, readCatalogue } from './world/plan-world.ts'
import { createOpenReader } from '../registry/index.ts'
import { askedAttestations } from '../promote/index.ts'
import { readRecipe } from './world/recipe.ts'
import type { Run } from '../report/index.ts'
import { type Build, buildOne, promotePlan, runPlan, type RunWorld } from './run.ts'
import { describePlan, type ShownPlan } from './show.ts'
import type { Machine } from './world/machine.ts'
import type { Tools } from './world/tools.ts'

/** All of the work, or one part of it. @throws UserError for what stops it before its first image */
export async function execute(
  tools: Tools,
  command: Extract<Inputs['command'], { kind: 'run' | 'build' | 'promote' }>,
): Promise<Run> {
  if (command.kind === 'build') return build(tools, command)
  if (command.kind === 'promote') return promote(tools, command)
  return run(tools)
}

/** plan → build → promote, in this process. */
async function run(tools: Tools): Promise<Run> {
  const facts: KnownFacts = { own: new Map(), read: new Set() }
  const { made } = await makeThePlan(tools, facts)
  const builder = builderOf(tools)
  let session: DockerSession | undefined
  try {
    return await runPlan(
      made,
      tools.inputs,
      worldOf(tools, made),
      (legs, plan) => (session ? session.build(plan, legs) : builder(legs, plan)),
      async (plan) => {
        const legs = unmeasuredLegs(plan, facts)
        if (legs.length === 0) return plan
        const { openDocker } = await import('./build-with-docker.ts')
        session = await openDocker(plan, pendingLegs(plan), tools)
        for (const [digest, base] of await session.measure(plan, legs)) facts.own.set(digest, base)
        if (!isPlanOutdated(plan, facts)) return plan
        tools.machine.log('The plan is made again, with what was measured in the bases.')
        return (await makeThePlan(tools, facts)).made
      },
    )
  } finally {
    await session?.close()
  }
}

/** What there is to build, kept for `build` and `promote`. */
export async function makeAndStorePlan(tools: Tools): Promise<ShownPlan> {
  const { made, warnings } = await makeThePlan(tools)
  const { workspace, redact, log } = tools.machine
  const stored = await createStore(tools.registry, made.cacheRepository).plans.write(
    made,
    join(workspace.root, 'plan.json'),
    redact,
  )
  log(`The plan is ${stored.reference}`)
  if (stored.why !== undefined) log(`It is a file on this runner only: ${stored.why}`)
  return { plan: made, stored, warnings }
}

/** The catalogue as tables. */
export async function historyTables({ machine }: Tools): Promise<string> {
  const { renderHistory } = await import('../report/history.ts')
  return renderHistory(readCatalogue(machine.dockerfiles))
}

/** One leg of a plan that another runner has made. */
async function build(
  tools: Tools,
  { plan: place, leg: id }: Extract<Inputs['command'], { kind: 'build' }>,
): Promise<Run> {
  const loaded = await takePlan(tools, place)
  const planned = findLeg(loaded, id)
  refuseOtherRecipe(planned.leg, tools.machine)
  return buildOne(loaded, planned, tools.inputs, worldOf(tools, loaded), builderOf(tools))
}

/** The public tags of a plan whose legs other runners have staged. Needs no Docker. */
async function promote(
  tools: Tools,
  { plan: place }: Extract<Inputs['command'], { kind: 'promote' }>,
): Promise<Run> {
  const loaded = await takePlan(tools, place)
  return promotePlan(loaded, tools.inputs.failFast, worldOf(tools, loaded))
}

function worldOf(
  { inputs: rules, registry, nixl, machine: { dockerfiles, log, signal, redact, timers, started } }: Tools,
  { cacheRepository }: Plan,
): RunWorld {
  const store = createStore(registry, cacheRepository)
  const stored = new Map<string, ReturnType<Store['facts']['read']>>()
  const objection = async (leg: PlannedLeg): Promise<string | undefined> => {
    const { manifestDigest } = leg.base
    const answer = stored.get(manifestDigest) ?? store.facts.read(leg.base)
    stored.set(manifestDigest, answer)
    const facts = await answer
    return facts && objectionTo(leg, facts, { catalogue: readCatalogue(dockerfiles), nixl })
  }
  const attestations = askedAttestations(rules.build)
  const elapsed = (): number => timers.now() - started
  return { registry, store, rules, attestations, log, signal, redact, elapsed, objectionTo: objection }
}

/** What builds is loaded when there is something to build. */
function builderOf(tools: Tools): Build {
  return async (legs, plan) => {
    const { buildWithDocker } = await import('./build-with-docker.ts')
    return buildWithDocker(plan, legs, tools)
  }
}

async function makeThePlan(tools: Tools, facts?: KnownFacts): Promise<{ made: Plan; warnings: string[] }> {
  const { inputs, machine, registry, git, nixl, fetchSource } = tools
  const { engines, cacheRepository } = inputs.plan
  const own = [cacheRepository, ...engines.map(({ engine }) => publicRepository(inputs.plan, engine))]
  if (inputs.push) registry.pushesTo(own)
  const warnings: string[] = []
  const reader = createOpenReader(registry, own, (warning) => warnings.push(warning))
  const made = await makePlan(inputs.plan, createPlanWorld(inputs, machine, reader, git, nixl, facts))
  await checkSources(made, fetchSource)
  for (const line of describePlan(made, inputs.push)) machine.log(line)
  for (const warning of warnings.sort()) machine.log(warning)
  return { made, warnings }
}

/** A plan that was made elsewhere. It alone says where its images and legs are pushed to. */
async function takePlan({ inputs, registry }: Tools, place: PlanPlace): Promise<Plan> {
  const loaded = await readPlan(registry, place)
  refuseOtherRegistry(loaded, inputs)
  const published = loaded.images.map(({ repository }) => repository)
  if (inputs.push) registry.pushesTo([loaded.cacheRepository, ...published])
  return loaded
}

function findLeg({ images }: Plan, id: string): { image: PlannedImage; leg: PlannedLeg } {
  for (const image of images) for (const leg of image.legs) if (leg.id === id) return { image, leg }
  const legs = images.flatMap((image) => image.legs.map((leg) => leg.id))
  throw new UserError(`leg: the plan has no "${id}"; it has ${legs.slice(0, 10).join(', ')}.`)
}

/** Credentials are for one registry, and a plan must not lead them to another. */
function refuseOtherRegistry({ images }: Plan, { plan: { registry } }: Inputs): void {
  const other = images.find(({ repository }) => repository.registry !== registry)?.repository.registry
  if (other !== undefined)
    throw new UserError(
      `registry: the plan publishes to ${other}, and ${registry} was given; give the same to plan, build and promote.`,
    )
}

/** The plan says what is built, and this checkout how: together they must give what was planned. */
function refuseOtherRecipe(leg: PlannedLeg, { dockerfiles }: Pick<Machine, 'dockerfiles'>): void {
  if (buildId(determinantsOf(leg, readRecipe(dockerfiles, leg.engine))) !== leg.buildId)
    throw new UserError(
      `${leg.id} does not have the build id that it was planned with: the plan was changed, or another version of the action made it; use one version for plan, build and promote.`,
    )
}
