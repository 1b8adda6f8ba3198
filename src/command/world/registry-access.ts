import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { dockerConfigFolder } from '../../buildkit/index.ts'
import { UserError } from '../../errors.ts'
import { jsonOf } from '../../json.ts'
import type { Inputs } from '../../inputs/index.ts'
import type { Machine } from './machine.ts'
import {
  createCredentialLookup,
  createRegistryClient,
  credentialHelperRunner,
  type RegistryClient,
} from '../../registry/index.ts'

/** Milliseconds */
const helperTimeout = 30_000

/** The registry client of a run: the given login for `registry` alone, Docker's own configuration for all others. */
export function createClient(
  inputs: Inputs,
  dockerConfig: unknown,
  { environment, signal, waits, retry }: Pick<Machine, 'environment' | 'signal' | 'waits' | 'retry'>,
): RegistryClient {
  const credentials = createCredentialLookup({
    explicit: inputs.login && { registry: inputs.plan.registry, ...inputs.login },
    dockerConfig,
    environmentConfig: environmentLogins(environment),
    runHelper: credentialHelperRunner(environment, helperTimeout),
  })
  return createRegistryClient({ credentials, signal, timeouts: waits, withRetries: retry.run })
}

/** @returns Docker's config.json, undefined if there is none or, as docker has it, nothing in it @throws UserError if it is not JSON */
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

const auths = v.object({ auths: v.record(v.string(), v.record(v.string(), v.unknown())) })

/** @param configuration Docker's config.json, or that of DOCKER_AUTH_CONFIG @returns passwords and tokens in it, as they are there */
export function loginSecrets(configuration: unknown): string[] {
  const parsed = v.safeParse(auths, configuration)
  const entries = parsed.success ? Object.values(parsed.output.auths) : []
  const keys = ['auth', 'password', 'identitytoken', 'registrytoken']
  return entries
    .flatMap((entry) => keys.map((key) => entry[key]))
    .filter((value): value is string => typeof value === 'string' && value !== '')
}

/** @returns the configuration in DOCKER_AUTH_CONFIG, undefined if there is none that can be read */
export function environmentLogins({ DOCKER_AUTH_CONFIG: text = '' }: NodeJS.ProcessEnv): unknown {
  return jsonOf(text)
}
