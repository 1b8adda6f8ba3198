import { type BaseImage, createTagIndex, type Plan } from '../plan/index.ts'
import type { RegistryClient, Repository } from '../registry/index.ts'
import type { ArtifactStore } from './artifacts/artifact-store.ts'
import { createRegistryStore } from './artifacts/registry-store.ts'
import { layersTag, type Now } from './contents.ts'
import { type FactsReader, type FactsWriter, readFactsIn, writeFactsIn } from './facts.ts'
import type { LayerCache } from './layers.ts'
import { type LegsReader, type LegsWriter, readLegsIn, writeLegsIn } from './legs.ts'
import { type StoredPlan, writePlan } from './plans.ts'

/** What earlier runs have left in a cache repository, for whoever only reads it. */
export type StoreReader = {
  repository: Repository
  facts: FactsReader
  legs: LegsReader
}

/** The memory of all runs: everything that is kept in one cache repository (docs/cache.md). */
export type Store = {
  repository: Repository
  plans: {
    /** Stores a plan as a file, and in the repository where that can be written. @param file path */
    write: (plan: Plan, file: string, redact: (text: string) => string) => Promise<StoredPlan>
  }
  facts: FactsReader & FactsWriter
  legs: LegsReader & LegsWriter
  /** Wheels, and the UCX tools */
  artifacts: ArtifactStore
  layers: {
    /** @param write whether this run may push */
    of: (base: Pick<BaseImage, 'manifestDigest'>, write: boolean) => LayerCache
  }
}

/** The tags are listed at most once, when there are many questions: what is stored later is not in the list. */
export function createStoreReader(
  registry: Pick<RegistryClient, 'getManifest' | 'getImageConfig' | 'getBlob' | 'listTags'>,
  repository: Repository,
): StoreReader {
  const tags = createTagIndex(registry)
  return {
    repository,
    facts: readFactsIn(registry, repository, tags),
    legs: readLegsIn(registry, repository, tags),
  }
}

/** @param now for the `created` annotation of what is written */
export function createStore(
  registry: RegistryClient,
  repository: Repository,
  now: Now = () => new Date(),
): Store {
  const reader = createStoreReader(registry, repository)
  return {
    repository,
    plans: {
      write: (plan, file, redact) => writePlan(registry, repository, plan, { file, redact, created: now() }),
    },
    facts: { ...reader.facts, ...writeFactsIn(registry, repository, now) },
    legs: { ...reader.legs, ...writeLegsIn(registry, repository, now) },
    artifacts: createRegistryStore(registry, repository, now),
    layers: { of: (base, write) => ({ repository, tag: layersTag(base), write }) },
  }
}
