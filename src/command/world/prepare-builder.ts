import { randomBytes } from 'node:crypto'
import {
  type Builder,
  checkSpace,
  openBuilder,
  producesIndex,
  type RunDocker,
  slowSecretsNotice,
} from '../../buildkit/index.ts'
import type { Inputs } from '../../inputs/index.ts'
import type { PlannedLeg } from '../../plan/index.ts'
import type { Repository } from '../../registry/index.ts'
import { remember, removeBallast, writePrivateFile } from '../../system/index.ts'
import type { Machine } from './machine.ts'

/** Frees and checks disk space before anything is pulled. @throws UserError if it is too small */
export async function prepareSpace(
  legs: readonly PlannedLeg[],
  inputs: Inputs,
  builder: Builder,
  machine: Machine,
  docker: RunDocker,
): Promise<void> {
  const { freeDiskSpace: freed, parallel, addedBytesLimit } = inputs
  if (freed) await removeBallast('/', machine)
  const choices = { builder, parallel, addedBytesLimit, force: inputs.plan.force, freed }
  await checkSpace(legs, choices, docker, machine.log)
}

/** Opens a builder for the legs: the requested one, the current one, or a temporary one. */
export async function openBuilderFor(
  cacheRepository: Repository,
  legs: readonly PlannedLeg[],
  inputs: Inputs,
  machine: Machine,
  docker: RunDocker,
) {
  const newName = `image-action-${randomBytes(4).toString('hex')}`
  // Before it is created: the run may be cancelled meanwhile.
  remember('builder', newName, machine.warn)
  // The registries that it uses, without duplicates: each becomes a section of its configuration.
  const bases = legs.map(({ base }) => base.repository.registry)
  const registries = [...new Set([inputs.plan.registry, cacheRepository.registry, ...bases])]
  const request = {
    named: inputs.build.builder,
    needs: {
      push: inputs.push,
      attestations: producesIndex(inputs.build, machine.environment),
      platforms: [...new Set(legs.map(({ platform }) => platform))],
    },
    buildkitImage: inputs.build.buildkitImage,
    network: inputs.build.network,
    certificates:
      inputs.caCertificates === undefined ? undefined : { file: inputs.caCertificates, registries },
    newName,
    writeFile: (name: string, content: string) =>
      Promise.resolve(writePrivateFile(machine.workspace, name, content)),
    log: machine.log,
  }
  const builder = await machine.retry.run(() => openBuilder(docker, request))
  if (!builder.created) remember('builder', '', machine.warn)
  // The only secret of a run that our steps mount
  const notice = inputs.packageIndex === undefined ? undefined : slowSecretsNotice(builder)
  if (notice !== undefined) machine.log(notice)
  return builder
}
