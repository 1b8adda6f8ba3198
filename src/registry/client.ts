import type { Repeat } from './http/session.ts'
import { createAuthenticator } from './auth/auth.ts'
import { type BlobCopy, type BlobTransfer, createBlobCopier } from './blob-copy.ts'
import { getBlob, hasBlob, putBlob } from './blobs.ts'
import type { CredentialLookup } from './auth/credentials.ts'
import type { Digest } from './content/digest.ts'
import { type ImageConfig, parseImageConfig } from './content/image-config.ts'
import type { ImageManifest } from './content/manifest.ts'
import { confirmManifest, getManifest, type Manifest, putManifest } from './manifests.ts'
import { formatReference, type Repository } from './content/reference.ts'
import { createSession } from './http/session.ts'
import { listTags } from './tags.ts'
import { createTransport, type TransportOptions } from './http/transport.ts'
import type { Timeouts } from './http/watch.ts'

/**
 * A client of OCI registries. Every method throws UserError with one sentence that names registry, repository and
 * cause, and RegistryRefusal where a registry gave an answer that says no. `reference` is a tag or a digest; limits and
 * sizes are bytes. At most 8 requests are under way at once, however many are asked for.
 */
export type RegistryClient = {
  /** @returns undefined if there is no such manifest or repository; digests are verified */
  getManifest: (repository: Repository, reference: string) => Promise<Manifest | undefined>
  /**
   * @param check called before each try, since long waits can be between them; throws if it must not be stored
   * @returns the digest that the registry confirmed
   */
  putManifest: (
    repository: Repository,
    reference: string,
    bytes: Uint8Array,
    mediaType: string,
    check?: () => Promise<void>,
  ) => Promise<Digest>
  /** Reads the manifest back; throws unless it has this digest */
  confirmManifest: (repository: Repository, reference: string, digest: Digest) => Promise<void>
  getImageConfig: (repository: Repository, manifest: ImageManifest) => Promise<ImageConfig>
  getBlob: (repository: Repository, digest: Digest, limit: number) => Promise<Buffer>
  hasBlob: (repository: Repository, digest: Digest) => Promise<boolean>
  putBlob: (repository: Repository, bytes: Uint8Array) => Promise<Digest>
  mountBlob: (blob: BlobCopy) => Promise<BlobTransfer>
  /** @returns the tags in the order of their code units; none if there is no such repository */
  listTags: (repository: Repository) => Promise<string[]>
  /** Says what will be pushed to, as soon as it is known, see `Authenticator` */
  pushesTo: (repositories: readonly Repository[]) => void
  /** Closes idle connections; the client is of no use afterwards */
  close: () => void
}

export const defaultTimeouts: Timeouts = { request: 60_000, stall: 300_000 }

/** Bytes; configurations of real images have a few kB, one with thousands of history lines less than this. */
const configLimit = 4 * 1024 * 1024

export function createRegistryClient(
  options: Omit<TransportOptions, 'timeouts'> & {
    credentials: CredentialLookup
    timeouts?: Timeouts
    /** Does what is asked of the client, again if that may help; once if left out */
    repeat?: Repeat
    /** Milliseconds, for the lifetime of tokens */
    now?: () => number
  },
): RegistryClient {
  const { credentials, timeouts = defaultTimeouts, repeat = once, now = Date.now } = options
  const transport = createTransport({ ...options, timeouts })
  const authenticator = createAuthenticator({ credentials, transport, now })
  const session = createSession(transport, authenticator)
  return {
    getManifest: (repository, reference) => repeat(() => getManifest(session, repository, reference)),
    putManifest: (repository, reference, bytes, mediaType, check) =>
      repeat(async () => {
        await check?.()
        return putManifest(session, repository, reference, bytes, mediaType)
      }),
    confirmManifest: (repository, reference, digest) =>
      repeat(() => confirmManifest(session, repository, reference, digest)),
    getImageConfig: (repository, { config: { digest } }) =>
      repeat(async () =>
        parseImageConfig(
          await getBlob(session, repository, digest, configLimit),
          formatReference({ ...repository, digest }),
        ),
      ),
    getBlob: (repository, digest, limit) => repeat(() => getBlob(session, repository, digest, limit)),
    hasBlob: (repository, digest) => repeat(() => hasBlob(session, repository, digest)),
    putBlob: (repository, bytes) => repeat(() => putBlob(session, repository, bytes)),
    mountBlob: createBlobCopier(session, repeat),
    listTags: (repository) => listTags(session, repository, repeat),
    pushesTo: authenticator.pushesTo,
    close: transport.close,
  }
}

const once: Repeat = (work) => work()
