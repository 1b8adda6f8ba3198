import { type BaseImage, createTagIndex, type Plan } from '../plan/index.ts'
import type { RegistryClient, Repository } from '../registry/index.ts'
import type { ArtifactStore } from './artifacts/artifact-store.ts'
import { createRegistryStore } from './artifacts/registry-store.ts'
import { type BasesReader, type BasesWriter, readBasesIn, writeBasesIn } from './bases.ts'
import { layersTag, type Now } from './contents.ts'
import { type FactsReader, readFactsIn, writeFactsIn } from './facts.ts'
import { inventoriesIn, type Inventories } from './inventories.ts'
import type { LayerCache } from './layers.ts'
import { type LegsReader, type LegsWriter, readLegsIn, writeLegsIn } from './legs.ts'
import { type StoredPlan, writePlan } from './plans.ts'
import { readVerifiedIn, type VerifiedReader, type VerifiedWriter, writeVerifiedIn } from './verified.ts'

/** What a plan reads of a cache repository. */
export type StoreReader = {
  repository: Repository
  facts: FactsReader
  legs: LegsReader
  bases: BasesReader
  verified: VerifiedReader
}

/** The memory of all runs: one cache repository, part by part as in the table of docs/cache.md. */
export type Store = {
  repository: Repository
  /** `build-…`: verified legs; `report-…`: how they were judged; `candidate-…`: not yet verified */
  legs: LegsReader & LegsWriter
  /** `facts-…`: what was measured in bases */
  facts: FactsReader & ReturnType<typeof writeFactsIn>
  /** `base-<digest>`, `base-named-…`: copies of bases */
  bases: BasesReader & BasesWriter
  /** `wheel-…` and `ucx-…`: stage artifacts */
  artifacts: ArtifactStore
  /** `layers-…`: the layer cache of a base */
  layers: {
    /** @param write whether this run may push */
    of: (base: Pick<BaseImage, 'manifestDigest'>, write: boolean) => LayerCache
  }
  /** `verified-…`: how existing images were judged */
  verified: VerifiedReader & VerifiedWriter
  /** `inventory-…`: what is kept about published images */
  inventories: Inventories
  /** `plan-…`: plans for other runners, read by `readPlan` */
  plans: {
    /** Stores a plan as a file, and in the repository where that is writable. @param file path */
    write: (plan: Plan, file: string, redact: (text: string) => string) => Promise<StoredPlan>
  }
}

/** Tags are listed once, and only for many questions: what is stored later is not in the list. */
export function createStoreReader(
  registry: Pick<RegistryClient, 'getManifest' | 'getImageConfig' | 'getBlob' | 'listTags'>,
  repository: Repository,
): StoreReader {
  const tags = createTagIndex(registry)
  return {
    repository,
    facts: readFactsIn(registry, repository, tags),
    legs: readLegsIn(registry, repository, tags),
    bases: readBasesIn(registry, repository),
    verified: readVerifiedIn(registry, repository),
  }
}

/** Created once per plan. */
export function createStore(
  registry: RegistryClient,
  repository: Repository,
  now: Now = () => new Date(),
): Store {
  const { bases, facts, legs, verified } = createStoreReader(registry, repository)
  return {
    repository,
    legs: { ...legs, ...writeLegsIn(registry, repository, now) },
    facts: { ...facts, ...writeFactsIn(registry, repository, now, facts) },
    bases: { ...bases, ...writeBasesIn(registry, repository, now) },
    verified: { ...verified, ...writeVerifiedIn(registry, repository, now) },
    artifacts: createRegistryStore(registry, repository, now),
    layers: { of: (base, write) => ({ repository, tag: layersTag(base), write }) },
    inventories: inventoriesIn(registry, repository, now),
    plans: {
      write: (plan, file, redact) => writePlan(registry, repository, plan, { file, redact, created: now() }),
    },
  }
}
