import { type Inputs, secretValues } from '../../inputs/index.ts'
import {
  dockerProxySecrets,
  environmentProxySecrets,
  passwordsIn,
  refuseToPublishProxies,
} from '../../system/index.ts'
import { environmentLogins, loginSecrets } from './registry-access.ts'

/** @returns passwords, tokens and build secrets of a run @throws UserError if the provenance would publish one of a proxy */
export function secretsOf(inputs: Inputs, dockerConfig: unknown, variables: NodeJS.ProcessEnv): string[] {
  const proxies = [...dockerProxySecrets(dockerConfig), ...Object.values(inputs.proxies).flatMap(passwordsIn)]
  refuseToPublishProxies(inputs.build.provenance, proxies)
  const logins = [dockerConfig, environmentLogins(variables)].flatMap(loginSecrets)
  return [...secretValues(inputs), ...logins, ...proxies, ...environmentProxySecrets(variables)]
}
