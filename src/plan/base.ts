import { UserError } from '../errors.ts'
import type { RegistryClient } from '../registry/client.ts'
import { getPlatformImage } from '../registry/platform-image.ts'
import { formatReference, parseRepository } from '../registry/reference.ts'
import type { BaseImage } from './plan.ts'

/**
 * Pins a base image and reads what has to be inherited from it.
 * @param baseRegistry host of the bases, with a path where a mirror has one
 * @throws UserError if there is no such tag, or no image for the platform
 */
export async function resolveBase(
  registry: Pick<RegistryClient, 'getManifest' | 'getImageConfig'>,
  baseRegistry: string,
  path: string,
  tag: string,
  platform: string,
): Promise<BaseImage> {
  const repository = parseRepository(`${baseRegistry}/${path}`)
  const name = formatReference({ ...repository, tag })
  const found = await getPlatformImage(registry, repository, tag, platform)
  if (!found)
    throw new UserError(
      `versions: the base image ${name} does not exist; see which tags ${repository.path} has.`,
    )
  if (!found.image) throw new UserError(`The base image ${name} has no image for ${platform}.`)
  const { manifest, config } = found.image
  return {
    repository,
    tag,
    digest: found.top.digest,
    manifestDigest: manifest.digest,
    config,
    layers: manifest.parsed.layers,
  }
}
