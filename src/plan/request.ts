import type { MaxAge } from './published/age.ts'
import type { Engine } from './engine.ts'
import type { Reference, Repository } from '../registry/index.ts'
import type { SourceRepository } from './pinned.ts'
import type { Leg, Plan } from './plan.ts'
import type { Selectors } from './versions/selector.ts'
import type { TagTemplate } from './published/tag.ts'

/** A repository that gets the same images as the public repository of an engine. */
export type Mirror = { engine: Engine; repository: Repository }

/** What a user wants built: each engine version with each AIBrix and each NIXL. */
export type PlanRequest = {
  engines: { engine: Engine; versions: Selectors }[]
  aibrix: { repository: SourceRepository; versions: Selectors }
  nixl: Selectors
  ucxRepository: SourceRepository
  /** `linux/amd64`, sorted and distinct */
  platforms: [string, ...string[]]
  registry: string
  namespace: string
  /** Host, with the path of a mirror */
  baseRegistry: string
  /** The base of the only engine version, instead of upstream's; null: upstream's. Has a tag or a digest */
  baseImage: Reference | null
  /** `zstd`: upstream's tag with layers in zstd, where it has one */
  baseCompression: 'as-published' | 'zstd'
  /** Further repositories that get the images of an engine, in the order of the input */
  mirrors: readonly Mirror[]
  templates: TagTemplate[]
  /** The texts of those whose tags may be moved from a different image */
  overwritable: string[]
  /** Also builds what is known to be impossible */
  force: boolean
  /** Also builds what exists */
  rebuild: boolean
  /** An image that is published under another date keeps its tag, or gets today's date */
  unchanged: 'keep' | 'retag'
  /** What is older is built again; undefined: no limit */
  maxAge: MaxAge | undefined
} & Pick<Plan, 'cacheRepository' | 'date' | 'publicTags'> &
  Pick<
    Leg,
    'integration' | 'gpuArchitectures' | 'buildArguments' | 'environment' | 'extraPackages' | 'extraFiles'
  >
