import { join } from 'node:path'
import { sentenceOf } from '../errors.ts'
import type { Artifact } from '../plan/index.ts'
import { isDenied } from '../registry/index.ts'
import { artifactProblem, type ArtifactStore, contentFolder, openModes } from '../store/index.ts'

/** A store, and whether new artifacts are saved in it. */
export type ArtifactSource = { store: ArtifactStore; saves: boolean }

/**
 * The cache repository first. A run that pushes saves there and restores from nowhere else: runs
 * that don't push, such as those of pull requests, write to GitHub's cache.
 * @param actionsCache where there is one
 */
export function artifactSources(
  { cache, push }: { cache: 'registry' | 'off'; push: boolean },
  cacheRepository: ArtifactStore,
  actionsCache: ArtifactStore | undefined,
): ArtifactSource[] {
  if (cache === 'off') return []
  const first = { store: cacheRepository, saves: push }
  return push || !actionsCache ? [first] : [first, { store: actionsCache, saves: true }]
}

type Unusable = { error: unknown } | { problem: string }

/** Restores it into a new folder, and checks it. */
export async function restoreFrom(
  { store }: ArtifactSource,
  artifact: Artifact,
  folder: string,
): Promise<'restored' | 'absent' | Unusable> {
  try {
    if ((await store.restore(artifact.name, folder)) === 'absent') return 'absent'
  } catch (error) {
    return { error }
  }
  const problem = await artifactProblem(folder, artifact)
  if (problem !== undefined) return { problem }
  await openModes(join(folder, contentFolder))
  return 'restored'
}

/** Removes a source that denies reading. @returns warnings */
export function refusal(
  unusable: Unusable,
  artifact: Artifact,
  source: ArtifactSource,
  open: Set<ArtifactSource>,
): string[] {
  const subject = `The stored ${nameOf(source, artifact)} is not used`
  if ('problem' in unusable)
    return [`${subject}, because ${unusable.problem}; it is built${source.saves ? ' and replaced' : ''}.`]
  const reason = sentenceOf(unusable.error)
  if (!isDenied(unusable.error)) return [`${subject}, and it is built: ${reason}`]
  open.delete(source)
  // A run that does not push needs no permission to read.
  return source.saves ? [`No stage artifact is reused or stored: ${reason}`] : []
}

/** Stops saving in a source that denies writing. @returns warnings */
export async function saveIn(
  sources: Iterable<ArtifactSource>,
  artifact: Artifact,
  folder: string,
): Promise<string[]> {
  const warnings: string[] = []
  for (const source of sources) {
    if (!source.saves) continue
    try {
      await source.store.save(artifact.name, folder)
    } catch (error) {
      if (isDenied(error)) source.saves = false
      warnings.push(`${artifact.name} is not stored, so the next run builds it again: ${sentenceOf(error)}`)
    }
  }
  return warnings
}

export function nameOf({ store }: ArtifactSource, { name }: Artifact): string {
  return store.referenceOf?.(name) ?? name
}
