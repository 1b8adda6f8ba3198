import type { Manifest } from './manifests.ts'
import type { RegistryClient } from './client.ts'
import type { Digest } from './content/digest.ts'
import { alsoRefused, isOfTheForm } from './http/failure.ts'
import { createdAnnotation, isImageForm, putImageForm, putPart, readImageForm } from './content/image-form.ts'
import { mediaTypes } from './content/media-types.ts'
import { formatRepository, type Repository } from './content/reference.ts'

/** The configuration of an artifact without one (OCI image specification 1.1, manifest.md). */
const emptyConfig = Buffer.from('{}')

type Writer = Pick<RegistryClient, 'putBlob' | 'putManifest'>

type Artifact = {
  type: string
  bytes: Uint8Array
  created: Date
  subject?: Pick<Manifest, 'mediaType' | 'digest' | 'bytes'> | undefined
}

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
  const asImage = async (): Promise<Digest> =>
    put(await putImageForm(registry, repository, { ...artifact, subject: artifact.subject?.digest }))
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

/**
 * @param artifact.limit bytes; a longer document is an error
 * @returns the stored document; undefined without the tag, or for something of another type
 */
export async function getArtifact(...args: Parameters<typeof readArtifact>): Promise<Buffer | undefined> {
  return (await readArtifact(...args))?.bytes
}

/** @returns what `getArtifact` does, with the digest of the artifact's manifest */
export async function readArtifact(
  registry: Pick<RegistryClient, 'getManifest' | 'getBlob'>,
  repository: Repository,
  tag: string,
  { type, limit }: { type: string; limit: number },
): Promise<{ bytes: Buffer; digest: Digest } | undefined> {
  const manifest = await registry.getManifest(repository, tag)
  if (manifest?.parsed.kind !== 'image') return undefined
  const { parsed, digest } = manifest
  if (isImageForm(parsed, type))
    return { bytes: await readImageForm(registry, repository, parsed, limit), digest }
  const [layer] = parsed.layers
  if (layer?.mediaType !== type) return undefined
  return { bytes: await registry.getBlob(repository, layer.digest, limit), digest }
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
