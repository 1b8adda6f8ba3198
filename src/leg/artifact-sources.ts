import type { ArtifactStore } from '../store/index.ts'
import type { ArtifactPlace } from './artifacts.ts'

/**
 * Where stage artifacts are looked for, in this order, and kept: a run that pushes keeps them in the cache repository, and
 * takes none from where runs that don't push, such as those of pull requests, could have put something.
 * @param own the cache repository
 * @param actionsCache where there is one
 */
export function artifactPlaces(
  { cache, push }: { cache: 'registry' | 'off'; push: boolean },
  own: ArtifactStore,
  actionsCache: ArtifactStore | undefined,
): ArtifactPlace[] {
  if (cache === 'off') return []
  const first = { store: own, keep: push }
  return push || !actionsCache ? [first] : [first, { store: actionsCache, keep: true }]
}
