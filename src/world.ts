import { mkdtempSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type BuildCall, buildxArguments, compressionOf, makesIndex, reproduceCommand } from './build/argv.ts'
import type { RunDocker } from './build/builder.ts'
import type { LegSettings, LegWorld } from './build/leg.ts'
import type { BuildOptions } from './build/options.ts'
import { runProcess } from './build/process.ts'
import type { Timers } from './build/progress.ts'
import { runBuild } from './build/session.ts'
import { UserError } from './errors.ts'
import type { Inputs } from './inputs/inputs.ts'
import { engines } from './plan/engine.ts'
import type { Leg, PlannedImage } from './plan/plan.ts'
import type { RegistryClient } from './registry/client.ts'
import { type ImageConfig, parseImageConfig } from './registry/manifest.ts'
import { familiarReference } from './registry/reference.ts'
import type { Redact } from './redact.ts'
import { type Workspace, writePrivateFile } from './workspace.ts'

/** What the parts of a run are given of the machine; made once, in `main`. */
export type Machine = {
  environment: NodeJS.ProcessEnv
  signal: AbortSignal
  workspace: Workspace
  /** Folder of the Dockerfiles and their scripts */
  dockerfiles: string
  redact: Redact
  log: (line: string) => void
  timers: Timers
}

/** Milliseconds between SIGINT and SIGKILL: a runner leaves 7.5 s before it gets rough itself. */
const killAfter = 4000

/** @returns the environment for programs that we start, without the action's inputs, among which are secrets */
export function environmentForPrograms(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !/^(INPUT_|ACTIONS_\w*TOKEN|STATE_)/.test(name)),
  )
}

/** Files of the build secrets: id → path. */
export function writeSecretFiles(inputs: Inputs, workspace: Workspace): Map<string, string> {
  const files = new Map<string, string>()
  for (const [id, value] of inputs.secrets) files.set(id, writePrivateFile(workspace, `secret-${id}`, value))
  if (inputs.packageIndex !== undefined)
    files.set('package-index', writePrivateFile(workspace, 'secret-package-index', inputs.packageIndex))
  if (inputs.caCertificates !== undefined) files.set('ca-certificates', inputs.caCertificates)
  return files
}

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

export function createLegWorld(machine: Machine, docker: RunDocker, registry: RegistryClient): LegWorld {
  return {
    registry,
    build: (call, leg) => build(machine, call, leg),
    newPath: (name) => join(mkdtempSync(join(machine.workspace.root, 'build-')), name),
    readText: (path) => readFile(path, 'utf8'),
    inspectImage: (reference) => inspectImage(docker, reference),
    // Other drivers have none, and then there is nothing to remove.
    forgetImage: async (reference) => {
      await docker(['image', 'rm', '--', reference])
    },
  }
}

async function build(
  { environment, signal, workspace, redact, log, timers }: Machine,
  call: BuildCall,
  leg: Leg,
) {
  const { steps, metadata } = await runBuild({
    argv: buildxArguments(call),
    metadataFile: call.output.kind === 'image' ? call.output.metadataFile : undefined,
    environment,
    signal,
    logFile: join(workspace.logs, `${leg.engine}-${leg.version.tag}-${leg.architecture}.log`),
    prefix: `${leg.engine} ${leg.version.tag}`,
    print: log,
    timers,
    killAfter,
    redact,
  })
  return { steps, digest: metadata?.digest }
}

async function inspectImage(docker: RunDocker, reference: string): Promise<ImageConfig | undefined> {
  const { code, stdout } = await docker(['image', 'inspect', '--format', '{{json .}}', '--', reference])
  if (code !== 0) return undefined
  const { Os: os, Architecture: architecture, Config: config } = JSON.parse(stdout) as Record<string, unknown>
  return parseImageConfig(Buffer.from(JSON.stringify({ os, architecture, config })), reference)
}

/** How each leg is built. */
export function createSettings(
  machine: Machine,
  inputs: Inputs,
  options: BuildOptions,
  secrets: ReadonlyMap<string, string>,
) {
  return (leg: Leg): LegSettings => ({
    call: {
      options,
      context: machine.dockerfiles,
      dockerfile: join(machine.dockerfiles, engines[leg.engine].dockerfile),
      secrets,
    },
    cacheRepository: inputs.plan.cacheRepository,
    push: inputs.push,
    judge: inputs.verify ? 'all' : 'nothing',
    waivers: inputs.waivers,
    addedBytesLimit: inputs.addedBytesLimit,
    index: makesIndex(options, machine.environment),
  })
}

/** @returns a command that builds the same in a checkout of this action */
export function createCommand(settingsOf: (leg: Leg) => LegSettings) {
  return ({ leg, repository, tags }: PlannedImage): string => {
    const { call } = settingsOf(leg)
    const image = {
      push: false,
      compression: compressionOf(leg.base.layers),
      labels: {},
      annotations: {},
      metadataFile: '',
    }
    const reference = familiarReference({ ...repository, tag: tags[0] ?? 'local' })
    const place = { context: 'dockerfiles', dockerfile: `dockerfiles/${engines[leg.engine].dockerfile}` }
    return reproduceCommand({ ...call, leg, output: { kind: 'image', reference, ...image } }, place)
  }
}

export function privateFileWriter(workspace: Workspace) {
  return (name: string, content: string): Promise<string> =>
    Promise.resolve(writePrivateFile(workspace, name, content))
}
