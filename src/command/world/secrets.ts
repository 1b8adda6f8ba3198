import { jsonOf } from '../../json.ts'
import * as v from 'valibot'
import { type Inputs, secretValues } from '../../inputs/index.ts'
import {
  dockerProxySecrets,
  environmentProxySecrets,
  passwordsIn,
  refuseToPublishProxies,
} from '../../system/index.ts'

/** @returns a run's passwords and other secrets @throws UserError if provenance would show one */
export function secretsOf(inputs: Inputs, dockerConfig: unknown, variables: NodeJS.ProcessEnv): string[] {
  const proxies = [...dockerProxySecrets(dockerConfig), ...Object.values(inputs.proxies).flatMap(passwordsIn)]
  refuseToPublishProxies(inputs.build.provenance, proxies)
  const logins = [dockerConfig, environmentLogins(variables)].flatMap(loginSecrets)
  return [...secretValues(inputs), ...logins, ...proxies, ...environmentProxySecrets(variables)]
}

const auths = v.object({ auths: v.record(v.string(), v.record(v.string(), v.unknown())) })

/** @param configuration Docker's config.json, or its like @returns its passwords and tokens */
export function loginSecrets(configuration: unknown): string[] {
  const parsed = v.safeParse(auths, configuration)
  const entries = parsed.success ? Object.values(parsed.output.auths) : []
  const keys = ['auth', 'password', 'identitytoken', 'registrytoken']
  return entries
    .flatMap((entry) => keys.map((key) => entry[key]))
    .filter((value): value is string => typeof value === 'string' && value !== '')
}

/** @returns the configuration in DOCKER_AUTH_CONFIG, undefined if it is missing or not JSON */
export function environmentLogins({ DOCKER_AUTH_CONFIG: text = '' }: NodeJS.ProcessEnv): unknown {
  return jsonOf(text)
}
