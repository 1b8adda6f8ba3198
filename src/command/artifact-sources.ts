import type { ArtifactStore } from '../store/artifacts/artifact-store.ts'
import type { ArtifactPlace } from '../leg/artifacts.ts'
import { createRegistryStore } from '../store/artifacts/registry-store.ts'
import type { StagesWorld } from '../leg/stages.ts'
import type { Inputs } from '../inputs/inputs.ts'
import { readBaseFacts, storeBaseFacts } from '../store/facts.ts'
import type { RegistryClient } from '../registry/client.ts'
import type { Repository } from '../registry/content/reference.ts'

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
