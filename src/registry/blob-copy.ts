import { UserError } from '../errors.ts'
import type { WithRetries } from '../system/index.ts'
import {
  exactBytes,
  finishUpload,
  hasBlob,
  openBlob,
  startUpload,
  uploadAddress,
  uploadsPath,
} from './blobs.ts'
import { type Access, pullFrom, pushing, type Session } from './http/session.ts'
import type { Digest } from './content/digest.ts'
import { alsoRefused } from './http/failure.ts'
import { formatRepository, type Repository } from './content/reference.ts'

/** How a blob got into a repository: it existed, it was mounted, or its bytes were streamed. */
export type BlobTransfer = 'exists' | 'mounted' | 'streamed'

/** A blob to copy; size in bytes. */
export type BlobCopy = { from: Repository; to: Repository; digest: Digest; size: number }

/**
 * Copies blobs between repositories. Within one registry a blob is mounted, which moves no bytes.
 * Across registries, and if the registry does not mount (it opens an upload instead, or refuses in
 * any way), the bytes are streamed. After a mount was refused and an upload was not, the same pair
 * of repositories gets no further mount request.
 * @returns throws UserError if a registry refuses both, or if the source has the wrong size
 */
export function createBlobCopier(
  session: Session,
  withRetries: WithRetries,
): (blob: BlobCopy) => Promise<BlobTransfer> {
  const noMounts = new Set<string>()
  const stream = (blob: BlobCopy): Promise<BlobTransfer> =>
    withRetries(() => session.copying(() => upload(session, blob)))
  return async (blob) => {
    const { from, to } = blob
    const pair = `${formatRepository(from)} ${formatRepository(to)}`
    if (from.registry !== to.registry || noMounts.has(pair)) return stream(blob)
    if (from.path === to.path) return 'exists'
    let refused: UserError | undefined
    try {
      return await withRetries(() =>
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

/**
 * Mounts a blob if its registry does that, without moving any bytes. The upload that a registry
 * opens instead is left to expire.
 * @returns whether it is in the repository now
 */
export async function tryMount(session: Session, blob: BlobCopy): Promise<boolean> {
  return (await mount(session, blob)) === 'mounted'
}

type Upload = { access: Access; address: URL }

async function mount(session: Session, { from, to, digest }: BlobCopy): Promise<'mounted' | Upload> {
  const push = pushing(to)
  const access: Access = { ...push, scopes: [...push.scopes, pullFrom(from)] }
  const query = `?mount=${digest}&from=${encodeURIComponent(from.path)}`
  const answer = await session.send({ ...access, method: 'POST', url: uploadsPath(to) + query })
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
    const body = exactBytes(source, from, blob)
    await finishUpload(session, access, address, { repository: to, digest, body, size })
  } finally {
    source.discard()
  }
  return 'streamed'
}
