import { randomBytes } from 'node:crypto'
import pLimit from 'p-limit'
import { dockerEnvironment, type RunDocker } from '../buildkit/index.ts'
import { sentenceOf } from '../errors.ts'
import {
  artifactSources,
  createArtifacts,
  createLegLog,
  type LegLog,
  legNames,
  type LegSettings,
  measureBase,
  createCompiledSources,
} from '../leg/index.ts'
import type { Plan, PlannedLeg } from '../plan/index.ts'
import type { Store } from '../store/index.ts'
import { remember, systemWait } from '../system/index.ts'
import type { BaseFacts, LegFacts } from '../verify/index.ts'
import { buildLegs } from './build-legs.ts'
import type { LegResult } from './impossible.ts'
import { type ExistingImage, measureWithDocker } from './measure-existing.ts'
import { createCommand, createDocker, createLegWorld, createSettings, newPathIn } from './world/leg-world.ts'
import { copyExtraFiles } from './world/extra-files.ts'
import type { Machine } from './world/machine.ts'
import { openBuilderFor, prepareSpace } from './world/prepare-builder.ts'
import type { CommandTools } from './world/tools.ts'

/** A login and a builder, ready for the legs that they were opened for. */
export type DockerSession = {
  /** With the environment in which docker has the login */
  machine: Machine
  /** Measures an image that exists. */
  measureExisting: (existing: ExistingImage) => Promise<LegFacts>
  /** Measures bases, and stores the facts if this run pushes. A failing base is left to its leg. */
  measure: (plan: Plan, legs: readonly PlannedLeg[]) => Promise<Map<string, BaseFacts>>
  /** Builds at least one leg. */
  build: (plan: Plan, legs: readonly PlannedLeg[]) => Promise<LegResult[]>
  close: () => Promise<void>
}

/** Builds legs with docker, in a session of their own. */
export async function buildWithDocker(
  plan: Plan,
  legs: readonly PlannedLeg[],
  tools: CommandTools,
  store: Store,
): Promise<LegResult[]> {
  const session = await openDocker(legs, tools, store)
  try {
    return await session.build(plan, legs)
  } finally {
    await session.close()
  }
}

/** @param legs all that may be built. @throws UserError if a builder or disk space is missing */
export async function openDocker(
  legs: readonly PlannedLeg[],
  tools: CommandTools,
  store: Store,
): Promise<DockerSession> {
  const { inputs } = tools
  const { environment: given, workspace } = tools.machine
  const extraFiles = copyExtraFiles(legs, inputs, workspace)
  const login = inputs.login && { registry: inputs.plan.registry, ...inputs.login }
  const environment = await dockerEnvironment(login, given, workspace.private, inputs.proxies)
  const machine = { ...tools.machine, environment }
  const docker = createDocker(machine)
  const builder = await openBuilderFor(store.repository, legs, inputs, machine, docker)
  const close = async (): Promise<void> => {
    // After a cancel there is no time, and `post` removes it.
    if (!builder.created || machine.signal.aborted) return
    await builder.remove()
    remember('builder', '', machine.warn)
  }
  try {
    await prepareSpace(legs, inputs, builder, machine, docker)
  } catch (error) {
    await close()
    throw error
  }
  const run = randomBytes(4).toString('hex')
  const options = { ...inputs.build, builder: builder.name }
  const settingsOf = createSettings({ ...tools, machine, extraFiles }, store, options, run)
  const session = { ...tools, machine, docker, store, settingsOf }
  return {
    machine,
    measureExisting: (existing) => measureWithDocker(existing, session),
    measure: (plan, some) => measureBases(plan, some, session),
    build: (plan, some) => buildAll(plan, some, session),
    close,
  }
}

type SessionTools = CommandTools & {
  docker: RunDocker
  store: Store
  settingsOf: (leg: PlannedLeg) => LegSettings
}

async function buildAll(plan: Plan, legs: readonly PlannedLeg[], tools: SessionTools): Promise<LegResult[]> {
  const { inputs, machine, registry, secretFiles, git, fetchSource, docker, store, settingsOf } = tools
  const choices = { ...inputs.build, push: inputs.push }
  const places = artifactSources(choices, store.artifacts, machine.actionsCache)
  const stored = { facts: store.facts, artifacts: createArtifacts(places, newPathIn(machine)) }
  const sources = { fetchSource, compiledSources: createCompiledSources(git) }
  const force = plan.images.some(({ cause }) => cause.kind === 'forced')
  return buildLegs(
    legs,
    { ...inputs, force },
    {
      registry,
      store,
      legLog: logsFor(plan, legs, tools),
      legWorld: (_, log) => ({ ...createLegWorld(machine, docker, registry, log), ...sources, ...stored }),
      settingsOf,
      commandOf: createCommand(plan, settingsOf, secretFiles),
      redact: machine.redact,
      awaitOtherRuns: () => systemWait(machine.waits.settle, machine.signal),
    },
  )
}

async function measureBases(
  plan: Plan,
  legs: readonly PlannedLeg[],
  tools: SessionTools,
): Promise<Map<string, BaseFacts>> {
  const { inputs, machine, registry, docker, store, settingsOf } = tools
  const logOf = logsFor(plan, legs, tools)
  const limit = pLimit(inputs.parallel)
  const measured = new Map<string, BaseFacts>()
  const measure = async (leg: PlannedLeg): Promise<void> => {
    const log = logOf(leg)
    try {
      const world = createLegWorld(machine, docker, registry, log)
      const facts = await measureBase(leg, settingsOf(leg).call, world)
      measured.set(leg.base.manifestDigest, facts)
      if (inputs.push) await store.facts.write(leg.base, facts)
    } catch (error) {
      if (machine.signal.aborted) throw error
      // The leg will fail in the same way, and its report says so.
      log.say(`${log.name}: ${machine.redact(sentenceOf(error))}`)
    } finally {
      log.end()
    }
  }
  await Promise.all(legs.map((leg) => limit(measure, leg)))
  return measured
}

function logsFor(
  plan: Plan,
  legs: readonly PlannedLeg[],
  { inputs, machine }: CommandTools,
): (leg: PlannedLeg) => LegLog {
  const names = legNames(plan)
  const inParallel = inputs.parallel > 1 && legs.length > 1
  return (leg) => createLegLog(names.get(leg.id) ?? leg.id, inParallel, machine.log)
}
