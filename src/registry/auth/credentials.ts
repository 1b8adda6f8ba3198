import * as v from 'valibot'
import { UserError } from '../../errors.ts'
import { apiOrigin, dockerHub } from '../content/reference.ts'
import { parsed } from '../../json.ts'

export type Credentials =
  /** `inputs`: the names of the inputs that it is from; none: Docker's configuration */
  | { kind: 'password'; username: string; password: string; inputs?: string }
  /** Stored by some `docker login`s instead of a password; for OAuth2, else `basic` is used */
  | { kind: 'identity-token'; token: string; basic?: { username: string; password: string } }
  /** A token of a token service, fetched by another program */
  | { kind: 'registry-token'; token: string }

/** A user and a password, and the names of the inputs that they are from, for errors */
export type ExplicitLogin = { username: string; password: string; inputs: string }

/** @returns the credentials for a registry (`docker.io`, `ghcr.io:443`); undefined without any */
export type CredentialLookup = (registry: string) => Promise<Credentials | undefined>

/**
 * Runs `docker-credential-<name> get` with `server` on stdin.
 * @returns what it printed and its exit code; rejects if it cannot be run
 */
export type RunCredentialHelper = (
  name: string,
  server: string,
) => Promise<{ exitCode: number; stdout: string }>

/** Docker's key for the credentials of Docker Hub (docker/cli, registry.IndexServer) */
const dockerHubServer = 'https://index.docker.io/v1/'
const dockerHubKeys = [dockerHub, 'index.docker.io', 'registry-1.docker.io']

const entry = v.object({
  auth: v.nullish(v.string()),
  username: v.nullish(v.string()),
  password: v.nullish(v.string()),
  identitytoken: v.nullish(v.string()),
  registrytoken: v.nullish(v.string()),
})
const auths = v.nullish(v.record(v.string(), v.nullable(entry)), () => ({}))
const dockerConfig = v.object({
  auths,
  credHelpers: v.nullish(v.record(v.string(), v.string()), () => ({})),
  credsStore: v.nullish(v.string(), ''),
})
type Auths = v.InferOutput<typeof auths>
const environmentConfig = v.object({ auths })

const helperAnswer = v.object({ Username: v.string(), Secret: v.string() })

/**
 * Looks up the credentials of one registry. The explicit ones apply to their registry only. Any
 * other registry gets those of Docker's configuration: from the environment, else its own helper,
 * else the common store, else the file (docker/cli, configfile.GetCredentialsStore).
 * @param options.explicit registry, by any of its names → its login
 * @param options.dockerConfig the parsed `config.json`, undefined if there is none
 * @param options.environmentConfig the parsed DOCKER_AUTH_CONFIG, undefined if there is none;
 *   docker ignores a broken one
 * @throws UserError if the configuration is not valid
 */
export function createCredentialLookup(options: {
  explicit?: ReadonlyMap<string, ExplicitLogin>
  dockerConfig?: unknown
  environmentConfig?: unknown
  runHelper: RunCredentialHelper
}): CredentialLookup {
  const { runHelper } = options
  const explicit = new Map([...(options.explicit ?? [])].map(([name, login]) => [apiOrigin(name), login]))
  const result = v.safeParse(dockerConfig, options.dockerConfig ?? {})
  if (!result.success) {
    const path = v.getDotPath(result.issues[0])
    throw new UserError(
      `Docker's config.json is not valid${path === null ? '' : ` at ${path}`}; repair it or log in again.`,
    )
  }
  const config = result.output
  const environment = v.safeParse(environmentConfig, options.environmentConfig ?? {})
  const before = environment.success ? environment.output.auths : {}
  return async (registry) => {
    const own = explicit.get(apiOrigin(registry))
    if (own) return { kind: 'password', ...own }
    try {
      const given = fromAuths(before, registry)
      if (given !== undefined) return given
    } catch (error) {
      if (!(error instanceof UserError)) throw error
    }
    const helper = valueFor(config.credHelpers, registry) ?? config.credsStore
    const stored = helper === '' ? undefined : await askHelper(runHelper, helper, registry)
    return stored ?? fromAuths(config.auths, registry)
  }
}

/**
 * Finds the entry of a registry. A key may have a scheme and a path, of which only the host counts
 * (docker/cli, ConvertToHostname); an exact match wins.
 */
function valueFor<Value>(record: Record<string, Value>, registry: string): Value | undefined {
  const hosts = registry === dockerHub ? dockerHubKeys : [registry]
  const hostOf = (key: string): string => key.replace(/^https?:\/\//, '').replace(/\/.*$/, '')
  const keys = Object.entries(record).map(([key, value]) => ({ key: key.toLowerCase(), value }))
  const found =
    keys.find(({ key }) => hosts.includes(key)) ?? keys.find(({ key }) => hosts.includes(hostOf(key)))
  return found?.value
}

function fromAuths(auths: Auths, registry: string): Credentials | undefined {
  const stored = valueFor(auths, registry)
  if (!stored) return undefined
  const { auth, username, password, identitytoken, registrytoken } = stored
  if (registrytoken) return { kind: 'registry-token', token: registrytoken }
  const pair = auth ? fromBasic(auth, registry) : username && password ? { username, password } : undefined
  if (identitytoken)
    return { kind: 'identity-token', token: identitytoken, ...(pair?.password && { basic: pair }) }
  return pair && { kind: 'password', ...pair }
}

/** `auth` is base64 of `user:password`, which Docker sometimes pads with NUL bytes. */
function fromBasic(auth: string, registry: string): { username: string; password: string } {
  const text = Buffer.from(auth, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 1) {
    throw new UserError(`Docker's config.json has unreadable credentials for ${registry}; log in again.`)
  }
  return { username: text.slice(0, colon), password: text.slice(colon + 1).replace(/^\0+|\0+$/g, '') }
}

async function askHelper(
  runHelper: RunCredentialHelper,
  name: string,
  registry: string,
): Promise<Credentials | undefined> {
  const helper = `the credential helper docker-credential-${name} of Docker's config.json`
  if (!/^[A-Za-z0-9._-]+$/.test(name)) throw new UserError(`${helper} has an invalid name; repair that file.`)
  const answer = await runHelper(name, registry === dockerHub ? dockerHubServer : registry).catch(
    (error: unknown) => {
      throw new UserError(`${helper} cannot be run for ${registry}; install it or remove it there.`, {
        cause: error,
      })
    },
  )
  // Not an error: helpers print this on stdout (docker-credential-helpers, credentials/error.go).
  if (/credentials not found/i.test(answer.stdout)) return undefined
  const found = answer.exitCode === 0 ? parsed(helperAnswer, answer.stdout) : undefined
  if (found === undefined) {
    throw new UserError(
      `${helper} returned no credentials for ${registry} (exit code ${answer.exitCode}); log in again.`,
    )
  }
  const { Username: username, Secret: secret } = found
  if (username === '' && secret === '') return undefined
  return username === '<token>'
    ? { kind: 'identity-token', token: secret }
    : { kind: 'password', username, password: secret }
}
