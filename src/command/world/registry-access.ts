import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { dockerConfigFolder } from '../../buildkit/index.ts'
import { UserError } from '../../errors.ts'
import type { Inputs } from '../../inputs/index.ts'
import {
  createCredentialLookup,
  type CredentialLookup,
  createRegistryClient,
  credentialHelperRunner,
  type ExplicitLogin,
  type RegistryClient,
} from '../../registry/index.ts'
import type { Machine } from './machine.ts'
import { environmentLogins } from './secrets.ts'

/** Milliseconds */
const helperTimeout = 30_000

/** The registry client of a run. */
export function createClient(
  inputs: Inputs,
  dockerConfig: unknown,
  { environment, signal, waits, retry }: Pick<Machine, 'environment' | 'signal' | 'waits' | 'retry'>,
): RegistryClient {
  const credentials = createCredentials(inputs, dockerConfig, { environment })
  return createRegistryClient({ credentials, signal, timeouts: waits, withRetries: retry.run })
}

/**
 * The credentials of a run. The login is for `registry`, each login of `mirror-credentials` for its
 * registry, by whatever name; others use Docker's configuration.
 */
export function createCredentials(
  inputs: Pick<Inputs, 'login' | 'mirrorLogins' | 'plan'>,
  dockerConfig: unknown,
  { environment }: Pick<Machine, 'environment'>,
): CredentialLookup {
  const { login, mirrorLogins, plan } = inputs
  const ofMirrors = [...mirrorLogins].map(
    ([registry, own]) => [registry, { ...own, inputs: 'mirror-credentials' }] as const,
  )
  const own = login && ([plan.registry, { ...login, inputs: 'username and password' }] as const)
  return createCredentialLookup({
    explicit: new Map<string, ExplicitLogin>([...ofMirrors, ...(own ? [own] : [])]),
    dockerConfig,
    environmentConfig: environmentLogins(environment),
    runHelper: credentialHelperRunner(environment, helperTimeout),
  })
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
