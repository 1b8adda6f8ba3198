import type { Pruned, PrunedRepository, PruneRun } from '../../src/report/prune/prune-run.ts'

/** A verified build that is still there. */
export function makePruned(changes: Partial<Pruned> = {}): Pruned {
  return {
    digest: `sha256:${'a'.repeat(64)}`,
    kind: 'build',
    tags: [],
    relies: [],
    neededBy: [],
    created: '2025-10-01T00:00:00.000Z',
    bytes: 0,
    fate: { state: 'left' },
    ...changes,
  }
}

/** A cache repository in which nothing is. */
export function makePrunedRepository(changes: Partial<PrunedRepository> = {}): PrunedRepository {
  return {
    repository: 'docker.io/acme/image-cache',
    gone: [],
    kept: [],
    bytes: { before: 0, gone: 0 },
    ...changes,
  }
}

/** A dry run. */
export function makePruneRun(changes: Partial<PruneRun> = {}): PruneRun {
  return {
    ...{ apply: false, keepDays: 30, keep: 3, undated: false, publicOnes: [] },
    duration: 5300,
    repositories: [],
    ...changes,
  }
}
