import type { RegistryClient } from '../../src/registry/client.ts'
import { type Digest, digestOf } from '../../src/registry/content/digest.ts'
import { mediaTypes } from '../../src/registry/content/media-types.ts'
import type { Manifest } from '../../src/registry/manifests.ts'
import type { Repository } from '../../src/registry/content/reference.ts'

type Writer = Pick<RegistryClient, 'putBlob' | 'putManifest' | 'getManifest'>
type Described = { mediaType: string; digest: Digest; size: number }

async function put(
  client: Writer,
  repository: Repository,
  content: object,
  tag?: string,
): Promise<Described> {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, ...content }))
  const { mediaType } = content as { mediaType: string }
  const digest = digestOf(bytes)
  await client.putManifest(repository, tag ?? digest, bytes, mediaType)
  return { mediaType, digest, size: bytes.length }
}

async function blob(
  client: Writer,
  repository: Repository,
  mediaType: string,
  text: string,
): Promise<Described> {
  const bytes = Buffer.from(text)
  return { mediaType, digest: await client.putBlob(repository, bytes), size: bytes.length }
}

/** Puts a small image under a tag, or under none. */
export async function putSmallImage(
  client: Writer,
  repository: Repository,
  tag: string | undefined,
  text: string,
): Promise<Described> {
  const config = JSON.stringify({ os: 'linux', architecture: 'amd64', config: { Labels: { text } } })
  return put(
    client,
    repository,
    {
      mediaType: mediaTypes.ociManifest,
      config: await blob(client, repository, mediaTypes.ociConfig, config),
      layers: [await blob(client, repository, mediaTypes.ociLayer, `a layer of ${text}`)],
    },
    tag,
  )
}

/** Puts an index of images under a tag. */
export async function putSmallIndex(
  client: Writer,
  repository: Repository,
  tag: string,
  images: readonly Described[],
): Promise<Described> {
  const manifests = images.map((image) => ({ ...image, platform: { os: 'linux', architecture: 'amd64' } }))
  return put(client, repository, { mediaType: mediaTypes.ociIndex, manifests }, tag)
}

/**
 * Puts a document about a manifest into its repository, as an artifact with a subject, like `oras
 * attach`.
 */
export async function attach(
  client: Writer,
  repository: Repository,
  subject: Described,
  text: string,
): Promise<Described & { artifactType: string }> {
  const artifactType = 'application/vnd.example.note'
  const artifact = await put(client, repository, {
    mediaType: mediaTypes.ociManifest,
    artifactType,
    config: await blob(client, repository, mediaTypes.ociEmpty, '{}'),
    layers: [await blob(client, repository, artifactType, text)],
    subject,
  })
  return { ...artifact, artifactType }
}

/** Lists referrers in the index that replaces the referrers API. */
export async function putReferrersTag(
  client: Writer,
  repository: Repository,
  subject: Digest,
  referrers: readonly object[],
): Promise<void> {
  const content = { mediaType: mediaTypes.ociIndex, manifests: referrers }
  await put(client, repository, content, subject.replace(':', '-'))
}

/** Puts a signature under cosign's tag. */
export async function putSignature(
  client: Writer,
  repository: Repository,
  subject: Digest,
  text: string,
): Promise<Described> {
  return putSmallImage(client, repository, `${subject.replace(':', '-')}.sig`, text)
}

/** Returns the digests in the index that replaces the referrers API; none without it. */
export async function referrersTag(
  client: Writer,
  repository: Repository,
  subject: Digest,
): Promise<string[]> {
  const found: Manifest | undefined = await client.getManifest(repository, subject.replace(':', '-'))
  return found?.parsed.kind === 'index' ? found.parsed.manifests.map(({ digest }) => digest) : []
}
