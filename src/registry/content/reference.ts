import { UserError } from '../../errors.ts'
import { type Digest, isDigest } from './digest.ts'

/**
 * A repository of one registry. `registry` is `docker.io`, `ghcr.io`, `127.0.0.1:5000`,
 * `[::1]:5000` (lower case); `path` follows `/v2/` in requests: `aibrix/vllm-openai`, and
 * `library/debian` for Docker's official images.
 */
export type Repository = { registry: string; path: string }

/** The name of an image. No tag or digest is implied: `latest` must be written. */
export type Reference = Repository & { tag?: string; digest?: Digest }

export const dockerHub = 'docker.io'

/** Names of Docker Hub in configurations and inputs */
const dockerHubAliases = ['docker.io', 'index.docker.io', 'registry-1.docker.io', 'registry.hub.docker.com']

/** Grammar of the OCI distribution specification 1.1, "Pulling manifests". */
const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*'
const pathGrammar = new RegExp(`^${component}(?:/${component})*$`)
const tagGrammar = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/
/** Host and port as in Docker's reference grammar (distribution/reference, regexp.go). */
const label = '[a-z0-9](?:[a-z0-9-]*[a-z0-9])?'
const registryGrammar = new RegExp(`^(?:${label}(?:\\.${label})*|\\[[0-9a-f:]+\\])(?::[0-9]{1,5})?$`)

/** Characters of registry and path together (distribution/reference, NameTotalLengthMax) */
const maximumNameLength = 255

export function isTag(text: string): boolean {
  return tagGrammar.test(text)
}

/** @returns whether the text is the path of a repository: `aibrix/vllm-openai` */
export function isRepositoryPath(text: string): boolean {
  return pathGrammar.test(text)
}

/**
 * @param text host with an optional port: `ghcr.io`, `localhost:5000`. Removed are `https://`, a
 *   slash or the path of the API after it, and the dot at the end of a fully qualified name.
 * @returns the one name of the registry: lower case, `docker.io` for Docker Hub's other names
 * @throws UserError if it is not the name of a registry
 */
export function parseRegistry(text: string): string {
  const registry = text
    .toLowerCase()
    .replace(/^https:\/\//, '')
    .replace(/(?:\/v[12])?\/?$/, '')
    .replace(/\.(?=:\d+$|$)/, '')
  if (dockerHubAliases.includes(registry.replace(/:443$/, ''))) return dockerHub
  if (!registryGrammar.test(registry) || !URL.canParse(`https://${registry}`)) {
    throw new UserError(
      `"${text}" is not a registry; expected a host with an optional port, as in ghcr.io or localhost:5000.`,
    )
  }
  return registry
}

/**
 * @param text `aibrix/x`, `ghcr.io/aibrix/x`, `127.0.0.1:5000/x`, `debian`
 * @param defaultRegistry the registry of a text that names none
 * @throws UserError if it does not match the grammar
 */
export function parseRepository(text: string, defaultRegistry: string = dockerHub): Repository {
  const slash = text.indexOf('/')
  const first = slash < 0 ? '' : text.slice(0, slash)
  const named = !mayBePath(first)
  const registry = parseRegistry(named ? first : defaultRegistry)
  const rest = named ? text.slice(slash + 1) : text
  const path = registry === dockerHub && !rest.includes('/') ? `library/${rest}` : rest
  if (!pathGrammar.test(path) || registry.length + 1 + path.length > maximumNameLength) {
    throw new UserError(
      `"${text}" is not a repository; expected lower-case letters, digits, single separators (. _ __ -) and slashes, as in ghcr.io/aibrix/vllm-openai, at most ${maximumNameLength} characters.`,
    )
  }
  return { registry, path }
}

/** @returns whether Docker reads the text before the first slash as part of a path: `harbor` */
export function mayBePath(first: string): boolean {
  return first !== 'localhost' && !/[.:A-Z]/.test(first)
}

/**
 * @param text a repository with `:tag`, `@sha256:…`, both or neither
 * @throws UserError if it does not match the grammar
 */
export function parseReference(text: string, defaultRegistry: string = dockerHub): Reference {
  const [name = '', digest, ...more] = text.split('@')
  if (more.length > 0 || (digest !== undefined && !isDigest(digest))) {
    throw new UserError(
      `"${text}" has no valid digest; expected @sha256: and 64 hexadecimal digits in lower case.`,
    )
  }
  const colon = name.indexOf(':', name.lastIndexOf('/') + 1)
  const tag = colon < 0 ? undefined : name.slice(colon + 1)
  if (tag !== undefined && !isTag(tag)) {
    throw new UserError(
      `"${text}" has no valid tag; expected at most 128 letters, digits, dots, underscores and hyphens, the first one a letter, digit or underscore.`,
    )
  }
  return {
    ...parseRepository(colon < 0 ? name : name.slice(0, colon), defaultRegistry),
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  }
}

/** @returns the full name: `docker.io/aibrix/vllm-openai` */
export function formatRepository({ registry, path }: Repository): string {
  return `${registry}/${path}`
}

/** @returns the name for `docker pull`: `aibrix/x`, `debian` on Docker Hub, else the full name */
export function familiarRepository(repository: Repository): string {
  if (repository.registry !== dockerHub) return formatRepository(repository)
  const short = repository.path.replace(/^library\//, '')
  return short.includes('/') ? repository.path : short
}

/** @returns `docker.io/aibrix/vllm-openai:tag@sha256:…`, with tag and digest if given */
export function formatReference(reference: Reference): string {
  return formatRepository(reference) + suffix(reference)
}

/** @returns `aibrix/vllm-openai:tag@sha256:…`, with tag and digest if given */
export function familiarReference(reference: Reference): string {
  return familiarRepository(reference) + suffix(reference)
}

function suffix({ tag, digest }: Reference): string {
  return (tag === undefined ? '' : `:${tag}`) + (digest === undefined ? '' : `@${digest}`)
}

/** @returns whether the URL's host is this machine: `localhost`, 127.0.0.0/8 or ::1 */
export function isLoopback(url: URL): boolean {
  // URL has normalised IP addresses, so `127.1` matches and `127.evil.example` does not.
  return url.hostname === 'localhost' || url.hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(url.hostname)
}

/** @returns the origin of the registry's API: https, and plain http for loopback hosts only */
export function apiOrigin(registry: string): string {
  const url = new URL(`https://${registry === dockerHub ? 'registry-1.docker.io' : registry}`)
  // `url.host` would lose a port 443 that a loopback registry with http needs.
  return isLoopback(url) ? new URL(`http://${registry}`).origin : url.origin
}

/** Names of this machine that reach one server; another address, 127.0.0.2, may have its own */
const thisMachine = /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?=:|$)/

/**
 * @returns the same text for all names of one repository: `ghcr.io:443/a/b` is `ghcr.io/a/b`, and
 *   `localhost:5000/a` is `127.0.0.1:5000/a`
 */
export function requestedRepository({ registry, path }: Repository): string {
  return `${apiOrigin(registry).replace(thisMachine, 'http://127.0.0.1')}/${path}`
}
