import * as core from '@actions/core'
import { randomBytes } from 'node:crypto'
import pLimit from 'p-limit'
import { buildLegs } from './build-legs.ts'
import { artifactPlaces, factsPlace } from './artifact-sources.ts'
import { makesIndex } from '../buildkit/argv.ts'
import { createArtifacts } from '../leg/artifacts.ts'
import { openBuilder, type RunDocker } from '../buildkit/engine/builder.ts'
import { openDockerLogin } from '../buildkit/engine/docker-config.ts'
import { measureBase } from '../leg/measure.ts'
import { sentenceOf } from '../errors.ts'
import type { BaseFacts } from '../verify/facts.ts'
import type { Tools } from './commands.ts'
import { checkRoom } from '../buildkit/engine/check-space.ts'
import type { ImpossibleLeg } from './impossible.ts'
import type { Inputs } from '../inputs/inputs.ts'
import { createLegLog, type LegLog, legNames } from '../leg/leg-log.ts'
import type { Plan, PlannedLeg } from '../plan/plan.ts'
import type { LegOutcome } from '../report/outcome.ts'
import { removeBallast } from '../system/ballast.ts'
import { remember } from '../system/github/state.ts'
import { systemWait } from '../system/retry.ts'
import * as world from './leg-world.ts'
import type { Machine } from './machine.ts'

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
    remember('builder', '')
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
  const choices = { ...inputs, cacheRepository: plan.cacheRepository, force }
  const kept = {
    fetchSource,
    facts: factsPlace(registry, plan.cacheRepository),
    artifacts: createArtifacts(
      artifactPlaces(inputs, registry, plan.cacheRepository, machine.actionsCache),
      world.newPathIn(machine),
    ),
  }
  return buildLegs(legs, choices, {
    registry,
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
  const { keep } = factsPlace(registry, plan.cacheRepository)
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
      if (inputs.push) await keep(leg, facts, false)
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

function settingsFor(plan: Plan, { inputs, machine, secretFiles, nixl, builder }: OpenTools) {
  const options = { ...inputs.build, builder }
  const run = randomBytes(4).toString('hex')
  return world.createSettings(machine, inputs, plan.cacheRepository, options, secretFiles, nixl, run)
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

/** Before anything is pulled. @throws UserError if there is not enough room on disk */
async function haveRoom(
  legs: readonly PlannedLeg[],
  inputs: Inputs,
  builder: string,
  machine: Machine,
  docker: RunDocker,
): Promise<void> {
  const { freeDiskSpace: freed, parallel, addedBytesLimit } = inputs
  if (freed) await removeBallast('/', machine)
  const choices = { builder, parallel, addedBytesLimit, force: inputs.plan.force, freed }
  await checkRoom(legs, choices, docker, machine.log)
}

async function builderFor(
  { cacheRepository }: Plan,
  legs: readonly PlannedLeg[],
  inputs: Inputs,
  machine: Machine,
  docker: RunDocker,
) {
  const newName = `image-action-${randomBytes(4).toString('hex')}`
  // Before it is made: a cancel may come in the middle.
  remember('builder', newName)
  // Where it pulls from and pushes to, none twice: each becomes a section of its configuration.
  const bases = legs.map(({ base }) => base.repository.registry)
  const registries = [...new Set([inputs.plan.registry, cacheRepository.registry, ...bases])]
  const request = {
    named: inputs.build.builder,
    needs: {
      push: inputs.push,
      attestations: makesIndex(inputs.build, machine.environment),
      platforms: [...new Set(legs.map(({ platform }) => platform))],
    },
    buildkitImage: inputs.build.buildkitImage,
    network: inputs.build.network,
    certificates:
      inputs.caCertificates === undefined ? undefined : { file: inputs.caCertificates, registries },
    newName,
    writeFile: world.privateFileWriter(machine.workspace),
    log: core.info,
  }
  const builder = await machine.retry.run(() => openBuilder(docker, request))
  if (!builder.made) remember('builder', '')
  return builder
}
