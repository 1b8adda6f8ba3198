import { UserError } from '../errors.ts'
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { checkDigest, checkHeader, Damaged, LostUpload, NotThereYet } from './http/damage.ts'
import { type Digest, digestOf } from './content/digest.ts'
import { RegistryRefusal } from './http/failure.ts'
import { formatRepository, type Repository } from './content/reference.ts'
import { follow } from './http/redirect.ts'
import { type Access, pulling, pushing, type Session } from './http/session.ts'
import { type HttpAnswer, isSuccess } from './http/answer.ts'
import type { HttpRequest } from './http/transport.ts'

/** A blob, as manifests name it; size in bytes. */
export type NamedBlob = { digest: Digest; size: number }

/** A blob in a file, which need not fit into memory. */
export type BlobFile = NamedBlob & { path: string }

/** Error codes for an upload that a registry has lost, or of which it lacks bytes */
const lostCodes = ['BLOB_UPLOAD_UNKNOWN', 'BLOB_UPLOAD_INVALID', 'DIGEST_INVALID', 'SIZE_INVALID']

/**
 * Downloads a blob and verifies its digest.
 * @param limit bytes; a longer blob is an error
 * @throws UserError if the registry refuses, has no such blob, or sends other bytes
 */
export async function getBlob(
  session: Session,
  repository: Repository,
  digest: Digest,
  limit: number,
): Promise<Buffer> {
  const answer = await openBlob(session, repository, digest, 'request')
  // Storage may label a blob "gzip" that is a compressed archive itself.
  const bytes = await answer.read(limit, (raw) => digestOf(raw) === digest)
  checkDigest(`a blob of ${formatRepository(repository)}`, digest, digestOf(bytes))
  return bytes
}

/**
 * Downloads a blob into a file, and verifies size and digest.
 * @throws UserError if the registry refuses, has no such blob, or sends other bytes
 */
export async function downloadBlob(
  session: Session,
  repository: Repository,
  { path, ...blob }: BlobFile,
): Promise<void> {
  const answer = await openBlob(session, repository, blob.digest, 'stall')
  await pipeline(exactBytes(answer, repository, blob), createWriteStream(path))
}

/**
 * The bytes of a blob as they arrive. The last ones follow only if size and digest are right, so
 * that an upload of other bytes is never complete.
 * @throws Damaged if size or digest are wrong
 */
export async function* exactBytes(
  answer: HttpAnswer,
  repository: Repository,
  { digest, size }: NamedBlob,
): AsyncGenerator<Buffer> {
  const hash = createHash('sha256')
  const name = `blob ${digest} of ${formatRepository(repository)}`
  let seen = 0
  // Storage may label a compressed layer "gzip"; then the answer is as long as the layer.
  const isTheLayer = answer.headers['content-length'] === String(size)
  for await (const chunk of answer.stream(isTheLayer)) {
    seen += chunk.length
    if (seen > size) break
    hash.update(chunk)
    if (seen === size) checkDigest(name, digest, `sha256:${hash.digest('hex')}`)
    yield chunk
  }
  if (seen !== size) {
    throw new Damaged(
      `${name} does not have the ${size} bytes that its manifest states; push the image again.`,
    )
  }
}

/** Requests a blob without reading or verifying it. */
export async function openBlob(
  session: Session,
  repository: Repository,
  digest: Digest,
  timeout: 'request' | 'stall',
): Promise<HttpAnswer> {
  const url = blobPath(repository, digest)
  const answer = await session.send({ ...pulling(repository), method: 'GET', url, timeout }, [404])
  if (isSuccess(answer)) return answer
  answer.discard()
  throw new UserError(`${formatRepository(repository)} has no blob ${digest}; push the image again.`)
}

export async function hasBlob(session: Session, repository: Repository, digest: Digest): Promise<boolean> {
  const url = blobPath(repository, digest)
  const answer = await session.send({ ...pulling(repository), method: 'HEAD', url }, [404])
  answer.discard()
  return isSuccess(answer)
}

/** Uploads bytes unless the repository has them. @returns their digest */
export async function putBlob(
  session: Session,
  repository: Repository,
  content: Uint8Array | BlobFile,
): Promise<Digest> {
  const isInMemory = content instanceof Uint8Array
  const digest = isInMemory ? digestOf(content) : content.digest
  if (await hasBlob(session, repository, digest)) return digest
  const access = pushing(repository)
  const address = await startUpload(session, repository)
  const size = isInMemory ? content.length : content.size
  // In small portions, because larger ones stay in memory longer.
  const read = (path: string): AsyncIterable<Uint8Array> => createReadStream(path, { highWaterMark: 16_384 })
  const body = isInMemory ? content : () => read(content.path)
  await finishUpload(session, access, address, { repository, digest, body, size })
  return digest
}

/** Starts an upload. @returns the address to send the bytes to */
export async function startUpload(session: Session, repository: Repository): Promise<URL> {
  const access = pushing(repository)
  const answer = await session.send({ ...access, method: 'POST', url: uploadsPath(repository) })
  answer.discard()
  return uploadAddress(access, answer)
}

export function uploadsPath({ path }: Repository): string {
  return `/v2/${path}/blobs/uploads/`
}

/** @returns the address of an upload, perhaps on another host, which gets no credentials */
export function uploadAddress({ purpose }: Access, answer: HttpAnswer): URL {
  const { location } = answer.headers
  if (location === undefined) {
    throw new UserError(
      `registry ${purpose.registry} returned no address for ${purpose.action}; check that it is a registry.`,
    )
  }
  return follow(purpose, answer.url, location)
}

export async function finishUpload(
  session: Session,
  access: Access,
  address: URL,
  blob: { repository: Repository; digest: Digest; size: number; body: NonNullable<HttpRequest['body']> },
): Promise<void> {
  const { repository, digest, body, size } = blob
  const url = new URL(address)
  url.searchParams.set('digest', digest)
  const headers = { 'content-type': 'application/octet-stream', 'content-length': size }
  const answer = await session
    .send({ ...access, method: 'PUT', url, headers, body, timeout: 'stall' })
    .catch((error: unknown) => {
      throw isLostUpload(error)
        ? new LostUpload(`${error.problem}; the registry lost the upload or part of it, try later.`)
        : error
    })
  answer.discard()
  checkHeader(`the blob of ${access.purpose.action}`, answer.headers['docker-content-digest'], digest)
  // Another success than the specification's may mean something else.
  if (answer.status !== 201 && !(await hasBlob(session, repository, digest)))
    throw new NotThereYet(
      `${formatRepository(repository)} accepted the blob ${digest} but does not have it; check the registry's log.`,
    )
}

/** An upload that was started a moment ago exists, and the digest of what we send is right. */
function isLostUpload(error: unknown): error is RegistryRefusal {
  if (!(error instanceof RegistryRefusal)) return false
  return error.status === 404 || error.status === 416 || lostCodes.includes(error.code ?? '')
}

function blobPath({ path }: Repository, digest: Digest): string {
  return `/v2/${path}/blobs/${digest}`
}
