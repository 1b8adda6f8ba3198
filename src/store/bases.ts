import { UserError } from '../errors.ts'
import type { BaseImage, Leg, NamedBase } from '../plan/index.ts'
import {
  copyManifest,
  type Descriptor,
  type Digest,
  digestOf,
  formatReference,
  formatRepository,
  getPlatformImage,
  type Manifest,
  mediaTypes,
  parsePlatform,
  parseReference,
  type PlatformImage,
  platformManifest,
  type RegistryClient,
  type Repository,
} from '../registry/index.ts'
import { copyTag, namedCopiesTag, type Now } from './contents.ts'

/** Copies of bases, which a rebuild takes if upstream has removed the tag. */
export type BasesReader = {
  /** @returns the copy of what a tag named last, and where it is; undefined if none was stored */
  copyOf: (base: NamedBase) => Promise<(PlatformImage & { repository: Repository }) | undefined>
}

export type BasesWriter = {
  /**
   * Stores a copy of a leg's base, unless it exists. Within one registry its layers are mounted; a
   * leg that was staged has left most of them here anyway.
   * @returns whether anything was stored
   */
  keep: (leg: Pick<Leg, 'platform' | 'base'>) => Promise<boolean>
}

type Registry = Pick<RegistryClient, 'getManifest' | 'putManifest' | 'confirmManifest' | 'mountBlob'>

/** The annotation with the digest that the tag named upstream, of an index if it was one */
const topAnnotation = 'io.aibrix.image.base.top'

export function readBasesIn(
  registry: Pick<RegistryClient, 'getManifest' | 'getImageConfig'>,
  repository: Repository,
): BasesReader {
  return {
    copyOf: async ({ platform, ...upstream }) => {
      const named = await registry.getManifest(repository, namedCopiesTag(formatReference(upstream)))
      const entry = named?.parsed.kind === 'index' ? platformManifest(named.parsed, platform) : undefined
      // By its digest, under which it stays when the tag upstream is known to name something newer.
      const copy = entry && (await getPlatformImage(registry, repository, entry.digest, platform))
      return copy && { ...copy, repository }
    },
  }
}

export function writeBasesIn(registry: Registry, repository: Repository, now: Now): BasesWriter {
  const keepByDigest = async (base: BaseImage, from: Repository): Promise<boolean> => {
    const tag = copyTag(base)
    if ((await registry.getManifest(repository, tag)) !== undefined) return false
    await copyManifest(registry, { from, to: repository, digest: base.manifestDigest, tag })
    return true
  }
  return {
    keep: async ({ platform, base }) => {
      const { manifestDigest: digest, repository: from } = base
      if (formatRepository(from) === formatRepository(repository)) return false
      const tag = base.given === undefined ? base.tag : parseReference(base.given).tag
      if (tag === undefined) return keepByDigest(base, from)
      const name = formatReference({ ...from, tag })
      const named = namedIn(await registry.getManifest(repository, namedCopiesTag(name)))
      const others = named?.top === base.digest ? named.copies : []
      if (others.some((one) => one.digest === digest)) return false
      const isNew = await keepByDigest(base, from)
      // The base of an older plan is kept by its digest, and is not what the tag named last.
      const isOlder = named !== undefined && (await registry.getManifest(from, tag))?.digest !== base.digest
      if (isOlder) return isNew
      const copies = [...others, await entryOf(registry, repository, digest, platform)]
      await putNamed(registry, repository, { name, top: base.digest, copies, created: now() })
      return true
    },
  }
}

/** What a tag upstream named: `top`, of which these are the copies. */
type Named = { top: string | undefined; copies: readonly Descriptor[] }

function namedIn(index: Manifest | undefined): Named | undefined {
  if (index?.parsed.kind !== 'index') return undefined
  return { top: index.parsed.annotations[topAnnotation], copies: index.parsed.manifests }
}

async function entryOf(
  registry: Registry,
  repository: Repository,
  digest: Digest,
  platform: string,
): Promise<Descriptor> {
  const copy = await registry.getManifest(repository, digest)
  if (!copy) throw new UserError(`${formatReference({ ...repository, digest })} does not exist any more.`)
  const { mediaType, bytes } = copy
  const { os, architecture, variant } = parsePlatform(platform)
  const own = { os, architecture, ...(variant ? { variant } : {}) }
  return { mediaType, digest, size: bytes.length, annotations: {}, platform: own }
}

/** Platforms of one image upstream are together; those of what the tag named before are left out. */
async function putNamed(
  registry: Registry,
  repository: Repository,
  { name, top, copies, created }: { name: string; top: Digest; copies: readonly Descriptor[]; created: Date },
): Promise<void> {
  const content = {
    ...{ schemaVersion: 2, mediaType: mediaTypes.ociIndex },
    manifests: copies.map(({ mediaType, digest, size, platform }) => ({ mediaType, digest, size, platform })),
    annotations: {
      [topAnnotation]: top,
      'org.opencontainers.image.base.name': name,
      'org.opencontainers.image.created': created.toISOString(),
    },
  }
  const bytes = Buffer.from(JSON.stringify(content))
  await registry.putManifest(repository, namedCopiesTag(name), bytes, mediaTypes.ociIndex)
  await registry.confirmManifest(repository, namedCopiesTag(name), digestOf(bytes))
}
