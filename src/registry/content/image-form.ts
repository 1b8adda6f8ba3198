import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { UserError } from '../../errors.ts'
import type { BlobFile } from '../blobs.ts'
import type { RegistryClient } from '../client.ts'
import { Damaged } from '../http/damage.ts'
import { digestOf } from './digest.ts'
import type { ImageLayer, ImageManifest } from './manifest.ts'
import { mediaTypes } from './media-types.ts'
import type { Repository } from './reference.ts'

/** Annotation of the manifest with the document's type; the counterpart of `artifactType`. */
const kindAnnotation = 'io.aibrix.image-action.kind'
/** Annotation with the digest of the image that the document is about; as `subject` */
const subjectAnnotation = 'io.aibrix.image-action.subject'

/** Annotation with the time of storing, RFC 3339 (OCI image specification 1.1, annotations.md). */
export const createdAnnotation = 'org.opencontainers.image.created'

/** The only file of the layer */
const fileName = 'document'
/** Bytes of a tar header, and the unit of padding (POSIX, pax, ustar interchange format) */
const block = 512

/**
 * Stores the parts of a document in the form of an image: a configuration, and a layer with the
 * document as its only file. It has nothing that an image does not have, and `docker pull` accepts
 * it.
 * @returns the manifest, the same bytes for the same document
 */
export async function putImageForm(
  registry: Pick<RegistryClient, 'putBlob'>,
  repository: Repository,
  document: { type: string; bytes: Uint8Array; created: Date; subject?: string | undefined },
): Promise<Buffer> {
  const archive = await tarOf(document.bytes)
  const layer = await promisify(gzip)(archive, { level: 1 })
  const created = new Date(0).toISOString()
  const config = Buffer.from(
    JSON.stringify({
      created,
      architecture: 'amd64',
      os: 'linux',
      config: {},
      rootfs: { type: 'layers', diff_ids: [digestOf(archive)] },
      history: [{ created, created_by: 'aibrix image-action', comment: document.type }],
    }),
  )
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: await putPart(registry, repository, mediaTypes.ociConfig, config),
    layers: [await putPart(registry, repository, mediaTypes.ociLayerGzip, layer)],
    annotations: {
      [kindAnnotation]: document.type,
      [createdAnnotation]: document.created.toISOString(),
      ...(document.subject !== undefined && { [subjectAnnotation]: document.subject }),
    },
  }
  return Buffer.from(JSON.stringify(manifest))
}

/** Uploads a configuration or a layer. @returns its descriptor */
export async function putPart(
  registry: Pick<RegistryClient, 'putBlob'>,
  repository: Repository,
  mediaType: string,
  content: Uint8Array | BlobFile,
): Promise<ImageLayer> {
  const size = content instanceof Uint8Array ? content.length : content.size
  return { mediaType, digest: await registry.putBlob(repository, content), size }
}

/** @returns the type of the document in a manifest that `putImageForm` made; undefined for any other */
export function typeInImageForm({ annotations }: ImageManifest): string | undefined {
  return annotations[kindAnnotation]
}

/**
 * @param limit bytes of the document; a longer one is an error
 * @throws UserError if the layer is not from `putImageForm`
 */
export async function readImageForm(
  registry: Pick<RegistryClient, 'getBlob'>,
  repository: Repository,
  { layers: [layer] }: ImageManifest,
  limit: number,
): Promise<Buffer> {
  const broken = (cause?: unknown): Damaged =>
    new Damaged('a document that is stored as an image is broken; its layer is not one file.', { cause })
  if (!layer) throw broken()
  // Incompressible data gets a little longer.
  const compressed = await registry.getBlob(repository, layer.digest, limit + 2 * block + limit / 100)
  const most = Math.ceil(limit / block) * block + 3 * block
  const archive = await promisify(gunzip)(compressed, { maxOutputLength: most }).catch((error: unknown) => {
    throw broken(error)
  })
  if (archive.length < block) throw broken()
  const { Header } = await import('tar')
  const { size, path, cksumValid } = new Header(archive)
  if (!cksumValid || path !== fileName || size === undefined || block + size > archive.length) throw broken()
  if (size > limit) throw new UserError(`a document that is stored as an image has more than ${limit} bytes.`)
  return archive.subarray(block, block + size)
}

async function tarOf(bytes: Uint8Array): Promise<Buffer> {
  const { Header } = await import('tar')
  // Padded, with two empty blocks at the end.
  const archive = Buffer.alloc((1 + Math.ceil(bytes.length / block) + 2) * block)
  const owner = { uid: 0, gid: 0, mode: 0o644, mtime: new Date(0) }
  new Header({ path: fileName, type: 'File', size: bytes.length, ...owner }).encode(archive)
  archive.set(bytes, block)
  return archive
}
