import * as v from 'valibot'
import { UserError } from '../errors.ts'
import { passwordsIn } from './redact.ts'

const schema = v.object({ proxies: v.optional(v.record(v.string(), v.record(v.string(), v.unknown()))) })

/** Variables that programs read a proxy from, in either case. */
const variables = ['http_proxy', 'https_proxy', 'ftp_proxy', 'all_proxy']

/** @returns passwords in the proxies of Docker's config.json, which docker hands to each build as build arguments */
export function dockerProxySecrets(dockerConfig: unknown): string[] {
  const parsed = v.safeParse(schema, dockerConfig ?? {})
  const proxies = parsed.success ? Object.values(parsed.output.proxies ?? {}) : []
  return proxies.flatMap((proxy) => Object.values(proxy)).flatMap(passwordOf)
}

/** @returns passwords in the proxies that the environment names */
export function environmentProxySecrets(environment: NodeJS.ProcessEnv): string[] {
  return variables.flatMap((name) => [environment[name], environment[name.toUpperCase()]]).flatMap(passwordOf)
}

/** As `--provenance` of buildx takes them: no provenance, or one that has no build arguments in it. */
const listsNoArguments = /^(?:false|(?:[^,]*,)*(?:disabled=true|mode=min)(?:,[^,]*)*)$/i

/**
 * Provenance of the largest extent lists the build arguments, those of the proxies among them (BuildKit, "SLSA provenance"). Whatever
 * does not ask for less may be that: `true`, `mode=full`.
 * @throws UserError if it would publish a password
 */
export function refuseToPublishProxies(provenance: string | undefined, secrets: string[]): void {
  if (secrets.length > 0 && provenance !== undefined && !listsNoArguments.test(provenance))
    throw new UserError(
      "provenance would publish the password of the proxy in Docker's configuration or in build-args; take mode=min, or a proxy without a password.",
    )
}

function passwordOf(url: unknown): string[] {
  if (typeof url !== 'string') return []
  // Programs take a proxy without a scheme, or with one slash, too.
  return passwordsIn(url.replace(/^(?:([a-z][a-z0-9+.-]*):\/(?!\/)|(?![a-z][a-z0-9+.-]*:\/\/))/i, 'http://'))
}
