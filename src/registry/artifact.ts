import type { Manifest } from './manifests.ts'
import type { RegistryClient } from './client.ts'
import type { Digest } from './content/digest.ts'
import { alsoRefused, isOfTheForm } from './http/failure.ts'
import { createdAnnotation, isImageForm, putImageForm, readImageForm } from './content/image-form.ts'
import { mediaTypes } from './content/media-types.ts'
import { formatRepository, type Repository } from './content/reference.ts'

/** What the descriptor of an artifact without a configuration points to (OCI image specification 1.1, manifest.md). */
export const emptyConfig = Buffer.from('{}')

type Writer = Pick<RegistryClient, 'putBlob' | 'putManifest'>

type Artifact = {
  type: string
  bytes: Uint8Array
  created: Date
  subject?: Pick<Manifest, 'mediaType' | 'digest' | 'bytes'> | undefined
}

/** Repositories that take images and nothing else, as each client has found out. */
const imagesOnly = new WeakMap<Writer, Set<string>>()

/**
 * Stores a document under a tag, as an OCI artifact with one layer: the document, byte for byte. Where the registry
 * takes images and no other artifacts, it is an image with one file in it (`image-form.ts`). The same document (with the same
 * subject and time) gives the same digest.
 * @param artifact.type media type of the document, and of the artifact
 * @param artifact.created when it is written, which its manifest says (`org.opencontainers.image.created`)
 * @param artifact.subject the image that it is about, as the same repository has it
 * @throws UserError, which is a RegistryRefusal if the registry does not want to (see `isDenied`)
 */
export async function putArtifact(
  client: Writer,
  repository: Repository,
  tag: string,
  artifact: Artifact,
): Promise<Digest> {
  const name = formatRepository(repository)
  const put = (manifest: Buffer): Promise<Digest> =>
    client.putManifest(repository, tag, manifest, mediaTypes.ociManifest)
  const asImage = async (): Promise<Digest> =>
    put(await putImageForm(client, repository, { ...artifact, subject: artifact.subject?.digest }))
  if (imagesOnly.get(client)?.has(name)) return asImage()
  const manifest = await artifactManifest(client, repository, artifact)
  try {
    return await put(manifest)
  } catch (refused) {
    if (!isOfTheForm(refused)) throw refused
    const digest = await asImage().catch((error: unknown) => {
      throw alsoRefused(refused, error, 'in the form of an image')
    })
    imagesOnly.set(client, new Set(imagesOnly.get(client)).add(name))
    return digest
  }
}

async function artifactManifest(
  client: Pick<RegistryClient, 'putBlob'>,
  repository: Repository,
  { type, bytes, subject, created }: Artifact,
): Promise<Buffer> {
  const config = await client.putBlob(repository, emptyConfig)
  const layer = await client.putBlob(repository, bytes)
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    artifactType: type,
    config: { mediaType: mediaTypes.ociEmpty, digest: config, size: emptyConfig.length },
    layers: [{ mediaType: type, digest: layer, size: bytes.length }],
    ...(subject && {
      subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.bytes.length },
    }),
    annotations: { [createdAnnotation]: created.toISOString() },
  }
  return Buffer.from(JSON.stringify(manifest))
}

/**
 * @param artifact.limit bytes; a longer document is an error
 * @returns the document as it was stored; undefined if there is none under the tag, or something of another type
 */
export async function getArtifact(
  client: Pick<RegistryClient, 'getManifest' | 'getBlob'>,
  repository: Repository,
  tag: string,
  artifact: { type: string; limit: number },
): Promise<Buffer | undefined> {
  return (await readArtifact(client, repository, tag, artifact))?.bytes
}

/** As `getArtifact`, with the digest of its manifest. */
export async function readArtifact(
  client: Pick<RegistryClient, 'getManifest' | 'getBlob'>,
  repository: Repository,
  tag: string,
  { type, limit }: { type: string; limit: number },
): Promise<{ bytes: Buffer; digest: Digest } | undefined> {
  const manifest = await client.getManifest(repository, tag)
  if (manifest?.parsed.kind !== 'image') return undefined
  const { parsed, digest } = manifest
  if (isImageForm(parsed, type))
    return { bytes: await readImageForm(client, repository, parsed, limit), digest }
  const [layer] = parsed.layers
  if (layer?.mediaType !== type) return undefined
  return { bytes: await client.getBlob(repository, layer.digest, limit), digest }
}
