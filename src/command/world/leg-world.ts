import { mkdtempSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type BuildCall,
  type BuildOptions,
  buildxArguments,
  compressionOf,
  producesIndex,
  runBuild,
  type RunDocker,
  setTimesByContent,
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
import { whyOutdated } from '../nixl-of-bases.ts'
import type { Machine } from './machine.ts'
import { engines, type Plan, type PlannedLeg } from '../../plan/index.ts'
import { dockerfileOf, readStageRecipes } from './recipe.ts'
import type { CommandTools } from './tools.ts'
import type { Store } from '../../store/index.ts'
import { objectionTo, readCatalogue } from './plan-world.ts'
import {
  familiarReference,
  type ImageConfig,
  parseImageConfig,
  type RegistryClient,
} from '../../registry/index.ts'

/** Milliseconds from SIGINT to SIGKILL: on a cancel, a runner allows 7.5 s before its SIGTERM. */
const killAfter = 4000

/** @returns a function that runs docker; its code is 1 if a signal ended it */
export function createDocker({ environment, signal }: Pick<Machine, 'environment' | 'signal'>): RunDocker {
  const options = { environment, signal, killAfter }
  return async (args) => {
    const { exit, endedBy, stdout, stderr } = await runProcess('docker', args, options)
    if (endedBy === 'abort') throw new UserError('Cancelled.')
    return { code: exit.kind === 'code' ? exit.code : 1, stdout, stderr }
  }
}

/** @returns a function that returns a path in a new folder */
export function newPathIn({ workspace }: Pick<Machine, 'workspace'>): (name: string) => string {
  return (name) => join(mkdtempSync(join(workspace.root, 'build-')), name)
}

/** Connects a leg to docker on this runner. */
export function createLegWorld(
  machine: Machine,
  docker: RunDocker,
  registry: RegistryClient,
  log: LegLog,
): Omit<LegWorld, 'facts' | 'artifacts' | 'fetchSource' | 'compiledSources'> {
  const { environment, signal, workspace, redact, timers, retry, waits } = machine
  const { name, print, say } = log
  const logged = new Set<string>()
  const shared = { environment, signal, name, print, logged, timers, killAfter, quiet: waits.build, redact }
  return {
    registry,
    say,
    build: async (call, leg) => {
      const end = log.step(stepTitle(call.output))
      try {
        for (const folder of contextsOf(call)) await setTimesByContent(folder)
        const request = {
          ...shared,
          argv: buildxArguments(call),
          metadataFile: call.output.kind === 'image' ? call.output.metadataFile : undefined,
          logFile: join(workspace.logs, `${leg.id}.log`),
        }
        // A retry reuses what BuildKit has cached; the log keeps what was printed.
        return await retry.run(() => runBuild(request))
      } finally {
        end()
      }
    },
    newPath: newPathIn(machine),
    readText: (path) => readFile(path, 'utf8'),
    inspectImage: (reference) => imageOnEngine(docker, reference),
    // Only the docker driver leaves one; without it the error is ignored.
    forgetImage: async (reference) => {
      await docker(['image', 'rm', '--', reference])
    },
  }
}

/** The folders that a call gives to BuildKit as named contexts. */
function contextsOf({ sources, artifacts, certificates, extraFiles }: BuildCall): string[] {
  const own = [certificates, extraFiles].filter((folder) => folder !== undefined)
  return [...Object.values({ ...sources, ...artifacts }), ...own]
}

/** What a call to BuildKit does. Those that may run in parallel share a title. */
function stepTitle(output: BuildCall['output']): string {
  switch (output.kind) {
    case 'facts':
      return 'measure the base'
    case 'extension':
    case 'wheel':
    case 'ucx':
    case 'ahead':
      return 'compile'
    case 'report':
      return 'measure what the image would be'
    case 'image':
      return output.push ? 'build and push the image' : 'build the image'
  }
}

async function imageOnEngine(docker: RunDocker, reference: string): Promise<ImageConfig | undefined> {
  const { code, stdout } = await docker(['image', 'inspect', '--format', '{{json .}}', '--', reference])
  if (code !== 0) return undefined
  const { Os: os, Architecture: architecture, Config: config } = JSON.parse(stdout) as Record<string, unknown>
  return parseImageConfig(Buffer.from(JSON.stringify({ os, architecture, config })), reference)
}

type SettingsTools = Pick<CommandTools, 'inputs' | 'nixl' | 'secretFiles' | 'certificates'> & {
  /** Folder with the user's own files, if a leg has some */
  extraFiles: string | undefined
  machine: Pick<Machine, 'dockerfiles' | 'environment' | 'workspace'>
}

/** @param run as in `candidateTag` @returns how each leg is built */
export function createSettings(
  { inputs, machine, nixl, secretFiles, certificates, extraFiles }: SettingsTools,
  store: Store,
  options: BuildOptions,
  run: string,
) {
  // Git on the runner uses it, and the build need not see it.
  const secrets = new Map([...secretFiles].filter(([id]) => id !== 'git-credentials'))
  const judging = { catalogue: readCatalogue(machine.dockerfiles), nixl }
  return (leg: PlannedLeg): LegSettings => ({
    call: {
      options,
      context: machine.dockerfiles,
      dockerfile: dockerfileOf(machine, leg, secrets.keys()),
      secrets,
      certificates,
      extraFiles: leg.extraFiles ? extraFiles : undefined,
      newerThan: leg.newerThan ?? undefined,
    },
    layerCache: options.cache === 'off' ? undefined : store.layers.of(leg.base, inputs.push),
    candidate: store.legs.candidate(leg, run),
    push: inputs.push,
    judge: inputs.verify ? 'all' : 'nothing',
    waivers: inputs.waivers,
    addedBytesLimit: inputs.addedBytesLimit,
    index: producesIndex(options, machine.environment),
    objection: leg.feasibility === 'forced' ? undefined : (facts) => objectionTo(leg, facts, judging),
    outdated: (facts) => whyOutdated(leg, facts, inputs.push),
    recipes: readStageRecipes(machine.dockerfiles, leg.engine),
  })
}

/** @returns a function that returns the command to build a leg in a checkout of this action */
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
    // Its result is not verified, so it does not get the name of an image that is.
    const reference = planned ? familiarReference({ ...planned.repository, tag: 'by-hand' }) : leg.id
    const place = { context: 'dockerfiles', dockerfile: `dockerfiles/${engines[leg.engine].dockerfile}` }
    const compression = compressionOf(leg.base.layers)
    const unused = { labels: {}, annotations: {}, metadataFile: '' }
    const output = { kind: 'image', reference, push: false, compression, ...unused } as const
    return reproduceCommand({ ...call, leg, secrets, output }, place)
  }
}
