import { UserError } from '../../errors.ts'
import { attestedDigest } from '../../promote/index.ts'
import {
  type Descriptor,
  formatReference,
  getPlatformImage,
  type ImageIndex,
  indexMediaTypes,
  type RegistryClient,
} from '../../registry/index.ts'
import type { FoundImage } from './find-image.ts'

/**
 * Tells for which platforms an image is judged, so that whatever a client may choose in an index is.
 * @returns `linux/amd64`, sorted; none for what is no image, such as a report
 * @throws UserError for an index of another form than the action composes
 */
export async function platformsOf(
  { repository, top }: FoundImage,
  registry: Pick<RegistryClient, 'getManifest' | 'getImageConfig'>,
): Promise<string[]> {
  if (top.parsed.kind === 'index')
    return platformsIn(top.parsed, formatReference({ ...repository, digest: top.digest }))
  const { image } = (await getPlatformImage(registry, repository, top.digest, '')) ?? {}
  return image ? [`${image.config.os}/${image.config.architecture}`] : []
}

function platformsIn({ manifests }: ImageIndex, name: string): string[] {
  const images = manifests.filter((entry) => !isUnknown(entry))
  const stranger = manifests.find(
    (entry) => isUnknown(entry) && !images.some(({ digest }) => digest === entry.annotations[attestedDigest]),
  )
  if (stranger)
    throw new UserError(
      `${name} holds ${stranger.digest}, which is neither for a platform nor an attestation of an image in it; it is not tagged.`,
    )
  const platforms = images.map((entry) => platformOf(entry, name))
  const twice = platforms.find((platform, index) => platforms.indexOf(platform) !== index)
  if (twice !== undefined)
    throw new UserError(
      `${name} holds several images for ${twice}, of which one report says nothing; it is not tagged.`,
    )
  return platforms.sort()
}

function isUnknown({ platform }: Descriptor): boolean {
  return platform?.os === 'unknown' && platform.architecture === 'unknown'
}

/** @returns `linux/amd64`, without a variant */
function platformOf({ platform, mediaType, digest }: Descriptor, name: string): string {
  if (!platform || indexMediaTypes.includes(mediaType))
    throw new UserError(
      `${name} holds ${digest}, which is ${platform ? 'an index itself' : 'for no platform'}; it is not tagged.`,
    )
  return `${platform.os}/${platform.architecture}`
}
