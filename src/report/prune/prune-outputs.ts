import { prunedOf, type PruneRun } from './prune-run.ts'

/**
 * @param path the JSON file, empty if it can't be written
 * @param summaryPath the file of the summary
 */
export function pruneOutputs(
  run: PruneRun,
  path: string,
  summaryPath: string,
): Record<'pruned' | 'prune-path' | 'summary-path', string> {
  return { pruned: String(prunedOf(run).length), 'prune-path': path, 'summary-path': summaryPath }
}
