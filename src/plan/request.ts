import type { Repository } from '../registry/reference.ts'
import type { Engine } from './engine.ts'
import type { GpuArchitectures, IntegrationChoice, SourceRepository } from './plan.ts'
import type { TagTemplate } from './tag.ts'
import type { EngineVersion } from './version.ts'

/** What a user asks to be built, before anything of it is looked up. `default` is the catalogue's current release. */
export type PlanRequest = {
  engines: { engine: Engine; version: EngineVersion | 'default' }[]
  aibrix: { repository: SourceRepository; ref: string }
  nixl: string
  ucxRepository: SourceRepository
  integration: IntegrationChoice
  gpuArchitectures: GpuArchitectures
  /** `linux/amd64` */
  platform: string
  buildArguments: Record<string, string>
  registry: string
  namespace: string
  /** Host, with a path where a mirror has one */
  baseRegistry: string
  cacheRepository: Repository
  templates: TagTemplate[]
  /** UTC, `YYYYMMDD` */
  date: string
  /** `look`: say what the public tags name. `overwrite`: and take them over. `ignore`: nothing will be pushed. */
  publicTags: 'look' | 'overwrite' | 'ignore'
}
