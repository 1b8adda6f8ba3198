import type { ArtifactStore } from '../build/artifact-store.ts'
import type { ArtifactPlace } from '../build/artifacts.ts'
import { createRegistryStore } from '../build/registry-store.ts'
import type { StagesWorld } from '../build/stages.ts'
import type { Inputs } from '../inputs/inputs.ts'
import { readBaseFacts, storeBaseFacts } from '../promote/base-facts.ts'
import type { RegistryClient } from '../registry/client.ts'
import type { Repository } from '../registry/reference.ts'

/**
 * Where stage artifacts are looked for, in this order, and kept: a run that pushes keeps them in the cache repository, and
 * takes none from where runs that don't push, such as those of pull requests, could have put something.
 * @param actionsCache where there is one
 */
export function artifactPlaces(
  { build: { cache }, push }: Pick<Inputs, 'build' | 'push'>,
  registry: RegistryClient,
  cacheRepository: Repository,
  actionsCache: ArtifactStore | undefined,
): ArtifactPlace[] {
  if (cache === 'off') return []
  const own = { store: createRegistryStore(registry, cacheRepository), keep: push }
  return push || !actionsCache ? [own] : [own, { store: actionsCache, keep: true }]
}

/** Facts of bases in the cache repository. */
export function factsPlace(registry: RegistryClient, cacheRepository: Repository): StagesWorld['facts'] {
  return {
    read: ({ base }) => readBaseFacts(registry, cacheRepository, base),
    keep: ({ base }, facts, replace) => storeBaseFacts(registry, cacheRepository, base, facts, replace),
  }
}
