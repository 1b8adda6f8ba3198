import { randomBytes } from 'node:crypto'
import pLimit from 'p-limit'
import { buildLegs } from './build-legs.ts'
import { openDockerLogin, type RunDocker } from '../buildkit/index.ts'
import {
  artifactPlaces,
  createArtifacts,
  createLegLog,
  type LegLog,
  legNames,
  measureBase,
} from '../leg/index.ts'
import { sentenceOf } from '../errors.ts'
import type { BaseFacts } from '../verify/index.ts'
import type { Tools } from './world/tools.ts'
import type { ImpossibleLeg } from './impossible.ts'
import type { Plan, PlannedLeg } from '../plan/index.ts'
import type { LegOutcome } from '../report/index.ts'
import { createStore } from '../store/index.ts'
import { remember, systemWait } from '../system/index.ts'
import * as world from './world/leg-world.ts'
import { builderFor, haveRoom } from './world/prepare-builder.ts'

/** A login and a builder, ready for what is to be built. */
export type DockerSession = {
  /** Measures the base of each leg, and stores the facts where this run pushes. One that can't be measured is left to its legs. */
  measure: (plan: Plan, legs: readonly PlannedLeg[]) => Promise<Map<string, BaseFacts>>
  /** There is at least one leg; their bases and platforms are among those for which the session was opened. */
  build: (plan: Plan, legs: readonly PlannedLeg[]) => Promise<(LegOutcome | ImpossibleLeg)[]>
  close: () => Promise<void>
}

/** Builds legs with docker. */
export async function buildWithDocker(
  plan: Plan,
  legs: readonly PlannedLeg[],
  tools: Tools,
): Promise<(LegOutcome | ImpossibleLeg)[]> {
  const session = await openDocker(plan, legs, tools)
  try {
    return await session.build(plan, legs)
  } finally {
    await session.close()
  }
}

/** @param legs all that may be built. @throws UserError if there is no builder for them, or not enough room on disk */
export async function openDocker(
  plan: Plan,
  legs: readonly PlannedLeg[],
  tools: Tools,
): Promise<DockerSession> {
  const { inputs, machine: runner } = tools
  const login = inputs.login && { registry: inputs.plan.registry, ...inputs.login }
  const { environment } = await openDockerLogin(
    login,
    runner.environment,
    runner.workspace.private,
    inputs.proxies,
  )
  const machine = { ...runner, environment }
  const docker = world.createDocker(machine)
  const builder = await builderFor(plan, legs, inputs, machine, docker)
  const close = async (): Promise<void> => {
    // After a cancel there is no time for it, and `post` does it.
    if (!builder.made || machine.signal.aborted) return
    await builder.remove()
    remember('builder', '', machine.warn)
  }
  try {
    await haveRoom(legs, inputs, builder.name, machine, docker)
  } catch (error) {
    await close()
    throw error
  }
  const open = { ...tools, machine, docker, builder: builder.name }
  return {
    measure: (of, some) => measureBases(of, some, open),
    build: (of, some) => buildAll(of, some, open),
    close,
  }
}

type OpenTools = Tools & { docker: RunDocker; builder: string }

async function buildAll(
  plan: Plan,
  legs: readonly PlannedLeg[],
  tools: OpenTools,
): Promise<(LegOutcome | ImpossibleLeg)[]> {
  const { inputs, machine, registry, secretFiles, fetchSource, docker } = tools
  const settingsOf = settingsFor(plan, tools)
  const force = plan.images.some(({ cause }) => cause.kind === 'forced')
  const choices = { ...inputs, force }
  const store = createStore(registry, plan.cacheRepository)
  const kept = {
    fetchSource,
    facts: store.facts,
    artifacts: createArtifacts(
      artifactPlaces({ ...inputs.build, push: inputs.push }, store.artifacts, machine.actionsCache),
      world.newPathIn(machine),
    ),
  }
  return buildLegs(legs, choices, {
    registry,
    store,
    legLog: logsFor(plan, legs, tools),
    legWorld: (_, log) => ({ ...world.createLegWorld(machine, docker, registry, log), ...kept }),
    settingsOf,
    commandOf: world.createCommand(plan, settingsOf, secretFiles),
    redact: machine.redact,
    settle: () => systemWait(machine.waits.settle, machine.signal),
  })
}

async function measureBases(
  plan: Plan,
  legs: readonly PlannedLeg[],
  tools: OpenTools,
): Promise<Map<string, BaseFacts>> {
  const { inputs, machine, registry, docker } = tools
  const settingsOf = settingsFor(plan, tools)
  const logOf = logsFor(plan, legs, tools)
  const { facts: stored } = createStore(registry, plan.cacheRepository)
  const limit = pLimit(inputs.parallel)
  const measured = new Map<string, BaseFacts>()
  const measure = async (leg: PlannedLeg): Promise<void> => {
    const log = logOf(leg)
    try {
      const facts = await measureBase(
        leg,
        settingsOf(leg).call,
        world.createLegWorld(machine, docker, registry, log),
        [],
      )
      measured.set(leg.base.manifestDigest, facts)
      if (inputs.push) await stored.write(leg.base, facts)
    } catch (error) {
      if (machine.signal.aborted) throw error
      // Its leg comes to the same, and has a place in the report where to say so.
      log.say(`${log.name}: ${machine.redact(sentenceOf(error))}`)
    } finally {
      log.end()
    }
  }
  await Promise.all(legs.map((leg) => limit(measure, leg)))
  return measured
}

function settingsFor(plan: Plan, { inputs, machine, registry, secretFiles, nixl, builder }: OpenTools) {
  const options = { ...inputs.build, builder }
  const run = randomBytes(4).toString('hex')
  return world.createSettings(
    machine,
    inputs,
    createStore(registry, plan.cacheRepository),
    options,
    secretFiles,
    nixl,
    run,
  )
}

function logsFor(
  plan: Plan,
  legs: readonly PlannedLeg[],
  { inputs, machine }: OpenTools,
): (leg: PlannedLeg) => LegLog {
  const names = legNames(plan)
  const sideBySide = inputs.parallel > 1 && legs.length > 1
  return (leg) => createLegLog(names.get(leg.id) ?? leg.id, sideBySide, machine.log)
}
