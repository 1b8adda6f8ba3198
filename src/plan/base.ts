import { UserError } from '../errors.ts'
import {
  formatReference,
  getPlatformImage,
  isForPlatform,
  parseRepository,
  type RegistryClient,
  type Repository,
  withoutUserInformation,
} from '../registry/index.ts'
import type { BaseImage } from './pinned.ts'

/** Characters of an instruction that are shown */
const longestTrigger = 120

/** @param baseRegistry host of the bases, with a path where a mirror has one */
export function baseRepository(baseRegistry: string, path: string): Repository {
  return parseRepository(`${baseRegistry}/${path}`)
}

/**
 * Pins a base image and reads what has to be inherited from it.
 * @param tag that exists, or is an error
 * @param nearest which other tags there are, as a part of the error's sentence; undefined for none
 * @returns a base for each platform; a sentence instead if it has none for one of them, or one that would change itself
 * @throws UserError if there is no such tag
 */
export async function resolveBase(
  registry: Pick<RegistryClient, 'getManifest' | 'getImageConfig'>,
  repository: Repository,
  tag: string,
  platforms: readonly string[],
  nearest: () => Promise<string | undefined>,
): Promise<Map<string, BaseImage> | string> {
  const name = formatReference({ ...repository, tag })
  const bases = await Promise.all(
    platforms.map(async (platform): Promise<[string, BaseImage] | string> => {
      const found = await getPlatformImage(registry, repository, tag, platform)
      if (!found) throw new UserError(await missing(name, nearest))
      if (!found.image)
        return `the base image ${name} has no image for ${platform}; leave ${platform} out of platforms`
      const { manifest, config } = found.image
      if (!isForPlatform(platform, config))
        return `the base image ${name} is for ${config.os}/${config.architecture}, not for ${platform}; leave ${platform} out of platforms`
      const { layersCreated: _, onBuild, ...inherited } = config
      if (onBuild[0] !== undefined) return triggers(name, platform, onBuild[0])
      const layers = manifest.parsed.layers.map(({ digest, size, mediaType }) => ({
        digest,
        size,
        mediaType,
      }))
      const digests = { digest: found.top.digest, manifestDigest: manifest.digest }
      return [platform, { repository, tag, ...digests, config: inherited, layers }]
    }),
  )
  const lacking = bases.find((base) => typeof base === 'string')
  return lacking ?? new Map(bases.filter((base) => typeof base !== 'string'))
}

/** @param first instruction, as the image's maker wrote it */
function triggers(name: string, platform: string, first: string): string {
  const shown = excerpt(withoutUserInformation(first), longestTrigger)
  return `the base image ${name} for ${platform} has ONBUILD instructions (the first is "${shown}"), which would change it before it is measured as the base; choose a version, or a base-registry, whose image has none`
}

async function missing(name: string, nearest: () => Promise<string | undefined>): Promise<string> {
  const others = await nearest()
  return others === undefined
    ? `base-registry: the base image ${name} does not exist, and no release beside it; check base-registry.`
    : `versions: the base image ${name} does not exist; ${others}.`
}
