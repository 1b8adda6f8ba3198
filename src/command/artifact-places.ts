import type { ArtifactPlace } from '../build/artifacts.ts'
import { createRegistryStore } from '../build/registry-store.ts'
import type { StagesWorld } from '../build/stages.ts'
import type { Inputs } from '../inputs/inputs.ts'
import { readBaseFacts, storeBaseFacts } from '../promote/base-facts.ts'
import type { RegistryClient } from '../registry/client.ts'
import type { Repository } from '../registry/reference.ts'

/** Where stage artifacts are looked for, in this order, and kept: only what is pushed is written to the cache repository. */
export function artifactPlaces(
  { build: { cache }, push }: Pick<Inputs, 'build' | 'push'>,
  registry: RegistryClient,
  cacheRepository: Repository,
): ArtifactPlace[] {
  if (cache === 'off') return []
  return [{ store: createRegistryStore(registry, cacheRepository), keep: push }]
}

/** Facts of bases in the cache repository. */
export function factsPlace(registry: RegistryClient, cacheRepository: Repository): StagesWorld['facts'] {
  return {
    read: ({ base }) => readBaseFacts(registry, cacheRepository, base),
    keep: ({ base }, facts, replace) => storeBaseFacts(registry, cacheRepository, base, facts, replace),
  }
}
