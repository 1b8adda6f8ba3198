import type { Manifest, RegistryClient } from './client.ts'
import type { Digest } from './digest.ts'
import { mediaTypes } from './media-types.ts'
import type { Repository } from './reference.ts'

/** What the descriptor of an artifact without a configuration points to (OCI image specification 1.1, manifest.md). */
export const emptyConfig = Buffer.from('{}')

/**
 * Stores a JSON document under a tag, as an OCI artifact with one layer: the document, byte for byte. The same document
 * (and subject) gives the same digest, so storing it again changes nothing.
 * @param artifact.type media type of the document, and of the artifact
 * @param artifact.subject the image that it is about, as the same repository has it
 * @throws UserError, which is a RegistryRefusal if the registry does not want to (see `isDenied`)
 */
export async function putArtifact(
  client: Pick<RegistryClient, 'putBlob' | 'putManifest'>,
  repository: Repository,
  tag: string,
  artifact: {
    type: string
    bytes: Uint8Array
    subject?: Pick<Manifest, 'mediaType' | 'digest' | 'bytes'> | undefined
  },
): Promise<Digest> {
  const { type, bytes, subject } = artifact
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
  }
  return client.putManifest(repository, tag, Buffer.from(JSON.stringify(manifest)), mediaTypes.ociManifest)
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
  const layer = manifest?.parsed.kind === 'image' ? manifest.parsed.layers[0] : undefined
  if (!manifest || layer?.mediaType !== type) return undefined
  return { bytes: await client.getBlob(repository, layer.digest, limit), digest: manifest.digest }
}
