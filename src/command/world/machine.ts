import { dirname } from 'node:path'
import type { Inputs, Waits } from '../../inputs/index.ts'
import { type ArtifactStore, openActionsCache } from '../../store/index.ts'
import {
  authoritiesForPrograms,
  createRetry,
  environmentForPrograms,
  type Output,
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
import { knownErrors } from './transient.ts'

/** The machine of a run; created once, in `main`. */
export type Machine = Output & {
  /** Of the programs that a run starts, with the authorities that they trust */
  environment: NodeJS.ProcessEnv
  signal: AbortSignal
  workspace: Workspace
  /** Folder of the Dockerfiles and their scripts */
  dockerfiles: string
  redact: Redact
  timers: Timers
  /** When the process began, in milliseconds of `timers.now` */
  started: number
  waits: Waits
  /** Retries transient failures */
  retry: Retry
  /** GitHub's cache, for runs that don't push; undefined where there is no such cache */
  actionsCache: ArtifactStore | undefined
}

/** What `main` provides. `random` from 0 to 1, as `Math.random`. */
type Runner = Omit<Machine, 'environment' | 'timers' | 'retry' | 'actionsCache'> & {
  /** What the runner and the user have set */
  variables: NodeJS.ProcessEnv
  random: () => number
}

/** From here on the programs and requests of a run trust the given authorities. */
export function createMachine(inputs: Inputs, { variables, random, ...runner }: Runner): Machine {
  const { caCertificates, push, retries } = inputs
  const { log, signal, waits, workspace } = runner
  if (caCertificates !== undefined) trustCertificates(caCertificates)
  const withheld = withheldFrom(variables)
  if (withheld.length > 0)
    log(`Not passed on to docker, git and pip (docs/environment.md): ${withheld.join(', ')}`)
  const temporaryFolder = dirname(workspace.root)
  const environment = environmentForPrograms(variables)
  const write = (name: string, content: string): string => writePrivateFile(workspace, name, content)
  return {
    ...runner,
    environment: {
      ...environment,
      ...(caCertificates !== undefined && authoritiesForPrograms(caCertificates, environment, write)),
    },
    timers: systemTimers,
    retry: createRetry({ ...knownErrors, retries, waits, signal, log, random, wait: systemWait }),
    actionsCache: openActionsCache({ push, environment: variables, temporaryFolder }),
  }
}
