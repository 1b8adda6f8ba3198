import type { RegistryClient, Repository } from '../registry/index.ts'
import type { PruneSettings } from './settings.ts'

export type PruneRequest = PruneSettings & {
  cacheRepository: Repository
  /** Public repositories and mirrors: what is under their tags keeps what it was made of */
  published: readonly Repository[]
  /** Those of `published` that are pruned, too: the input `prune-public` */
  prunePublic: readonly Repository[]
}

export type PruneWorld = {
  registry: Pick<
    RegistryClient,
    'listTags' | 'resolveTag' | 'getManifest' | 'getImageConfig' | 'getBlob' | 'listReferrers'
  >
  signal: AbortSignal
  /** The time of this prune, the same for `planPrune` */
  now: Date
}
