import type { SourceRepository } from './pinned.ts'
import type { Repository } from '../registry/index.ts'
import type { MaxAge } from './published/age.ts'
import type { Engine } from './engine.ts'
import type { GpuArchitectures, IntegrationChoice, Plan } from './plan.ts'
import type { Selectors } from './versions/selector.ts'
import type { TagTemplate } from './published/tag.ts'

/** What a user asks to be built, before anything of it is looked up: each engine version with each AIBrix and each NIXL. */
export type PlanRequest = {
  engines: { engine: Engine; versions: Selectors }[]
  aibrix: { repository: SourceRepository; versions: Selectors }
  nixl: Selectors
  ucxRepository: SourceRepository
  integration: IntegrationChoice
  gpuArchitectures: GpuArchitectures
  /** `linux/amd64`, in the order of their names, none twice */
  platforms: [string, ...string[]]
  buildArguments: Record<string, string>
  /** Variables that the image gets beside the base's: name → value */
  environment: Record<string, string>
  registry: string
  namespace: string
  /** Host, with a path where a mirror has one */
  baseRegistry: string
  cacheRepository: Repository
  templates: TagTemplate[]
  /** UTC, `YYYYMMDD` */
  date: string
  publicTags: Plan['publicTags']
  /** Also builds what is known to be impossible */
  force: boolean
  /** Builds what exists, too */
  rebuild: boolean
  /** What becomes of an image that is published under another date: its tag stays, or it gets today's date */
  unchanged: 'keep' | 'retag'
  /** What is older is built again; undefined for no limit */
  maxAge: MaxAge | undefined
}
