import { createHash } from 'node:crypto'
import { UserError } from '../errors.ts'
import { checkDigest, checkHeader, Damaged, LostUpload } from './damage.ts'
import { type Digest, digestOf } from './digest.ts'
import type { RegistryRefusal } from './failure.ts'
import { formatRepository, type Repository } from './reference.ts'
import { follow, pulling, pullFrom, pushing, type RegistryRequest, type Session } from './session.ts'
import type { HttpAnswer } from './transport.ts'

/** How a blob came to be where it is wanted: it was there, it was mounted, or its bytes travelled. */
export type BlobTransfer = 'exists' | 'mounted' | 'streamed'

/** A blob that is to be in `to` as it is in `from`; size in bytes. */
export type BlobCopy = { from: Repository; to: Repository; digest: Digest; size: number }

/** What registries call an upload that they know nothing of any more, or of which they have not all bytes. */
const lostCodes = ['BLOB_UPLOAD_UNKNOWN', 'BLOB_UPLOAD_INVALID', 'DIGEST_INVALID', 'SIZE_INVALID']

type Access = Pick<RegistryRequest, 'purpose' | 'scopes'>

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
  const bytes = await answer.read(limit)
  checkDigest(`a blob of ${formatRepository(repository)}`, digest, digestOf(bytes))
  return bytes
}

async function openBlob(
  session: Session,
  repository: Repository,
  digest: Digest,
  timeout: 'request' | 'stall',
): Promise<HttpAnswer> {
  const access = pulling(repository)
  const answer = await session.send({ ...access, method: 'GET', url: blobPath(repository, digest), timeout })
  if (answer.status === 200) return answer
  if (answer.status !== 404) throw await session.refusal(access, answer)
  answer.discard()
  throw new UserError(`${formatRepository(repository)} has no blob ${digest}; push the image again.`)
}

export async function hasBlob(session: Session, repository: Repository, digest: Digest): Promise<boolean> {
  const access = pulling(repository)
  const answer = await session.send({ ...access, method: 'HEAD', url: blobPath(repository, digest) })
  if (answer.status !== 200 && answer.status !== 404) throw await session.refusal(access, answer)
  answer.discard()
  return answer.status === 200
}

/** Uploads bytes unless the repository has them. Returns their digest. */
export async function putBlob(session: Session, repository: Repository, bytes: Uint8Array): Promise<Digest> {
  const digest = digestOf(bytes)
  if (await hasBlob(session, repository, digest)) return digest
  const access = pushing(repository)
  const answer = await session.send({
    ...access,
    method: 'POST',
    url: `/v2/${repository.path}/blobs/uploads/`,
  })
  if (answer.status !== 202) throw await session.refusal(access, answer)
  answer.discard()
  await finishUpload(session, access, uploadAddress(access, answer), digest, bytes, bytes.length)
  return digest
}

/**
 * Makes a blob of one repository one of another. In one registry it is mounted, which moves no bytes; where the registry
 * does not want to (it answers 202 and opens an upload instead), and across registries, the bytes are streamed.
 * @throws UserError if a registry refuses, or if the source has another size than it should
 */
export function mountBlob(session: Session, blob: BlobCopy): Promise<BlobTransfer> {
  return session.copying(() => transfer(session, blob))
}

async function transfer(session: Session, blob: BlobCopy): Promise<BlobTransfer> {
  const { from, to, digest, size } = blob
  const isSameRegistry = from.registry === to.registry
  if (isSameRegistry && from.path === to.path) return 'exists'
  if (!isSameRegistry && (await hasBlob(session, to, digest))) return 'exists'
  const push = pushing(to)
  const access: Access = isSameRegistry ? { ...push, scopes: [...push.scopes, pullFrom(from)] } : push
  const uploads = `/v2/${to.path}/blobs/uploads/`
  const mount = `?mount=${digest}&from=${encodeURIComponent(from.path)}`
  const answer = await session.send({
    ...access,
    method: 'POST',
    url: isSameRegistry ? uploads + mount : uploads,
  })
  if (answer.status === 201) {
    answer.discard()
    return 'mounted'
  }
  if (answer.status !== 202) throw await session.refusal(access, answer)
  answer.discard()
  const source = await openBlob(session, from, digest, 'stall')
  try {
    await finishUpload(session, access, uploadAddress(access, answer), digest, exactly(source, blob), size)
  } finally {
    source.discard()
  }
  return 'streamed'
}

/**
 * The last bytes are given only if all together are what they should be, so that an upload of others is never complete.
 * @throws Damaged
 */
async function* exactly(source: HttpAnswer, { from, digest, size }: BlobCopy): AsyncGenerator<Buffer> {
  const hash = createHash('sha256')
  const name = `blob ${digest} of ${formatRepository(from)}`
  let seen = 0
  for await (const chunk of source.stream()) {
    seen += chunk.length
    if (seen > size) break
    hash.update(chunk)
    if (seen === size) checkDigest(name, digest, `sha256:${hash.digest('hex')}`)
    yield chunk
  }
  if (seen !== size) {
    throw new Damaged(`${name} has not the ${size} bytes that its manifest says; push the image again.`)
  }
}

/** The address is the registry's choice and may be relative, or on another host (which gets no credentials). */
function uploadAddress({ purpose }: Access, answer: HttpAnswer): URL {
  const { location } = answer.headers
  if (location === undefined) {
    throw new UserError(
      `registry ${purpose.registry} names no address for ${purpose.action}; is it a registry?`,
    )
  }
  return follow(purpose, answer.url, location)
}

async function finishUpload(
  session: Session,
  access: Access,
  address: URL,
  digest: Digest,
  body: Uint8Array | AsyncIterable<Uint8Array>,
  size: number,
): Promise<void> {
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
  if (answer.status !== 201) throw lostOrRefused(await session.refusal(access, answer))
  answer.discard()
  checkHeader(`the blob of ${access.purpose.action}`, answer.headers['docker-content-digest'], digest)
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
