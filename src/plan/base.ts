import { UserError } from '../errors.ts'
import type { RegistryClient } from '../registry/client.ts'
import { platformManifest } from '../registry/manifest.ts'
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
  const top = await registry.getManifest(repository, tag)
  if (!top)
    throw new UserError(
      `versions: the base image ${name} does not exist; see which tags ${repository.path} has.`,
    )
  const digest = top.parsed.kind === 'index' ? platformManifest(top.parsed, platform)?.digest : top.digest
  const manifest = digest === undefined ? undefined : await registry.getManifest(repository, digest)
  if (manifest?.parsed.kind !== 'image')
    throw new UserError(`The base image ${name} has no image for ${platform}.`)
  const config = await registry.getImageConfig(repository, manifest.parsed)
  return {
    repository,
    tag,
    digest: top.digest,
    manifestDigest: manifest.digest,
    config,
    layers: manifest.parsed.layers,
  }
}
