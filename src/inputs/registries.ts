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
import type { Source } from './fields.ts'
import { quoted } from './problems.ts'

const hosts = 'a host with an optional port, such as docker.io, ghcr.io or harbor.example.com:8443'
const paths = 'lower-case letters, digits, and . _ __ - / between them'

/** @returns the one name of the registry that the images are pushed to, `''` for one that was complained about */
export function readRegistry(source: Source): string {
  return registryOf(source, 'registry', source.read('registry')) ?? ''
}

/**
 * Docker takes what stands before the first slash for a host if it has a dot or a port. Here such a name would be a part of a path, in the
 * registry of `registry`.
 */
export function readNamespace({ read, problems }: Source, registry: string): string {
  const value = read('namespace')
  const [first = '', ...rest] = value.split('/')
  const isAlone = rest.length === 0
  const isHost =
    /^(?:localhost|\d+(?:\.\d+){3}|.+\.[a-z]{2,})$/i.test(first) && (!isAlone || registry === dockerHub)
  if (isHost || first.includes(':') || (first === registry && !isAlone))
    problems.add(
      'namespace',
      quoted(value),
      withoutUserInformation(
        `the path without the host: registry: ${first} and namespace: ${isAlone ? 'its own name' : rest.join('/')}`,
      ),
    )
  else if (!isRepositoryPath(value)) problems.add('namespace', quoted(value), paths)
  return value
}

/** @returns `docker.io`, `mirror.example.com/hub` */
export function readBaseRegistry(source: Source): string {
  const value = source.read('base-registry')
  const bare = value.replace(/^https:\/\//i, '').replace(/\/$/, '')
  const [host = '', ...rest] = bare.replace(/^([^/]+)\/v[12]$/, '$1').split('/')
  const path = rest.join('/')
  const registry = registryOf(source, 'base-registry', host, value)
  if (path === '') return registry ?? ''
  if (!isRepositoryPath(path))
    source.problems.add('base-registry', quoted(value), `behind the host a path of ${paths}`)
  return `${registry ?? ''}/${path}`
}

/** Without one of its own it is made of registry and namespace, which have complained already. */
export function readCacheRepository(source: Source, registry: string, namespace: string): Repository {
  const given = source.read('cache-repository')
  if (given === '') return { registry, path: `${namespace}/image-cache` }
  const allowed = 'a repository such as docker.io/aibrix/image-cache'
  try {
    const found = parseRepository(given)
    const [first = ''] = given.split('/')
    const isOnHub = found.registry === dockerHub && found.path === given
    // Repositories of Docker Hub have two parts, so that the first of three is meant to be a host.
    if (isOnHub && (given.split('/').length > 2 || registry.startsWith(`${first}:`)))
      source.problems.add('cache-repository', quoted(given), `one with its registry, ${withPort(given)}`)
    return found
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    source.problems.add('cache-repository', quoted(given), allowed)
    return { registry: '', path: '' }
  }
}

function registryOf(source: Source, name: string, text: string, given = text): string | undefined {
  let registry: string
  try {
    registry = parseRegistry(text)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return source.problems.add(name, quoted(given), hosts)
  }
  if (!mayBePath(registry)) return registry
  return source.problems.add(
    name,
    quoted(given),
    `a name that Docker does not take for a part of a path, ${withPort(given.replace(text, registry))}`,
  )
}

/** `harbor/x` → `as in harbor:443/x` */
function withPort(text: string): string {
  return `as in ${text.replace(/^[^/]+/, '$&:443')}`
}
