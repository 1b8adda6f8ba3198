import { UserError } from '../errors.ts'
import { checkDigest, checkHeader, LostUpload, NotThereYet } from './http/damage.ts'
import { type Digest, digestOf } from './content/digest.ts'
import type { RegistryRefusal } from './http/failure.ts'
import { formatRepository, type Repository } from './content/reference.ts'
import { follow } from './http/redirect.ts'
import { pulling, pushing, type RegistryRequest, type Session } from './http/session.ts'
import { type HttpAnswer, isSuccess } from './http/transport.ts'

/** What registries call an upload that they know nothing of any more, or of which they have not all bytes. */
const lostCodes = ['BLOB_UPLOAD_UNKNOWN', 'BLOB_UPLOAD_INVALID', 'DIGEST_INVALID', 'SIZE_INVALID']

export type Access = Pick<RegistryRequest, 'purpose' | 'scopes'>

/**
 * @param limit bytes; a longer blob is an error
 * @throws UserError if the registry refuses, has no such blob, or sends other bytes than asked for
 */
export async function getBlob(
  session: Session,
  repository: Repository,
  digest: Digest,
  limit: number,
): Promise<Buffer> {
  const answer = await openBlob(session, repository, digest, 'request')
  // Storage may say "gzip" of a blob that is a compressed archive itself.
  const bytes = await answer.read(limit, (raw) => digestOf(raw) === digest)
  checkDigest(`a blob of ${formatRepository(repository)}`, digest, digestOf(bytes))
  return bytes
}

/** As `getBlob`, not read yet and not compared. */
export async function openBlob(
  session: Session,
  repository: Repository,
  digest: Digest,
  timeout: 'request' | 'stall',
): Promise<HttpAnswer> {
  const access = pulling(repository)
  const answer = await session.send({ ...access, method: 'GET', url: blobPath(repository, digest), timeout })
  if (isSuccess(answer)) return answer
  if (answer.status !== 404) throw await session.refusal(access, answer)
  answer.discard()
  throw new UserError(`${formatRepository(repository)} has no blob ${digest}; push the image again.`)
}

export async function hasBlob(session: Session, repository: Repository, digest: Digest): Promise<boolean> {
  const access = pulling(repository)
  const answer = await session.send({ ...access, method: 'HEAD', url: blobPath(repository, digest) })
  if (!isSuccess(answer) && answer.status !== 404) throw await session.refusal(access, answer)
  answer.discard()
  return isSuccess(answer)
}

/** Uploads bytes unless the repository has them. Returns their digest. */
export async function putBlob(session: Session, repository: Repository, bytes: Uint8Array): Promise<Digest> {
  const digest = digestOf(bytes)
  if (await hasBlob(session, repository, digest)) return digest
  const access = pushing(repository)
  const address = await startUpload(session, repository)
  await finishUpload(session, access, address, { repository, digest, body: bytes, size: bytes.length })
  return digest
}

/** @returns where the bytes are to be sent */
export async function startUpload(session: Session, repository: Repository): Promise<URL> {
  const access = pushing(repository)
  const answer = await session.send({ ...access, method: 'POST', url: uploadsPath(repository) })
  if (!isSuccess(answer)) throw await session.refusal(access, answer)
  answer.discard()
  return uploadAddress(access, answer)
}

export function uploadsPath({ path }: Repository): string {
  return `/v2/${path}/blobs/uploads/`
}

/** The address is the registry's choice and may be relative, or on another host (which gets no credentials). */
export function uploadAddress({ purpose }: Access, answer: HttpAnswer): URL {
  const { location } = answer.headers
  if (location === undefined) {
    throw new UserError(
      `registry ${purpose.registry} names no address for ${purpose.action}; is it a registry?`,
    )
  }
  return follow(purpose, answer.url, location)
}

export async function finishUpload(
  session: Session,
  access: Access,
  address: URL,
  blob: {
    repository: Repository
    digest: Digest
    body: Uint8Array | AsyncIterable<Uint8Array>
    size: number
  },
): Promise<void> {
  const { repository, digest, body, size } = blob
  const url = new URL(address)
  url.searchParams.set('digest', digest)
  const answer = await session.send({
    ...access,
    method: 'PUT',
    url,
    headers: { 'content-type': 'application/octet-stream', 'content-length': size },
    body,
    timeout: 'stall',
  })
  if (!isSuccess(answer)) throw lostOrRefused(await session.refusal(access, answer))
  answer.discard()
  checkHeader(`the blob of ${access.purpose.action}`, answer.headers['docker-content-digest'], digest)
  // Another success than the specification's may mean another thing.
  if (answer.status !== 201 && !(await hasBlob(session, repository, digest)))
    throw new NotThereYet(
      `${formatRepository(repository)} took the blob ${digest}, and does not have it; look at the registry's log.`,
    )
}

/** Where an upload was begun a moment ago there can be no "no such upload", nor a wrong digest of what we sent. */
function lostOrRefused(refusal: RegistryRefusal): Error {
  const isLost = refusal.status === 404 || refusal.status === 416
  if (!isLost && !lostCodes.includes(refusal.code ?? '')) return refusal
  return new LostUpload(`${refusal.problem}; the registry lost the upload, or bytes of it, try later.`)
}

function blobPath({ path }: Repository, digest: Digest): string {
  return `/v2/${path}/blobs/${digest}`
}
