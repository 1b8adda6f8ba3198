import { UserError } from '../errors.ts'
import {
  formatReference,
  getPlatformImage,
  type ImageConfig,
  isForPlatform,
  parseRepository,
  type Repository,
  withoutUserInformation,
} from '../registry/index.ts'
import type { BaseImage } from './pinned.ts'
import type { Reader } from './remember.ts'
import { excerpt } from '../text.ts'

/** Shown characters of an instruction */
const longestTrigger = 120

/** Platform → base image. */
export type Bases = ReadonlyMap<string, BaseImage>

/** `unbuildable` is the reason why there is no base. */
export type OnBases = { bases: Bases } | { unbuildable: string }

/** @param baseRegistry host of the base images, with the path of a mirror */
export function baseRepository(baseRegistry: string, path: string): Repository {
  return parseRepository(`${baseRegistry}/${path}`)
}

/**
 * Pins a base image on each platform.
 * @param nearest the nearest existing tags, as part of a sentence; undefined if there are none
 * @returns `unbuildable` with a reason if the tag has no usable image for a platform
 * @throws UserError if the tag does not exist
 */
export async function resolveBase(
  registry: Reader,
  repository: Repository,
  tag: string,
  platforms: readonly string[],
  nearest: () => Promise<string | undefined>,
): Promise<OnBases> {
  const name = formatReference({ ...repository, tag })
  const bases = new Map<string, BaseImage>()
  const found = await Promise.all(
    platforms.map((platform) => getPlatformImage(registry, repository, tag, platform)),
  )
  for (const [index, platform] of platforms.entries()) {
    const one = found[index]
    if (!one) throw new UserError(missing(name, await nearest()))
    if (!one.image)
      return {
        unbuildable: `the base image ${name} has no image for ${platform}; leave ${platform} out of platforms`,
      }
    const { manifest, config } = one.image
    const unbuildable = objection(name, platform, config)
    if (unbuildable !== undefined) return { unbuildable }
    const { layersCreated: _, onBuild: _none, ...inherited } = config
    bases.set(platform, {
      repository,
      tag,
      digest: one.top.digest,
      manifestDigest: manifest.digest,
      config: inherited,
      layers: manifest.parsed.layers.map(({ digest, size, mediaType }) => ({ digest, size, mediaType })),
    })
  }
  return { bases }
}

/** @returns why an image with this configuration is no base for the platform */
function objection(name: string, platform: string, config: ImageConfig): string | undefined {
  if (!isForPlatform(platform, config))
    return `the base image ${name} is for ${config.os}/${config.architecture}, not for ${platform}; leave ${platform} out of platforms`
  const [trigger] = config.onBuild
  if (trigger === undefined) return undefined
  const shown = excerpt(withoutUserInformation(trigger), longestTrigger)
  return `the base image ${name} for ${platform} has ONBUILD instructions (the first is "${shown}"), which would change it before it is measured as the base; choose a version, or a base-registry, whose image has none`
}

function missing(name: string, nearest: string | undefined): string {
  return nearest === undefined
    ? `base-registry: the base image ${name} does not exist, and its repository has no releases; check base-registry.`
    : `versions: the base image ${name} does not exist; ${nearest}.`
}
