import type { RegistryClient, Repository } from '../registry/index.ts'
import type { Contents } from './content.ts'
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

/**
 * Reads what a prune decides by: all tags, manifests and what they name, the reports of legs, young
 * plans, and what refers to what would go.
 * @throws UserError if anything of it cannot be read: nothing is deleted then
 */
export function readForPrune(_request: PruneRequest, _world: PruneWorld): Promise<Contents> {
  throw new Error('not yet')
}
