import type { ArtifactStore } from '../store/index.ts'
import {
  isPassedOn,
  type Redact,
  type Retry,
  type Timers,
  type Workspace,
  writePrivateFile,
} from '../system/index.ts'
import type { Inputs, Waits } from '../inputs/index.ts'

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
  /** When the process began, in milliseconds as `timers.now` has them */
  started: number
  waits: Waits
  /** Tries again what can pass on a second try */
  retry: Retry
  /** The cache of GitHub, for runs that don't push; undefined where there is none */
  actionsCache: ArtifactStore | undefined
}

/**
 * @returns the environment for programs that we start, without the action's inputs, among which are secrets, and without what would
 *   change an image or an answer unseen (program-variables.ts)
 */
export function environmentForPrograms(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const passedOn = Object.entries(environment).filter(
    ([name]) => !/^(INPUT_|ACTIONS_\w*TOKEN|STATE_)/.test(name) && isPassedOn(name),
  )
  // Messages are read in English; a system without this locale has "C" then.
  return { ...Object.fromEntries(passedOn), LC_ALL: 'C.UTF-8' }
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
