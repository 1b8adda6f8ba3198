import { UserError } from '../errors.ts'
import {
  dockerHub,
  isRepositoryPath,
  mayBePath,
  parseRegistry,
  parseRepository,
  type Repository,
  withoutUserInformation,
} from '../registry/index.ts'
import type { InputReader } from './problems.ts'

const hosts = 'a host with an optional port, such as docker.io, ghcr.io or harbor.example.com:8443'
const paths = 'lower-case letters, digits, and . _ __ - / between them'

/** Reads `registry`. @returns its one name, `''` if it was refused */
export function readRegistry(reader: InputReader): string {
  return registryOf(reader, 'registry', reader.read('registry')) ?? ''
}

/**
 * Reads `namespace`. Docker reads a name with a dot or a port before the first slash as a host;
 * here it would be part of a path in `registry`.
 */
export function readNamespace(reader: InputReader, registry: string): string {
  const value = reader.read('namespace')
  const [first = '', ...rest] = value.split('/')
  const isAlone = rest.length === 0
  const isHost =
    /^(?:localhost|\d+(?:\.\d+){3}|.+\.[a-z]{2,})$/i.test(first) && (!isAlone || registry === dockerHub)
  if (isHost || first.includes(':') || (first === registry && !isAlone))
    reader.refuse(
      'namespace',
      withoutUserInformation(
        `the path without the host: registry: ${first} and namespace: ${isAlone ? 'its own name' : rest.join('/')}`,
      ),
    )
  else if (!isRepositoryPath(value)) reader.refuse('namespace', paths)
  return value
}

/** Reads `base-registry`: `docker.io`, `mirror.example.com/hub`. */
export function readBaseRegistry(reader: InputReader): string {
  const value = reader.read('base-registry')
  const bare = value.replace(/^https:\/\//i, '').replace(/\/$/, '')
  const [host = '', ...rest] = bare.replace(/^([^/]+)\/v[12]$/, '$1').split('/')
  const path = rest.join('/')
  const registry = registryOf(reader, 'base-registry', host)
  if (path === '') return registry ?? ''
  if (!isRepositoryPath(path)) reader.refuse('base-registry', `a path after the host of ${paths}`)
  return `${registry ?? ''}/${path}`
}

/** Reads `cache-repository`. Default: `image-cache` in the namespace, which was validated. */
export function readCacheRepository(reader: InputReader, registry: string, namespace: string): Repository {
  const given = reader.read('cache-repository')
  if (given === '') return { registry, path: `${namespace}/image-cache` }
  try {
    const found = parseRepository(given)
    if (isHostMeant(given, found, registry))
      reader.refuse('cache-repository', `a name with its registry, ${withPort(given)}`)
    return found
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    reader.refuse('cache-repository', 'a repository such as docker.io/aibrix/image-cache')
    return { registry: '', path: '' }
  }
}

/**
 * @param given the name of `found` as written
 * @param registry the registry of the input of that name
 * @returns whether the first part is probably meant as a host, which Docker reads as part of a path
 */
export function isHostMeant(given: string, found: Repository, registry: string): boolean {
  const [first = '', ...rest] = given.split('/')
  const isOnHub = found.registry === dockerHub && found.path === given
  // A repository of Docker Hub has two parts, so the first of three is meant as a host.
  return isOnHub && (rest.length > 1 || registry.startsWith(`${first}:`))
}

/** @param text the host alone */
function registryOf(reader: InputReader, name: string, text: string): string | undefined {
  let registry: string
  try {
    registry = parseRegistry(text)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return reader.refuse(name, hosts)
  }
  if (!mayBePath(registry)) return registry
  const example = withPort(reader.read(name).replace(text, registry))
  return reader.refuse(name, `a host with its port, ${example}; Docker reads this one as part of a path`)
}

/** `harbor/x` → `as in harbor:443/x` */
export function withPort(text: string): string {
  return `as in ${text.replace(/^[^/]+/, '$&:443')}`
}
