import * as core from '@actions/core'
import { randomBytes } from 'node:crypto'
import { buildLegs } from './build-legs.ts'
import { artifactPlaces, factsPlace } from './artifact-places.ts'
import { makesIndex } from '../build/argv.ts'
import { createArtifacts } from '../build/artifacts.ts'
import { openBuilder, type RunDocker } from '../build/builder.ts'
import { openDockerLogin } from '../build/docker-config.ts'
import type { Tools } from './commands.ts'
import { checkRoom } from './check-room.ts'
import type { ImpossibleLeg } from './impossible.ts'
import type { Inputs } from '../inputs/inputs.ts'
import { createLegLog, legNames } from './leg-log.ts'
import type { Plan, PlannedLeg } from '../plan/plan.ts'
import type { LegOutcome } from '../report/outcome.ts'
import { removeBallast } from '../edge/ballast.ts'
import { remember } from '../edge/state.ts'
import { systemWait } from '../retry.ts'
import * as world from './leg-world.ts'
import type { Machine } from '../edge/machine.ts'

/** Builds legs with docker: has a login and a builder ready for as long as that takes. */
export async function buildWithDocker(
  plan: Plan,
  legs: readonly PlannedLeg[],
  { inputs, machine: runner, registry, secretFiles, nixl, fetchSource }: Tools,
): Promise<(LegOutcome | ImpossibleLeg)[]> {
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
  try {
    await haveRoom(legs, inputs, builder.name, machine, docker)
    const options = { ...inputs.build, builder: builder.name }
    const run = randomBytes(4).toString('hex')
    const settingsOf = world.createSettings(
      machine,
      inputs,
      plan.cacheRepository,
      options,
      secretFiles,
      nixl,
      run,
    )
    const names = legNames(plan)
    const nameOf = (leg: PlannedLeg): string => names.get(leg.id) ?? leg.id
    const sideBySide = inputs.parallel > 1 && legs.length > 1
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
    return await buildLegs(legs, choices, {
      registry,
      legLog: (leg) => createLegLog(nameOf(leg), sideBySide, machine.log),
      legWorld: (_, log) => ({ ...world.createLegWorld(machine, docker, registry, log), ...kept }),
      settingsOf,
      commandOf: world.createCommand(plan, settingsOf, secretFiles),
      redact: machine.redact,
      settle: () => systemWait(machine.waits.settle, machine.signal),
    })
  } finally {
    // After a cancel there is no time for it, and `post` does it.
    if (builder.made && !machine.signal.aborted) {
      await builder.remove()
      remember('builder', '')
    }
  }
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
