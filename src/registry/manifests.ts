import { UserError } from '../errors.ts'
import { type Digest, digestOf, isDigest } from './content/digest.ts'
import { checkDigest, checkHeader, NotThereYet } from './http/damage.ts'
import { indexMediaTypes, manifestMediaTypes } from './content/media-types.ts'
import { type ParsedManifest, parseManifest } from './content/manifest.ts'
import { formatReference, isTag, type Repository } from './content/reference.ts'
import { isSuccess } from './http/answer.ts'
import { deletingFrom, isWebPage, pulling, pushing, refuseWebPage, type Session } from './http/session.ts'

/** A manifest as stored (`bytes`) and parsed. `digest` is computed from the bytes. */
export type Manifest = { bytes: Buffer; digest: Digest; mediaType: string; parsed: ParsedManifest }

/** Bytes; by the distribution specification, registries accept at least this size. */
const manifestLimit = 4 * 1024 * 1024

const accept = [...indexMediaTypes, ...manifestMediaTypes].join(', ')

/**
 * Downloads a manifest and verifies its digest.
 * @param reference a tag or a digest
 * @returns undefined if the registry has no such manifest, or no such repository
 * @throws UserError if the registry refuses, or sends something else
 */
export async function getManifest(
  session: Session,
  repository: Repository,
  reference: string,
): Promise<Manifest | undefined> {
  const url = manifestPath(repository, reference)
  const request = { ...pulling(repository), method: 'GET', url, headers: { accept } } as const
  const answer = await session.send(request, [404])
  // A web server that is not a registry answers everything with 404: no tag is missing.
  refuseWebPage(repository.registry, answer)
  if (answer.status === 404) {
    answer.discard()
    return undefined
  }

  const bytes = await answer.read(manifestLimit)
  const digest = digestOf(bytes)
  const name = nameOf(repository, reference)
  if (isDigest(reference)) checkDigest(name, reference, digest)
  checkHeader(name, answer.headers['docker-content-digest'], digest)
  const parsed = parseManifest(bytes, answer.headers['content-type'] ?? '', name)
  return { bytes, digest, mediaType: parsed.mediaType, parsed }
}

/** Answers of registries that don't know this request: GET tells more. */
const unsupported = [400, 405, 501]

/**
 * Resolves a reference to a digest, without the manifest's content if the registry names its digest
 * in a header: Docker Hub does not count such a request as a pull.
 * @param reference a tag or a digest
 * @returns undefined if the registry has no such manifest, or no such repository
 * @throws UserError if the registry refuses
 */
export async function resolveManifest(
  session: Session,
  repository: Repository,
  reference: string,
): Promise<Digest | undefined> {
  const url = manifestPath(repository, reference)
  const request = { ...pulling(repository), method: 'HEAD', url, headers: { accept } } as const
  const answer = await session.send(request, [404, ...unsupported])
  answer.discard()
  if (answer.status === 404 && !isWebPage(answer)) return undefined
  const named = answer.headers['docker-content-digest']
  if (isSuccess(answer) && typeof named === 'string' && isDigest(named)) return named
  return (await getManifest(session, repository, reference))?.digest
}

/**
 * Stores a manifest under a tag, or without one if `reference` is its digest.
 * @returns the digest that the registry confirms
 * @throws UserError if the registry refuses, or returns something else for the reference afterwards
 */
export async function putManifest(
  session: Session,
  repository: Repository,
  reference: string,
  bytes: Uint8Array,
  mediaType: string,
): Promise<Digest> {
  const digest = digestOf(bytes)
  const name = nameOf(repository, reference)
  if (isDigest(reference)) checkDigest(name, reference, digest)
  const url = manifestPath(repository, reference)
  const headers = { 'content-type': mediaType }
  const answer = await session.send({ ...pushing(repository), method: 'PUT', url, headers, body: bytes })
  answer.discard()
  const confirmed = answer.headers['docker-content-digest']
  checkHeader(name, confirmed, digest)
  // Another success than the specification's may mean something else.
  if (confirmed === undefined || answer.status !== 201)
    await confirmManifest(session, repository, reference, digest)
  return digest
}

/** @throws UserError unless the registry returns the manifest with this digest for the reference */
export async function confirmManifest(
  session: Session,
  repository: Repository,
  reference: string,
  digest: Digest,
): Promise<void> {
  const stored = await getManifest(session, repository, reference)
  const name = nameOf(repository, reference)
  if (stored === undefined) {
    throw new NotThereYet(`${name} was pushed, but the registry does not have it; check the registry's log.`)
  }
  if (stored.digest !== digest) {
    throw new UserError(
      `${name} was pushed as ${digest}, but the registry has ${stored.digest} under this name; another client may have pushed it at the same time.`,
    )
  }
}

/**
 * Deletes a manifest (OCI distribution specification, "Content Management"): one named by its
 * digest in most registries with all its tags, one named by a tag only that tag, where that is
 * supported. What an index names stays.
 * @param reference a tag or a digest
 * @returns false if the registry has no such manifest, or no such repository
 * @throws UserError if the registry refuses: 400 or 405 if it does not delete at all
 */
export async function deleteManifest(
  session: Session,
  repository: Repository,
  reference: string,
): Promise<boolean> {
  const url = manifestPath(repository, reference)
  const answer = await session.send({ ...deletingFrom(repository), method: 'DELETE', url }, [404])
  refuseWebPage(repository.registry, answer)
  answer.discard()
  return answer.status !== 404
}

function manifestPath({ path }: Repository, reference: string): string {
  if (!isTag(reference) && !isDigest(reference)) {
    throw new UserError(`"${reference}" is neither a tag nor a digest.`)
  }
  return `/v2/${path}/manifests/${reference}`
}

/** @param reference a tag or a digest @returns `docker.io/aibrix/vllm-openai:v1`, `…@sha256:<hex>` */
export function nameOf(repository: Repository, reference: string): string {
  const tagOrDigest = isDigest(reference) ? { digest: reference } : { tag: reference }
  return formatReference({ ...repository, ...tagOrDigest })
}
