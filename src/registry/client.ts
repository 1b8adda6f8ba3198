import type { WithRetries } from '../system/index.ts'
import { createAuthenticator } from './auth/auth.ts'
import { type BlobCopy, type BlobTransfer, createBlobCopier, tryMount } from './blob-copy.ts'
import { type BlobFile, downloadBlob, getBlob, hasBlob, putBlob } from './blobs.ts'
import type { CredentialLookup } from './auth/credentials.ts'
import type { Digest } from './content/digest.ts'
import { type ImageConfig, parseImageConfig } from './content/image-config.ts'
import type { Descriptor } from './content/manifest.ts'
import {
  confirmManifest,
  deleteManifest,
  getManifest,
  type Manifest,
  putManifest,
  resolveManifest,
} from './manifests.ts'
import { formatReference, type Repository } from './content/reference.ts'
import { listReferrers } from './referrers.ts'
import { createSession } from './http/session.ts'
import { listTags } from './tags.ts'
import { createTransport, type TransportOptions } from './http/transport.ts'
import type { Timeouts } from './http/watch.ts'

/**
 * A client of OCI registries. Every method throws UserError with one sentence that names registry,
 * repository and reason, which is a RegistryRefusal for an error response. `reference` is a tag or
 * a digest; limits and sizes are bytes. At most 8 requests are in flight, however many were made.
 */
export type RegistryClient = {
  /** @returns undefined if there is no such manifest or repository; digests are verified */
  getManifest: (repository: Repository, reference: string) => Promise<Manifest | undefined>
  /**
   * @param check called before each attempt, perhaps long after the last; throws to prevent it
   * @returns the digest that the registry confirmed
   */
  putManifest: (
    repository: Repository,
    reference: string,
    bytes: Uint8Array,
    mediaType: string,
    check?: () => Promise<void>,
  ) => Promise<Digest>
  /** Reads the manifest back. Throws unless it has this digest */
  confirmManifest: (repository: Repository, reference: string, digest: Digest) => Promise<void>
  /**
   * By digest, with all its tags in most registries; by tag, only that tag
   * @returns false if there is no such manifest or repository
   */
  deleteManifest: (repository: Repository, reference: string) => Promise<boolean>
  /**
   * As cheap as the registry allows, and not counted as a pull by Docker Hub: the digest is the
   * registry's word, and verified when the manifest is read by it
   * @returns undefined if there is no such manifest or repository
   */
  resolveTag: (repository: Repository, reference: string) => Promise<Digest | undefined>
  getImageConfig: (
    repository: Repository,
    manifest: { config: Pick<Descriptor, 'digest'> },
  ) => Promise<ImageConfig>
  getBlob: (repository: Repository, digest: Digest, limit: number) => Promise<Buffer>
  /** Into a file, which it creates or overwrites */
  downloadBlob: (repository: Repository, blob: BlobFile) => Promise<void>
  hasBlob: (repository: Repository, digest: Digest) => Promise<boolean>
  putBlob: (repository: Repository, content: Uint8Array | BlobFile) => Promise<Digest>
  mountBlob: (blob: BlobCopy) => Promise<BlobTransfer>
  /** As `mountBlob` within one registry, but moves no bytes. @returns whether it was mounted */
  tryMount: (blob: BlobCopy) => Promise<boolean>
  /** @returns the tags in code unit order; none if there is no such repository */
  listTags: (repository: Repository) => Promise<string[]>
  /** @returns what refers to the manifest; undefined if the registry has no referrers API */
  listReferrers: (repository: Repository, digest: Digest) => Promise<Descriptor[] | undefined>
  /** Announces the repositories to push to as soon as they are known, see `Authenticator` */
  pushesTo: (repositories: readonly Repository[]) => void
  /** Closes idle connections; ends the use of the client */
  close: () => void
}

export const defaultTimeouts: Timeouts = { request: 60_000, stall: 300_000 }

/** Bytes; real configurations have a few kB, one with thousands of history lines less than this. */
const configLimit = 4 * 1024 * 1024

export function createRegistryClient(
  options: Omit<TransportOptions, 'timeouts'> & {
    credentials: CredentialLookup
    timeouts?: Timeouts
    /** Default: no retries. Between attempts no request is in flight and no slot is held */
    withRetries?: WithRetries
    /** The clock for the lifetime of tokens, in milliseconds */
    now?: () => number
  },
): RegistryClient {
  const { credentials, timeouts = defaultTimeouts, withRetries = once, now = Date.now } = options
  const transport = createTransport({ ...options, timeouts })
  const authenticator = createAuthenticator({ credentials, transport, now })
  const session = createSession(transport, authenticator)
  return {
    getManifest: (repository, reference) => withRetries(() => getManifest(session, repository, reference)),
    putManifest: (repository, reference, bytes, mediaType, check) =>
      withRetries(async () => {
        await check?.()
        return putManifest(session, repository, reference, bytes, mediaType)
      }),
    confirmManifest: (repository, reference, digest) =>
      withRetries(() => confirmManifest(session, repository, reference, digest)),
    deleteManifest: (repository, reference) =>
      withRetries(() => deleteManifest(session, repository, reference)),
    resolveTag: (repository, reference) => withRetries(() => resolveManifest(session, repository, reference)),
    getImageConfig: (repository, { config: { digest } }) =>
      withRetries(async () =>
        parseImageConfig(
          await getBlob(session, repository, digest, configLimit),
          formatReference({ ...repository, digest }),
        ),
      ),
    getBlob: (repository, digest, limit) => withRetries(() => getBlob(session, repository, digest, limit)),
    downloadBlob: (repository, blob) => withRetries(() => downloadBlob(session, repository, blob)),
    hasBlob: (repository, digest) => withRetries(() => hasBlob(session, repository, digest)),
    putBlob: (repository, content) => withRetries(() => putBlob(session, repository, content)),
    mountBlob: createBlobCopier(session, withRetries),
    tryMount: (blob) => withRetries(() => session.copying(() => tryMount(session, blob))),
    listTags: (repository) => listTags(session, repository, withRetries),
    listReferrers: (repository, digest) => listReferrers(session, repository, digest, withRetries),
    pushesTo: authenticator.pushesTo,
    close: transport.close,
  }
}

const once: WithRetries = (work) => work()
