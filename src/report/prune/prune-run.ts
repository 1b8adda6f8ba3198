import type { Gone, PrunePlan } from '../../prune/index.ts'
import type { Repository } from '../../registry/index.ts'
import type { Retried } from '../../system/index.ts'

/** What became of a digest that was to go. */
export type PruneFate =
  /** It is there: a dry run, or one that broke off before */
  | { state: 'left' }
  | { state: 'deleted' }
  /** It did not exist any more */
  | { state: 'vanished' }
  /** It was not deleted after all; `why` is a reason */
  | { state: 'stays'; why: string }
  /** There was no answer about its deletion */
  | { state: 'undetermined' }

/** A digest that was to go, and what became of it. */
export type Pruned = Gone & { fate: PruneFate }

/** A repository that was read. */
export type PrunedRepository = Pick<PrunePlan, 'repository' | 'kept' | 'bytes'> & { gone: readonly Pruned[] }

/** The result of `command: prune`. `duration` in milliseconds; `error` is a sentence. */
export type PruneRun = {
  /** false: a dry run */
  apply: boolean
  keepDays: number
  keep: number
  undated: boolean
  /** Public repositories that are pruned, too */
  publicOnes: readonly Repository[]
  duration: number
  /** The public ones first; none if reading failed */
  repositories: readonly PrunedRepository[]
  error?: string
  retried?: readonly Retried[]
}

/** @returns digests that were deleted; in a dry run those that would be */
export function prunedOf({
  apply,
  repositories,
}: Pick<PruneRun, 'apply' | 'repositories'>): readonly Pruned[] {
  const all = repositories.flatMap(({ gone }) => gone)
  return apply ? all.filter(({ fate }) => fate.state === 'deleted') : all
}

/** @returns the bytes of blobs that nothing names any more */
export function bytesOf(gone: readonly Pick<Gone, 'bytes'>[]): number {
  return gone.reduce((sum, { bytes }) => sum + bytes, 0)
}
