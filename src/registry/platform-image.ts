import type { Manifest, RegistryClient } from './client.ts'
import { type ImageConfig, type ImageIndex, type ImageManifest, platformManifest } from './manifest.ts'
import { configMediaTypes } from './media-types.ts'
import type { Repository } from './reference.ts'

/** What a reference names, and the image for one platform in it; `image` is undefined if there is none. */
export type PlatformImage = {
  /** The index, or the manifest itself where the reference names a plain one */
  top: Manifest
  image: { manifest: Manifest & { parsed: ImageManifest }; config: ImageConfig } | undefined
}

/**
 * Follows a tag or digest to the image for a platform.
 * @param platform `linux/amd64`; a plain manifest is taken for whatever platform it is. An artifact is no image.
 * @returns undefined if there is no such reference
 */
export async function getPlatformImage(
  registry: Pick<RegistryClient, 'getManifest' | 'getImageConfig'>,
  repository: Repository,
  reference: string,
  platform: string,
): Promise<PlatformImage | undefined> {
  const top = await registry.getManifest(repository, reference)
  if (!top) return undefined
  const manifest =
    top.parsed.kind === 'image' ? top : await childOf(registry, repository, top.parsed, platform)
  const parsed = manifest?.parsed
  if (!manifest || parsed?.kind !== 'image' || !configMediaTypes.includes(parsed.config.mediaType))
    return { top, image: undefined }
  const config = await registry.getImageConfig(repository, parsed)
  return { top, image: { manifest: { ...manifest, parsed }, config } }
}

async function childOf(
  registry: Pick<RegistryClient, 'getManifest'>,
  repository: Repository,
  index: ImageIndex,
  platform: string,
): Promise<Manifest | undefined> {
  const digest = platformManifest(index, platform)?.digest
  return digest === undefined ? undefined : registry.getManifest(repository, digest)
}
