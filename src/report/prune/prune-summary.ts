import { familiarRepository } from '../../registry/index.ts'
import { formatDuration, humanBytes } from '../../text.ts'
import { fit, type Part, summaryLimit } from '../fit.ts'
import { alert, codeBlock, counted, escaped } from '../markdown.ts'
import { retriesPart } from '../summary/problems-part.ts'
import { gonePart, kindParts } from './prune-parts.ts'
import { bytesOf, prunedOf, type PruneRun } from './prune-run.ts'

function headingOf(run: PruneRun): string {
  const { apply, repositories, error } = run
  const pruned = prunedOf(run)
  const wanted = repositories.flatMap(({ gone }) => gone).length
  const size = humanBytes(bytesOf(pruned))
  if (error !== undefined && !apply) return '❌ It could not be determined what may be deleted'
  if (error !== undefined)
    return pruned.length === 0
      ? '❌ Nothing was deleted'
      : `❌ Deleted ${pruned.length} of ${counted(wanted, 'digest')}`
  if (!apply)
    return wanted === 0
      ? '✅ Dry run: nothing would be deleted'
      : `🧹 Dry run: ${counted(wanted, 'digest')} would be deleted, ${size}`
  return pruned.length === 0
    ? '✅ Nothing was deleted'
    : `🧹 ${counted(pruned.length, 'digest')} deleted, ${size}`
}

function factsLine({ duration, keepDays, keep, undated }: PruneRun): string {
  const facts = [
    formatDuration(duration),
    `younger than ${counted(keepDays, 'day')} stays`,
    `${keep} of each family stay`,
  ]
  return [...facts, ...(undated ? ['what has no date is old'] : [])].join(' · ')
}

/** The inputs that delete what a dry run has shown. */
function applyPart(run: PruneRun): Part[] {
  const { apply, keepDays, keep, undated, publicOnes, error } = run
  if (apply || error !== undefined || prunedOf(run).length === 0) return []
  const inputs = [
    ...['command: prune', 'apply: true', `keep-days: ${keepDays}`, `keep: ${keep}`],
    ...(undated ? ['undated: true'] : []),
    ...(publicOnes.length > 0
      ? ['prune-public: |-', ...publicOnes.map((one) => `  ${familiarRepository(one)}`)]
      : []),
  ]
  const text = 'Nothing was deleted. With the same other inputs, these delete it:'
  return [{ text }, { text: codeBlock(inputs.join('\n'), 'yaml') }]
}

/** Why what was to go is still there after a failure */
function againPart(run: PruneRun): Part[] {
  const { apply, error } = run
  return apply && error !== undefined && prunedOf(run).length > 0
    ? [{ text: 'What was deleted is gone, what is left is as it was: the same run again goes on.' }]
    : []
}

function partsOf(run: PruneRun, limit: number): Part[] {
  const { repositories, error, retried = [] } = run
  return [
    { text: `## ${headingOf(run)}\n\n${factsLine(run)}` },
    ...(error === undefined ? [] : [{ text: alert('CAUTION', [escaped(error, 2 * limit)]) }]),
    ...againPart(run),
    ...applyPart(run),
    ...kindParts(repositories),
    ...gonePart(run, limit),
    ...retriesPart(retried, limit),
  ]
}

/** The job summary of `command: prune`, as Markdown. @param limit bytes */
export function renderPruneSummary(run: PruneRun, limit = summaryLimit): string {
  return fit((cell) => partsOf(run, cell), limit)
}
