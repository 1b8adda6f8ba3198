import type { BaseOfEngine, Leg } from '../plan/index.ts'
import {
  copyManifest,
  formatRepository,
  getPlatformImage,
  isTag,
  type PlatformImage,
  type RegistryClient,
  type Repository,
} from '../registry/index.ts'
import { copyTag, newestCopyTag } from './contents.ts'

/** Copies of bases, which a rebuild takes if upstream has removed the tag. */
export type BasesReader = {
  /** @returns the newest copy of a base and where it is; undefined if none was stored */
  copyOf: (base: BaseOfEngine) => Promise<(PlatformImage & { repository: Repository }) | undefined>
}

export type BasesWriter = {
  /**
   * Stores a copy of a leg's base, unless it exists. Within one registry its layers are mounted; a
   * leg that was staged has left most of them here anyway.
   * @returns whether anything was stored
   */
  keep: (leg: Pick<Leg, 'engine' | 'platform' | 'base'>) => Promise<boolean>
}

export function readBasesIn(
  registry: Pick<RegistryClient, 'getManifest' | 'getImageConfig'>,
  repository: Repository,
): BasesReader {
  return {
    copyOf: async (base) => {
      const tag = newestCopyTag(base)
      // A longer name than a tag can have was not kept.
      const copy = isTag(tag) ? await getPlatformImage(registry, repository, tag, base.platform) : undefined
      return copy && { ...copy, repository }
    },
  }
}

export function writeBasesIn(
  registry: Pick<RegistryClient, 'getManifest' | 'putManifest' | 'confirmManifest' | 'mountBlob'>,
  repository: Repository,
): BasesWriter {
  return {
    keep: async ({ engine, platform, base }) => {
      const { manifestDigest: digest, repository: from, tag } = base
      if (formatRepository(from) === formatRepository(repository)) return false
      const newest = newestCopyTag({ engine, tag, platform })
      if ((await registry.getManifest(repository, newest))?.digest === digest) return false
      await copyManifest(registry, { from, to: repository, digest, tag: copyTag(base) })
      await copyManifest(registry, { from: repository, to: repository, digest, tag: newest })
      return true
    },
  }
}
