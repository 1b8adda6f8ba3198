import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { dockerConfigFolder } from '../../buildkit/index.ts'
import { UserError } from '../../errors.ts'
import type { Inputs } from '../../inputs/index.ts'
import {
  createCredentialLookup,
  createRegistryClient,
  credentialHelperRunner,
  type RegistryClient,
} from '../../registry/index.ts'
import type { Machine } from './machine.ts'
import { environmentLogins } from './secrets.ts'

/** Milliseconds */
const helperTimeout = 30_000

/**
 * The registry client of a run. The login is for `registry`, each login of `mirror-credentials` for
 * its registry; others use Docker's configuration.
 */
export function createClient(
  inputs: Inputs,
  dockerConfig: unknown,
  { environment, signal, waits, retry }: Pick<Machine, 'environment' | 'signal' | 'waits' | 'retry'>,
): RegistryClient {
  const credentials = createCredentialLookup({
    explicit: new Map([
      ...inputs.mirrorLogins,
      ...(inputs.login ? [[inputs.plan.registry, inputs.login] as const] : []),
    ]),
    dockerConfig,
    environmentConfig: environmentLogins(environment),
    runHelper: credentialHelperRunner(environment, helperTimeout),
  })
  return createRegistryClient({ credentials, signal, timeouts: waits, withRetries: retry.run })
}

/** @returns Docker's config.json; undefined if missing or empty @throws UserError if it is no JSON */
export function readDockerConfig(environment: NodeJS.ProcessEnv): unknown {
  const file = join(dockerConfigFolder(environment), 'config.json')
  if (!existsSync(file)) return undefined
  try {
    const text = readFileSync(file, 'utf8')
    return text.trim() === '' ? undefined : JSON.parse(text)
  } catch {
    throw new UserError(`Docker's configuration ${file} is not JSON; repair or remove it.`)
  }
}
