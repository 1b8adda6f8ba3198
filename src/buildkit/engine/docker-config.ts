import { lstat, mkdtemp, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import * as v from 'valibot'
import { UserError } from '../../errors.ts'
import { dockerHub } from '../../registry/index.ts'
import { withoutEmpty } from '../../system/index.ts'
import { parsed } from '../../json.ts'

/** Credentials for one registry (host with an optional port) and no other. */
export type Login = { registry: string; username: string; password: string }

/** `HTTP_PROXY` → address, in any case. A command line would show their passwords. */
export type Proxies = Readonly<Record<string, string>>

const record = v.record(v.string(), v.unknown())
const configuration = v.pipe(
  v.custom<object>((value) => typeof value === 'object' && value !== null && !Array.isArray(value)),
  v.looseObject({
    auths: v.nullish(record, {}),
    credHelpers: v.nullish(record, {}),
    proxies: v.nullish(v.record(v.string(), record)),
  }),
)

/** Wins over every configuration file (docker/cli, configfile: DOCKER_AUTH_CONFIG) */
const environmentAuths = v.object({ auths: v.nullish(v.record(v.string(), record), {}) })

/** The key of Docker Hub's credentials (docker/cli, registry.IndexServer) */
const dockerHubKey = 'https://index.docker.io/v1/'

/** Names of proxies in docker's configuration (docker/cli, configfile.ProxyConfig) */
const proxyKeys: Record<string, string> = {
  http_proxy: 'httpProxy',
  https_proxy: 'httpsProxy',
  ftp_proxy: 'ftpProxy',
  all_proxy: 'allProxy',
  no_proxy: 'noProxy',
}

/**
 * Adds login and proxies to the user's configuration. docker asks a credential helper before it
 * reads the file, for the helper's own hosts (`credHelpers`) or for all (`credsStore`); an empty
 * helper for a host means the file (docker/cli, getConfiguredCredentialStore). So the user's
 * helpers stay for all other hosts. docker passes the proxies of its configuration to each build,
 * so that no list of processes shows them.
 * @param text the user's config.json, undefined if there is none
 * @param environmentText of DOCKER_AUTH_CONFIG: included, because it would win over the login
 * @param name of the file, for the message
 * @returns the new config.json
 * @throws UserError if the user's file is not a JSON object
 */
export function configurationWith(
  login: Login | undefined,
  text: string | undefined,
  environmentText: string | undefined,
  name: string,
  proxies: Proxies = {},
): string {
  const users = parsed(configuration, orEmpty(text))
  if (users === undefined) throw new UserError(`${name} is not a JSON object; repair or remove it.`)
  const changed = Object.keys(proxies).length === 0 ? users : withProxies(users, proxies)
  if (login === undefined) return JSON.stringify(changed)
  const fromEnvironment = parsed(environmentAuths, orEmpty(environmentText))?.auths ?? {}
  const key = login.registry === dockerHub ? dockerHubKey : login.registry
  const auth = Buffer.from(`${login.username}:${login.password}`).toString('base64')
  const files = [...Object.keys(fromEnvironment), key]
  return JSON.stringify({
    ...changed,
    auths: { ...users.auths, ...fromEnvironment, [key]: { auth } },
    credHelpers: { ...users.credHelpers, ...Object.fromEntries(files.map((host) => [host, ''])) },
  })
}

/** Adds them for every engine, since each may have its own. */
function withProxies(users: v.InferOutput<typeof configuration>, proxies: Proxies): typeof users {
  const own = Object.fromEntries(
    Object.entries(proxies).map(([name, address]) => [proxyKeys[name.toLowerCase()] ?? name, address]),
  )
  const engines = Object.entries({ default: {}, ...users.proxies })
  return {
    ...users,
    proxies: Object.fromEntries(engines.map(([engine, theirs]) => [engine, { ...theirs, ...own }])),
  }
}

/**
 * Writes a temporary configuration with the login and proxies: a folder of mode 0700 with a
 * config.json of mode 0600, and links to everything else in the user's folder (plugins, contexts,
 * certificates). buildx keeps its state where it was.
 * @param environment of docker; HOME, DOCKER_CONFIG, BUILDX_CONFIG and DOCKER_AUTH_CONFIG matter
 * @param parent folder for temporary files, which removes them
 * @returns the environment of docker commands that may need the login
 * @throws UserError if the user's configuration can't be read
 */
export async function dockerEnvironment(
  login: Login | undefined,
  environment: NodeJS.ProcessEnv,
  parent: string,
  proxies: Proxies = {},
): Promise<NodeJS.ProcessEnv> {
  if (login === undefined && Object.keys(proxies).length === 0) return environment
  const { DOCKER_AUTH_CONFIG: auths, ...others } = environment
  const users = dockerConfigFolder(environment)
  const file = join(users, 'config.json')
  const content = configurationWith(login, await readIfPresent(file), auths, file, proxies)
  const directory = await mkdtemp(join(parent, 'docker-config-'))
  await writeFile(join(directory, 'config.json'), content, { mode: 0o600, flag: 'wx' })
  const isPresent = (await lstat(users).catch(() => undefined)) !== undefined
  for (const entry of isPresent ? await readdir(users) : [])
    if (entry !== 'config.json') await symlink(join(users, entry), join(directory, entry))
  return {
    ...(login === undefined ? environment : others),
    DOCKER_CONFIG: directory,
    BUILDX_CONFIG: withoutEmpty(environment).BUILDX_CONFIG ?? join(users, 'buildx'),
  }
}

/** @returns the folder in which docker looks for its config.json */
export function dockerConfigFolder(environment: NodeJS.ProcessEnv): string {
  const { DOCKER_CONFIG: folder, HOME: home = userInfo().homedir } = withoutEmpty(environment)
  return resolve(folder ?? join(home, '.docker'))
}

/** docker takes an empty file for an empty configuration. */
function orEmpty(text = ''): string {
  return text.trim() === '' ? '{}' : text
}

async function readIfPresent(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new UserError(`Docker's configuration ${file} can't be read: ${(error as Error).message}.`)
  }
}
