import type { PrunedRepository, PruneRun } from './prune-run.ts'

/**
 * The JSON file of `command: prune`, in parts: thousands of digests as one text would need much memory.
 * @param made when the run began to show its result
 */
export function* pruneJson(run: PruneRun, made: Date): Generator<string> {
  const { apply, keepDays, keep, undated, error, repositories } = run
  const head = { format: 1, made: made.toISOString(), apply, keepDays, keep, undated, error: error ?? null }
  yield `${JSON.stringify(head).slice(0, -1)},"repositories":[`
  let separator = '\n'
  for (const repository of repositories) {
    yield separator
    yield* repositoryJson(repository)
    separator = ',\n'
  }
  yield '\n]}\n'
}

function* repositoryJson({ repository, kept, bytes, gone }: PrunedRepository): Generator<string> {
  yield `${JSON.stringify({ repository, bytes, kept }).slice(0, -1)},"gone":[`
  let separator = '\n'
  for (const { fate, relies: _, neededBy: __, ...one } of gone) {
    yield separator + JSON.stringify({ ...one, ...fate })
    separator = ',\n'
  }
  yield '\n]}'
}
