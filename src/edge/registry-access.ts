import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { dockerConfigFolder } from '../build/docker-config.ts'
import { UserError } from '../errors.ts'
import type { Inputs } from '../inputs/inputs.ts'
import type { Machine } from './machine.ts'
import { createRegistryClient, type RegistryClient } from '../registry/client.ts'
import { credentialHelperRunner } from '../registry/credential-helper.ts'
import { createCredentialLookup } from '../registry/credentials.ts'

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
    runHelper: credentialHelperRunner(environment, helperTimeout),
  })
  return createRegistryClient({ credentials, signal, timeouts: waits, repeat: retry.run })
}

/** @returns Docker's config.json, undefined if there is none @throws UserError if it is not JSON */
export function readDockerConfig(environment: NodeJS.ProcessEnv): unknown {
  const file = join(dockerConfigFolder(environment), 'config.json')
  if (!existsSync(file)) return undefined
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    throw new UserError(`Docker's configuration ${file} is not JSON; repair or remove it.`)
  }
}
