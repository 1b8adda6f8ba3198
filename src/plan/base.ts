import { UserError } from '../errors.ts'
import {
  familiarReference,
  familiarRepository,
  formatReference,
  getPlatformImage,
  isDigest,
  type ImageConfig,
  isForPlatform,
  parseReference,
  parseRepository,
  type PlatformImage,
  type Reference,
  type Repository,
  withoutUserInformation,
} from '../registry/index.ts'
import { type Engine, engines } from './engine.ts'
import type { BaseImage } from './pinned.ts'
import { buildIdLabel } from './published/published.ts'
import type { Reader } from './remember.ts'
import { excerpt } from '../text.ts'

/** Shown characters of an instruction or a name in a label */
const longestTrigger = 120

/** Platform → base image. */
export type Bases = ReadonlyMap<string, BaseImage>

/** `unbuildable` is the reason why there is no base. */
export type OnBases = { bases: Bases } | { unbuildable: string }

/** @param baseRegistry host of the base images, with the path of a mirror */
export function baseRepository(baseRegistry: string, path: string): Repository {
  return parseRepository(`${baseRegistry}/${path}`)
}

/** What a base is found by: a version's tag upstream, or the input `base-image`. */
export type WantedBase = Pick<BaseImage, 'tag' | 'given'> & {
  repository: Repository
  /** Tag or digest */
  reference: string
  /** A tag to prefer on one platform, where it exists */
  preferred?: { platform: string; tag: string } | undefined
}

/** @param tag that of the version, which the image must have */
export function givenBase({ tag, digest, ...repository }: Reference, version: string): WantedBase {
  const given = familiarReference({ ...repository, ...(tag !== undefined && { tag }) })
  return { repository, tag: version, given, reference: digest ?? tag ?? '' }
}

/** A base under a tag in its repository, or its copy. */
type FoundBase = PlatformImage & Pick<BaseImage, 'repository' | 'tag' | 'copyOf'>

/** What to do if the tag does not exist. */
type Otherwise = {
  /** The copy that an earlier run stored of the base under this tag or digest for a platform */
  copyFor: (
    platform: string,
    reference: string,
  ) => Promise<(PlatformImage & { repository: Repository }) | undefined>
  /** The nearest existing tags, as part of a sentence; undefined if there are none */
  nearest: () => Promise<string | undefined>
}

/**
 * Pins a base image on each platform: as its tag names it, or its copy if the tag is gone.
 * @returns `unbuildable` with a reason if the tag has no usable image for a platform
 * @throws UserError if neither the tag nor a copy exists
 */
export async function resolveBase(
  registry: Reader,
  { repository, tag, given, reference, preferred }: WantedBase,
  platforms: readonly string[],
  { copyFor, nearest }: Otherwise,
): Promise<OnBases> {
  const digest = isDigest(reference) ? reference : undefined
  const name = formatReference({ ...repository, ...(digest === undefined ? { tag: reference } : { digest }) })
  const bases = new Map<string, BaseImage>()
  const find = async (platform: string): Promise<FoundBase | undefined> => {
    const other = preferred?.platform === platform ? preferred.tag : undefined
    const better =
      other === undefined ? undefined : await getPlatformImage(registry, repository, other, platform)
    if (other !== undefined && better?.image) return { repository, tag: other, ...better }
    const there = await getPlatformImage(registry, repository, reference, platform)
    if (there) return { repository, tag, ...there }
    const gone = [...(other === undefined ? [] : [{ reference: other, tag: other }]), { reference, tag }]
    for (const one of gone) {
      const copy = await copyFor(platform, one.reference)
      if (copy)
        return { tag: one.tag, copyOf: given ?? familiarReference({ ...repository, tag: one.tag }), ...copy }
    }
    return undefined
  }
  const found = await Promise.all(platforms.map(find))
  for (const [index, platform] of platforms.entries()) {
    const one = found[index]
    if (!one) throw new UserError(given === undefined ? missing(name, await nearest()) : missingGiven(name))
    if (!one.image)
      return {
        unbuildable: `the base image ${name} has no image for ${platform}; leave ${platform} out of platforms`,
      }
    const { manifest, config } = one.image
    const unbuildable = objection(name, platform, config, given !== undefined)
    if (unbuildable !== undefined) return { unbuildable }
    const pinned = baseImageOf(
      { manifest, config },
      { repository: one.repository, tag: one.tag, digest: one.top.digest },
    )
    bases.set(platform, {
      ...pinned,
      ...(given !== undefined && { given }),
      ...(one.copyOf !== undefined && { copyOf: one.copyOf }),
    })
  }
  return { bases }
}

/** @param place where it is, and the digest that `FROM` gets */
export function baseImageOf(
  { manifest, config }: NonNullable<PlatformImage['image']>,
  place: Pick<BaseImage, 'repository' | 'tag' | 'digest'>,
): BaseImage {
  const { layersCreated: _, onBuild: _none, ...inherited } = config
  return {
    ...place,
    manifestDigest: manifest.digest,
    config: inherited,
    layers: manifest.parsed.layers.map(({ digest, size, mediaType }) => ({ digest, size, mediaType })),
  }
}

/** @returns the name of a base by its tag upstream, or as `base-image` gives it, as docker pull takes it */
export function baseName({
  repository,
  tag,
  copyOf,
  given,
}: Pick<BaseImage, 'repository' | 'tag' | 'copyOf' | 'given'>): string {
  return copyOf ?? given ?? familiarReference({ ...repository, tag })
}

/** @returns the repository of a base as labels name it: the engine's own, never a mirror, or the given one */
export function baseRepositoryName(engine: Engine, { given }: Pick<BaseImage, 'given'>): string {
  return given === undefined ? engines[engine].baseRepository : familiarRepository(parseReference(given))
}

/** @returns a sentence if a base is a copy of what upstream no longer has */
export function copyWarning({ repository, digest, copyOf }: BaseImage): string | undefined {
  return copyOf === undefined
    ? undefined
    : `The base ${copyOf} no longer exists; its copy ${familiarReference({ ...repository, digest })} is used.`
}

/** @returns why an image with this configuration is no base for the platform */
function objection(
  name: string,
  platform: string,
  config: ImageConfig,
  isGiven: boolean,
): string | undefined {
  if (!isForPlatform(platform, config))
    return `the base image ${name} is for ${config.os}/${config.architecture}, not for ${platform}; leave ${platform} out of platforms`
  if (config.labels[buildIdLabel]) {
    const below = excerpt(config.labels['org.opencontainers.image.base.name'] ?? '', longestTrigger)
    return `the base image ${name} for ${platform} was built by this action, which cannot install everything into it again; choose the image that it was built on${below === '' ? '' : `, ${below}`}`
  }
  const [trigger] = config.onBuild
  if (trigger === undefined) return undefined
  const shown = excerpt(withoutUserInformation(trigger), longestTrigger)
  return `the base image ${name} for ${platform} has ONBUILD instructions (the first is "${shown}"), which would change it before it is measured as the base; choose a ${isGiven ? 'base-image that' : 'version, or a base-registry, whose image'} has none`
}

function missingGiven(name: string): string {
  return `base-image: the image ${name} does not exist, or this run may not read it; check its name, and the login for its registry.`
}

function missing(name: string, nearest: string | undefined): string {
  return nearest === undefined
    ? `base-registry: the base image ${name} does not exist, and its repository has no releases; check base-registry.`
    : `versions: the base image ${name} does not exist; ${nearest}.`
}
