import { formatDuration } from '../build/printable.ts'
import { causePart } from './cause-part.ts'
import { componentMatrix } from './components-part.ts'
import { detailsPart, integrationPart, sizePart, timePart } from './details-part.ts'
import { fit, type Part, summaryLimit } from './fit.ts'
import { gatesPart } from './gates-part.ts'
import { headingOf } from './heading.ts'
import { alert, escaped } from './markdown.ts'
import type { Run } from './outcome.ts'
import { excludedPart, problems } from './problems-part.ts'
import { publishedPart } from './published-part.ts'
import { retriesPart } from './retries-part.ts'
import { titledLegs, titlesOf } from './titles.ts'

/** Nothing is said of legs that this build leaves to others. */
function concerned(run: Run): Run {
  if (run.command !== 'build') return run
  const failed = run.outcomes.some(({ legs }) => legs.some(({ state }) => state === 'failed'))
  const outcomes = run.outcomes
    .map((outcome) => ({
      ...outcome,
      legs: outcome.legs.filter(({ state }) => failed || state !== 'skipped'),
    }))
    .filter(({ legs }) => legs.length > 0)
  return { ...run, outcomes }
}

function stagedNote(run: Run): Part[] {
  if (run.command !== 'build' || !run.outcomes.some(({ state }) => state === 'staged')) return []
  const line =
    'Staged legs have no public tag yet: `command: promote` with the same plan publishes each image of which all legs are staged.'
  return [{ text: alert('NOTE', [line]) }]
}

function partsOf(run: Run, limit: number): Part[] {
  const { command, outcomes } = run
  const titleOf = titlesOf(outcomes.map(({ image }) => image))
  const legs = titledLegs(outcomes, titleOf)
  const retries = retriesPart(run.retried ?? [], limit)
  const start = [
    { text: `## ${headingOf(run, titleOf)}\n\n${escaped(formatDuration(run.duration))}` },
    ...problems(run, titleOf, limit),
    ...stagedNote(run),
  ]
  if (outcomes.length === 0) return [...start, ...excludedPart(run.excluded, limit), ...retries]
  return [
    ...start,
    { text: componentMatrix(outcomes, titleOf) },
    ...causePart(outcomes, titleOf),
    ...publishedPart(run, legs, titleOf),
    ...excludedPart(run.excluded, limit),
    ...gatesPart(legs, limit),
    ...sizePart(legs),
    ...integrationPart(legs),
    ...timePart(command, legs),
    ...retries,
    ...detailsPart(legs),
  ]
}

/**
 * The job summary of a run, as Markdown. Tables stay as long as anything else can go; their cells are shortened first.
 * @param limit bytes
 */
export function renderSummary(run: Run, limit = summaryLimit): string {
  const shown = concerned(run)
  return fit((cell) => partsOf(shown, cell), limit)
}
