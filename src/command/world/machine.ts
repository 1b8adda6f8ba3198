import { dirname } from 'node:path'
import type { Inputs, Waits } from '../../inputs/index.ts'
import { type ArtifactStore, openActionsCache } from '../../store/index.ts'
import {
  authoritiesForPrograms,
  createRetry,
  environmentForPrograms,
  type Redact,
  type Retry,
  systemTimers,
  systemWait,
  type Timers,
  trustCertificates,
  withheldFrom,
  type Workspace,
  writePrivateFile,
} from '../../system/index.ts'
import type { Output } from './output.ts'
import { knownErrors } from './transient.ts'

/** What the parts of a run are given of the machine; made once, in `main`. */
export type Machine = Output & {
  environment: NodeJS.ProcessEnv
  signal: AbortSignal
  workspace: Workspace
  /** Folder of the Dockerfiles and their scripts */
  dockerfiles: string
  redact: Redact
  timers: Timers
  /** When the process began, in milliseconds as `timers.now` has them */
  started: number
  waits: Waits
  /** Tries again what can pass on a second try */
  retry: Retry
  /** The cache of GitHub, for runs that don't push; undefined where there is none */
  actionsCache: ArtifactStore | undefined
}

/** What enters through `main`. `random` from 0 to 1, as `Math.random`. */
type Runner = Omit<Machine, 'environment' | 'timers' | 'retry' | 'actionsCache'> & {
  /** What the runner and the user have set */
  variables: NodeJS.ProcessEnv
  random: () => number
}

/** The machine of a run: from here on its programs and its requests trust the given authorities. */
export function createMachine(inputs: Inputs, { variables, random, ...runner }: Runner): Machine {
  const { caCertificates, push, retries } = inputs
  const { log, signal, waits, workspace } = runner
  if (caCertificates !== undefined) trustCertificates(caCertificates)
  const withheld = withheldFrom(variables)
  if (withheld.length > 0)
    log(`Not passed on to docker, git and pip (docs/environment.md): ${withheld.join(', ')}`)
  const temporaryFolder = dirname(workspace.root)
  return {
    ...runner,
    environment: programEnvironment(inputs, variables, workspace),
    timers: systemTimers,
    retry: createRetry({ ...knownErrors, retries, waits, signal, log, random, wait: systemWait }),
    actionsCache: openActionsCache({ push, environment: variables, temporaryFolder }),
  }
}

/** What the programs that we start get of the job, with the authorities that they are to trust. */
function programEnvironment(
  { caCertificates }: Pick<Inputs, 'caCertificates'>,
  variables: NodeJS.ProcessEnv,
  workspace: Workspace,
): NodeJS.ProcessEnv {
  const environment = environmentForPrograms(variables)
  if (caCertificates === undefined) return environment
  const write = (name: string, content: string): string => writePrivateFile(workspace, name, content)
  return { ...environment, ...authoritiesForPrograms(caCertificates, environment, write) }
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
