import { mkdtempSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type BuildCall,
  type BuildOptions,
  buildxArguments,
  compressionOf,
  makesIndex,
  runBuild,
  type RunDocker,
} from '../../buildkit/index.ts'
import {
  isReachableInBuild,
  type LegLog,
  type LegSettings,
  type LegWorld,
  reproduceCommand,
  sourcesOf,
} from '../../leg/index.ts'
import { runProcess } from '../../system/index.ts'
import { UserError } from '../../errors.ts'
import { dockerfileOf } from './recipe.ts'
import type { Inputs } from '../../inputs/index.ts'
import { whyOutdated } from '../nixl-of-bases.ts'
import type { Machine } from './machine.ts'
import { engines, type Leg, type NixlIndex, type Plan, type PlannedLeg } from '../../plan/index.ts'
import { readStageRecipes } from './recipe.ts'
import type { Store } from '../../store/index.ts'
import { objectionTo, readCatalogue } from './plan-world.ts'
import {
  familiarReference,
  type ImageConfig,
  parseImageConfig,
  type RegistryClient,
} from '../../registry/index.ts'

/** Milliseconds between SIGINT and SIGKILL: a runner leaves 7.5 s before it gets rough itself. */
const killAfter = 4000

/** @returns docker as a function; a signal that ended it is code 1 */
export function createDocker({ environment, signal }: Pick<Machine, 'environment' | 'signal'>): RunDocker {
  return async (args) => {
    const { exit, endedBy, stdout, stderr } = await runProcess('docker', args, {
      environment,
      signal,
      killAfter,
    })
    if (endedBy === 'abort') throw new UserError('Cancelled.')
    return { code: exit.kind === 'code' ? exit.code : 1, stdout, stderr }
  }
}

/** @returns a function that gives a path in a new folder */
export function newPathIn({ workspace }: Pick<Machine, 'workspace'>): (name: string) => string {
  return (name) => join(mkdtempSync(join(workspace.root, 'build-')), name)
}

export function createLegWorld(
  machine: Machine,
  docker: RunDocker,
  registry: RegistryClient,
  log: LegLog,
): Omit<LegWorld, 'facts' | 'artifacts' | 'fetchSource'> {
  const told = new Set<string>()
  return {
    registry,
    build: async (call, leg) => {
      const end = log.step(stepTitle(call.output))
      try {
        return await build(machine, call, leg, log, told)
      } finally {
        end()
      }
    },
    newPath: newPathIn(machine),
    readText: (path) => readFile(path, 'utf8'),
    inspectImage: (reference) => inspectImage(docker, reference),
    // Other drivers have none, and then there is nothing to remove.
    forgetImage: async (reference) => {
      await docker(['image', 'rm', '--', reference])
    },
  }
}

/** What a call to BuildKit is for. The two compilers, which may run at the same time, have one name. */
function stepTitle(output: BuildCall['output']): string {
  switch (output.kind) {
    case 'facts':
      return 'measure the base'
    case 'wheel':
    case 'ucx':
      return 'compile'
    case 'report':
      return 'measure what would be the image'
    case 'image':
      return output.push ? 'make the image and push it' : 'make the image'
  }
}

async function build(
  { environment, signal, workspace, redact, timers, retry, waits }: Machine,
  call: BuildCall,
  leg: Leg,
  { name, print }: LegLog,
  told: Set<string>,
) {
  const request = {
    argv: buildxArguments(call),
    metadataFile: call.output.kind === 'image' ? call.output.metadataFile : undefined,
    environment,
    signal,
    logFile: join(workspace.logs, `${leg.id}.log`),
    name,
    print,
    told,
    timers,
    killAfter,
    quiet: waits.build,
    redact,
  }
  // What was built before an error is in BuildKit's cache; what it printed stays in the log.
  const { steps, metadata } = await retry.run(() => runBuild(request))
  return { steps, digest: metadata?.digest }
}

async function inspectImage(docker: RunDocker, reference: string): Promise<ImageConfig | undefined> {
  const { code, stdout } = await docker(['image', 'inspect', '--format', '{{json .}}', '--', reference])
  if (code !== 0) return undefined
  const { Os: os, Architecture: architecture, Config: config } = JSON.parse(stdout) as Record<string, unknown>
  return parseImageConfig(Buffer.from(JSON.stringify({ os, architecture, config })), reference)
}

/** How each leg is built. @param run tells this run's candidates from those of others, 8 hexadecimal digits */
export function createSettings(
  machine: Pick<Machine, 'dockerfiles' | 'environment' | 'workspace'>,
  inputs: Inputs,
  store: Store,
  options: BuildOptions,
  secrets: ReadonlyMap<string, string>,
  nixl: NixlIndex,
  run: string,
) {
  const judging = { catalogue: readCatalogue(machine.dockerfiles), nixl }
  return (leg: PlannedLeg): LegSettings => ({
    call: {
      options,
      context: machine.dockerfiles,
      dockerfile: dockerfileOf(machine, leg),
      // Git has it on the runner, and what is built need not see it.
      secrets: new Map([...secrets].filter(([id]) => id !== 'git-credentials')),
      newerThan: leg.newerThan ?? undefined,
    },
    layerCache: options.cache === 'off' ? undefined : store.layers.of(leg.base, inputs.push),
    candidate: store.legs.candidate(leg, run),
    push: inputs.push,
    judge: inputs.verify ? 'all' : 'nothing',
    waivers: inputs.waivers,
    addedBytesLimit: inputs.addedBytesLimit,
    index: makesIndex(options, machine.environment),
    objection: leg.feasibility === 'forced' ? undefined : (facts) => objectionTo(leg, facts, judging),
    outdated: (facts) => whyOutdated(leg, facts, inputs.push),
    recipes: readStageRecipes(machine.dockerfiles, leg.engine),
  })
}

/** @returns a command that builds the same in a checkout of this action */
export function createCommand(
  { images }: Plan,
  settingsOf: (leg: PlannedLeg) => LegSettings,
  secretFiles: ReadonlyMap<string, string>,
) {
  return (leg: PlannedLeg): string => {
    const { call } = settingsOf(leg)
    const clones = sourcesOf(leg).some(({ source }) => isReachableInBuild(source))
    const secrets = clones ? secretFiles : call.secrets
    const planned = images.find(({ legs }) => legs.some(({ id }) => id === leg.id))
    const image = {
      push: false,
      compression: compressionOf(leg.base.layers),
      labels: {},
      annotations: {},
      metadataFile: '',
    }
    // Nobody has verified what comes of it, so that it does not get the name of what is.
    const reference = planned ? familiarReference({ ...planned.repository, tag: 'by-hand' }) : leg.id
    const place = { context: 'dockerfiles', dockerfile: `dockerfiles/${engines[leg.engine].dockerfile}` }
    const output = { kind: 'image', reference, ...image } as const
    return reproduceCommand({ ...call, leg, secrets, output }, place)
  }
}
