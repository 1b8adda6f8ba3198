import { readFile, writeFile } from 'node:fs/promises'
import { UserError } from '../errors.ts'
import type { BlobFile } from './blobs.ts'
import type { Manifest } from './manifests.ts'
import type { RegistryClient } from './client.ts'
import type { Digest } from './content/digest.ts'
import type { ImageLayer, ImageManifest } from './content/manifest.ts'
import { alsoRefused, isOfTheForm } from './http/failure.ts'
import {
  createdAnnotation,
  putImageForm,
  putPart,
  readImageForm,
  typeInImageForm,
} from './content/image-form.ts'
import { mediaTypes } from './content/media-types.ts'
import { formatRepository, type Repository } from './content/reference.ts'

/** The configuration of an artifact without one (OCI image specification 1.1, manifest.md). */
const emptyConfig = Buffer.from('{}')

type Writer = Pick<RegistryClient, 'putBlob' | 'putManifest'>

type Artifact = {
  type: string
  bytes: Uint8Array | BlobFile
  created: Date
  subject?: Pick<Manifest, 'mediaType' | 'digest' | 'bytes'> | undefined
}

/** Media type, and the bytes of the longest document; a longer one is an error. */
type Kind = { type: string; limit: number }

/** Repositories that accept images only, as each client has found out. */
const imagesOnly = new WeakMap<Writer, Set<string>>()

/**
 * Stores a document under a tag, as an OCI artifact with one layer: the document, byte for byte. If
 * the registry accepts images only, it is an image with one file (`image-form.ts`). The same
 * document, subject and time give the same digest.
 * @param artifact.type media type of the document, and of the artifact
 * @param artifact.created the time in its manifest (`org.opencontainers.image.created`)
 * @param artifact.subject the image that it is about, which is in the same repository
 * @throws UserError, which is a RegistryRefusal if the registry refuses (see `isDenied`)
 */
export async function putArtifact(
  registry: Writer,
  repository: Repository,
  tag: string,
  artifact: Artifact,
): Promise<Digest> {
  const name = formatRepository(repository)
  const put = (manifest: Buffer): Promise<Digest> =>
    registry.putManifest(repository, tag, manifest, mediaTypes.ociManifest)
  const asImage = async (): Promise<Digest> => {
    // This form compresses the document in memory.
    const bytes = artifact.bytes instanceof Uint8Array ? artifact.bytes : await readFile(artifact.bytes.path)
    const subject = artifact.subject?.digest
    return put(await putImageForm(registry, repository, { ...artifact, bytes, subject }))
  }
  if (imagesOnly.get(registry)?.has(name)) return asImage()
  const manifest = await artifactManifest(registry, repository, artifact)
  try {
    return await put(manifest)
  } catch (refused) {
    if (!isOfTheForm(refused)) throw refused
    const digest = await asImage().catch((error: unknown) => {
      throw alsoRefused(refused, error, 'in the form of an image')
    })
    imagesOnly.set(registry, new Set(imagesOnly.get(registry)).add(name))
    return digest
  }
}

async function artifactManifest(
  registry: Writer,
  repository: Repository,
  { type, bytes, subject, created }: Artifact,
): Promise<Buffer> {
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    artifactType: type,
    config: await putPart(registry, repository, mediaTypes.ociEmpty, emptyConfig),
    layers: [await putPart(registry, repository, type, bytes)],
    ...(subject && {
      subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.bytes.length },
    }),
    annotations: { [createdAnnotation]: created.toISOString() },
  }
  return Buffer.from(JSON.stringify(manifest))
}

/** @returns the stored document; undefined without the tag, or for something of another type */
export async function getArtifact(
  registry: Pick<RegistryClient, 'getManifest' | 'getBlob'>,
  repository: Repository,
  tag: string,
  { type, limit }: Kind,
): Promise<Buffer | undefined> {
  const found = await findArtifact(registry, repository, tag, type)
  if (!found) return undefined
  const { manifest, layer } = found
  return layer
    ? registry.getBlob(repository, layer.digest, limit)
    : readImageForm(registry, repository, manifest, limit)
}

/**
 * Does what `getArtifact` does, but writes the document to a file.
 * @returns the digest of the artifact's manifest
 */
export async function downloadArtifact(
  registry: Pick<RegistryClient, 'getManifest' | 'getBlob' | 'downloadBlob'>,
  repository: Repository,
  tag: string,
  { type, limit }: Kind,
  path: string,
): Promise<Digest | undefined> {
  const found = await findArtifact(registry, repository, tag, type)
  if (!found) return undefined
  const { digest, manifest, layer } = found
  if (!layer) await writeFile(path, await readImageForm(registry, repository, manifest, limit))
  else if (layer.size <= limit) await registry.downloadBlob(repository, { ...layer, path })
  else throw new UserError(`${formatRepository(repository)}:${tag} has more than ${limit} bytes.`)
  return digest
}

/** @returns the media type of what an artifact stores, in both forms; for any other image, that of its only layer */
export function documentType(manifest: ImageManifest): string | undefined {
  const { artifactType, layers } = manifest
  const [layer, another] = layers
  const type = another ? undefined : layer?.mediaType
  return typeInImageForm(manifest) ?? (artifactType === undefined || artifactType === type ? type : undefined)
}

/** @returns undefined without the tag, or for something of another type; no layer in the image form */
async function findArtifact(
  registry: Pick<RegistryClient, 'getManifest'>,
  repository: Repository,
  tag: string,
  type: string,
): Promise<{ digest: Digest; manifest: ImageManifest; layer: ImageLayer | undefined } | undefined> {
  const found = await registry.getManifest(repository, tag)
  if (found?.parsed.kind !== 'image') return undefined
  const { parsed: manifest, digest } = found
  if (typeInImageForm(manifest) === type) return { digest, manifest, layer: undefined }
  const [layer] = manifest.layers
  return layer?.mediaType === type ? { digest, manifest, layer } : undefined
}

/**
 * Checks before an hour of compiling whether the registry accepts a push, by storing the two bytes
 * that are the configuration of every report.
 * @throws UserError if the registry refuses
 */
export async function checkPushAccess(
  registry: Pick<RegistryClient, 'putBlob'>,
  repositories: Repository[],
): Promise<void> {
  for (const repository of repositories) await registry.putBlob(repository, emptyConfig)
}
