import * as v from 'valibot'
import { UserError } from '../errors.ts'
import { passwordsIn } from './secret-parts.ts'

const schema = v.object({ proxies: v.optional(v.record(v.string(), v.record(v.string(), v.unknown()))) })

/** Variables from which programs read a proxy, in lower or upper case */
const variables = ['http_proxy', 'https_proxy', 'ftp_proxy', 'all_proxy']

/** @returns the passwords of the proxies in Docker's config.json, which are build arguments */
export function dockerProxySecrets(dockerConfig: unknown): string[] {
  const parsed = v.safeParse(schema, dockerConfig ?? {})
  const proxies = parsed.success ? Object.values(parsed.output.proxies ?? {}) : []
  return proxies.flatMap((proxy) => Object.values(proxy)).flatMap(passwordOf)
}

/** @returns the passwords of the proxies in the environment */
export function environmentProxySecrets(environment: NodeJS.ProcessEnv): string[] {
  return variables.flatMap((name) => [environment[name], environment[name.toUpperCase()]]).flatMap(passwordOf)
}

/** Values of buildx's `--provenance` for no provenance, or for one without build arguments */
const listsNoArguments = /^(?:false|(?:[^,]*,)*(?:disabled=true|mode=min)(?:,[^,]*)*)$/i

/**
 * Provenance with `mode=max` lists the build arguments, including proxies (BuildKit, "SLSA
 * provenance"). Any value that does not ask for less may mean that: `true`, `mode=full`.
 * @throws UserError if it would publish a password
 */
export function refuseToPublishProxies(provenance: string | undefined, secrets: string[]): void {
  if (secrets.length > 0 && provenance !== undefined && !listsNoArguments.test(provenance))
    throw new UserError(
      "provenance would publish the password of the proxy in Docker's configuration or in build-args; use mode=min, or a proxy without a password.",
    )
}

function passwordOf(url: unknown): string[] {
  if (typeof url !== 'string') return []
  // Programs also accept a proxy without a scheme, or with one slash.
  return passwordsIn(url.replace(/^(?:([a-z][a-z0-9+.-]*):\/(?!\/)|(?![a-z][a-z0-9+.-]*:\/\/))/i, 'http://'))
}
