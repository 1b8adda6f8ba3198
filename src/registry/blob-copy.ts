import { createHash } from 'node:crypto'
import { UserError } from '../errors.ts'
import {
  type Access,
  finishUpload,
  hasBlob,
  openBlob,
  startUpload,
  uploadAddress,
  uploadsPath,
} from './blobs.ts'
import { type Repeat, pullFrom, pushing, type Session } from './http/session.ts'
import { checkDigest, Damaged } from './http/damage.ts'
import type { Digest } from './content/digest.ts'
import { alsoRefused } from './http/failure.ts'
import { formatRepository, type Repository } from './content/reference.ts'
import { type HttpAnswer, isSuccess } from './http/transport.ts'

/** How a blob came to be where it is wanted: it was there, it was mounted, or its bytes travelled. */
export type BlobTransfer = 'exists' | 'mounted' | 'streamed'

/** A blob that is to be in `to` as it is in `from`; size in bytes. */
export type BlobCopy = { from: Repository; to: Repository; digest: Digest; size: number }

/**
 * Makes blobs of one repository ones of another. In one registry a blob is mounted, which moves no bytes. Where the registry does not want
 * to (it opens an upload instead, or refuses, in whatever way), and across registries, the bytes are streamed. Where a mount was
 * refused and an upload was not, that repository is not asked for mounts again.
 * @param repeat does what is asked, again if that may help
 * @returns throws UserError if a registry refuses both, or if the source has another size than it should
 */
export function createBlobCopier(
  session: Session,
  repeat: Repeat,
): (blob: BlobCopy) => Promise<BlobTransfer> {
  const noMounts = new Set<string>()
  const stream = (blob: BlobCopy): Promise<BlobTransfer> =>
    repeat(() => session.copying(() => upload(session, blob)))
  return async (blob) => {
    const { from, to } = blob
    const pair = `${formatRepository(from)} ${formatRepository(to)}`
    if (from.registry !== to.registry || noMounts.has(pair)) return stream(blob)
    if (from.path === to.path) return 'exists'
    let refused: UserError | undefined
    try {
      return await repeat(() =>
        session.copying(async () => {
          refused = undefined
          const mounted = await mount(session, blob).catch((error: unknown) => {
            if (error instanceof UserError) refused = error
            throw error
          })
          return mounted === 'mounted' ? mounted : finish(session, blob, mounted)
        }),
      )
    } catch (error) {
      if (refused === undefined) throw error
      const transfer = await stream(blob).catch((error: unknown) => {
        throw refused ? alsoRefused(refused, error, 'by upload instead of a mount') : error
      })
      noMounts.add(pair)
      return transfer
    }
  }
}

/** Where bytes are to be sent. */
type Upload = { access: Access; address: URL }

async function mount(session: Session, { from, to, digest }: BlobCopy): Promise<'mounted' | Upload> {
  const push = pushing(to)
  const access: Access = { ...push, scopes: [...push.scopes, pullFrom(from)] }
  const query = `?mount=${digest}&from=${encodeURIComponent(from.path)}`
  const answer = await session.send({ ...access, method: 'POST', url: uploadsPath(to) + query })
  if (!isSuccess(answer)) throw await session.refusal(access, answer)
  answer.discard()
  if (answer.status === 201) return 'mounted'
  // Another success than the specification's may mean either.
  if (answer.status !== 202 && (await hasBlob(session, to, digest))) return 'mounted'
  return { access, address: uploadAddress(access, answer) }
}

async function upload(session: Session, blob: BlobCopy): Promise<BlobTransfer> {
  const { to, digest } = blob
  if (await hasBlob(session, to, digest)) return 'exists'
  return finish(session, blob, { access: pushing(to), address: await startUpload(session, to) })
}

async function finish(session: Session, blob: BlobCopy, { access, address }: Upload): Promise<'streamed'> {
  const { from, to, digest, size } = blob
  const source = await openBlob(session, from, digest, 'stall')
  try {
    const body = exactly(source, blob)
    await finishUpload(session, access, address, { repository: to, digest, body, size })
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
  // Storage may say "gzip" of what is a compressed layer: then it is as long as the layer.
  const isTheLayer = source.headers['content-length'] === String(size)
  for await (const chunk of source.stream(isTheLayer)) {
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
