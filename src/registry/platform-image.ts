import type { ImageConfig } from './content/image-config.ts'
import type { Manifest } from './manifests.ts'
import { UserError } from '../errors.ts'
import type { RegistryClient } from './client.ts'
import { type ImageIndex, type ImageManifest, platformManifests } from './content/manifest.ts'
import { configMediaTypes } from './content/media-types.ts'
import { isForPlatform, parsePlatform } from './content/platform.ts'
import { formatReference, type Repository } from './content/reference.ts'

/** The manifest of a reference, and its image for one platform; undefined if there is none. */
export type PlatformImage = {
  /** The index, or the manifest itself for a single-platform reference */
  top: Manifest
  image: Image | undefined
}

type Image = { manifest: Manifest & { parsed: ImageManifest }; config: ImageConfig }
type Registry = Pick<RegistryClient, 'getManifest' | 'getImageConfig'>

/** Limits of nested indexes, and of manifests in all of them. Real images have one or two. */
const limits = { depth: 3, manifests: 100 }

/**
 * Resolves a tag or digest to the image for a platform, as Docker does (containerd,
 * images.Manifest): through nested indexes, and by the image's own configuration if an index states
 * no platform.
 * @param platform `linux/amd64`; ignored for a single-platform reference. An artifact is no image.
 * @returns undefined without the reference; a configuration without a platform gets this one
 */
export async function getPlatformImage(
  registry: Registry,
  repository: Repository,
  reference: string,
  platform: string,
): Promise<PlatformImage | undefined> {
  const top = await registry.getManifest(repository, reference)
  if (!top) return undefined
  const tooMany = new UserError(
    `${formatReference({ ...repository, digest: top.digest })} has more than ${limits.manifests} manifests that may be for ${platform}.`,
  )
  let left = limits.manifests
  const imageOf = async (manifest: Manifest): Promise<Image | undefined> => {
    const { parsed } = manifest
    if (parsed.kind !== 'image' || !configMediaTypes.includes(parsed.config.mediaType)) return undefined
    return { manifest: { ...manifest, parsed }, config: await registry.getImageConfig(repository, parsed) }
  }
  const search = async (index: ImageIndex, depth: number): Promise<Image | undefined> => {
    for (const { digest, platform: named } of platformManifests(index, platform)) {
      if (left-- <= 0) throw tooMany
      const manifest = await registry.getManifest(repository, digest)
      if (manifest?.parsed.kind === 'index') {
        const below = depth > 0 ? await search(manifest.parsed, depth - 1) : undefined
        if (below) return below
      } else if (manifest) {
        const image = await imageOf(manifest)
        if (image && (named !== undefined || isForPlatform(platform, image.config))) return image
      }
    }
    return undefined
  }
  const image = top.parsed.kind === 'image' ? await imageOf(top) : await search(top.parsed, limits.depth)
  if (!image) return { top, image }
  const { manifest, config } = image
  const { os, architecture } = parsePlatform(platform)
  const completed = { ...config, os: config.os || os, architecture: config.architecture || architecture }
  return { top, image: { manifest, config: completed } }
}
