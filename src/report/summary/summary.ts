import { formatDuration } from '../../text.ts'
import { causePart } from './cause-part.ts'
import { componentsPart } from './components-part.ts'
import { detailsPart } from './details-part.ts'
import { fit, type Part, summaryLimit } from '../fit.ts'
import { gatesPart, tally } from './gates-part.ts'
import { headingOf } from './heading.ts'
import { alert } from '../markdown.ts'
import type { Run } from '../outcome.ts'
import { errorsPart, excludedPart, retriesPart, warningsPart } from './problems-part.ts'
import { publishedPart } from './published-part.ts'
import { builtLegs, timePart } from './time-part.ts'
import { type TitledLeg, titledLegs, titlesOf } from '../titles.ts'
import { usePart } from './use-part.ts'

/** Without the legs that this build leaves to other jobs. */
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
    'Staged legs have no public tag yet: `command: promote` with the same plan publishes each image once all its legs are staged.'
  return [{ text: alert('NOTE', [line]) }]
}

/** The duration of the run, and how many gates passed. */
function factsLine({ duration }: Run, legs: readonly TitledLeg[]): string {
  const gates = legs.flatMap(({ report }) => report?.gates ?? [])
  return [formatDuration(duration), ...(gates.length === 0 ? [] : [tally(gates)])].join(' · ')
}

function partsOf(run: Run, limit: number): Part[] {
  const { command, outcomes, excluded } = run
  const titleOf = titlesOf(outcomes.map(({ image }) => image))
  const legs = titledLegs(outcomes, titleOf)
  const built = builtLegs(command, legs)
  const gates = gatesPart(legs, limit)
  // After a failure, the gates come first.
  const hasFailed = legs.some(({ outcome }) => outcome.state === 'failed')
  return [
    { text: `## ${headingOf(run, titleOf)}\n\n${factsLine(run, legs)}` },
    ...errorsPart(run, titleOf, limit),
    ...publishedPart(run, legs, titleOf),
    ...stagedNote(run),
    ...warningsPart(legs, limit),
    ...(hasFailed ? gates : []),
    ...componentsPart(outcomes, titleOf),
    ...causePart(run, titleOf),
    ...excludedPart(excluded, limit),
    ...(hasFailed ? [] : gates),
    ...usePart(legs),
    ...timePart(command, built),
    ...retriesPart(run.retried ?? [], limit),
    ...detailsPart(legs, ({ image }) => titleOf(image.image), built, limit),
  ]
}

/**
 * The job summary of a run, as Markdown. If it is too long, other parts are omitted before tables.
 * @param limit bytes
 */
export function renderSummary(run: Run, limit = summaryLimit): string {
  const shown = concerned(run)
  return fit((cell) => partsOf(shown, cell), limit)
}
