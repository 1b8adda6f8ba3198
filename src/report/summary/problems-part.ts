import { engines, type Excluded } from '../../plan/index.ts'
import type { Retried } from '../../system/index.ts'
import { many, type Part, section } from '../fit.ts'
import { alert, bullets, counted, escaped, folded, wrappingTable } from '../markdown.ts'
import { type Run, warningsAbout } from '../outcome.ts'
import { boldTitles, type TitledLeg, titledLegs, type TitleOf } from '../titles.ts'

type Message = { title: string; text: string }

/** One sentence for each text, with all its images. */
function sentences(all: readonly Message[], limit: number): string[] {
  return [...Map.groupBy(all, ({ text }) => text)].map(
    ([text, group]) => `${boldTitles(group.map(({ title }) => title))}: ${escaped(text, limit)}`,
  )
}

/** Shows the first lines, and folds the rest. */
function shown(kind: 'CAUTION' | 'WARNING', noun: string, lines: readonly string[]): Part[] {
  if (lines.length === 0) return []
  const first = { text: alert(kind, lines.slice(0, many)) }
  const rest = lines.slice(many)
  if (rest.length === 0) return [first]
  return [first, { text: folded(counted(rest.length, `more ${noun}`), bullets(rest)), drop: `${noun}s` }]
}

/** What failed, in one sentence each. @param limit characters of half a sentence */
export function errorsPart(run: Run, titleOf: TitleOf, limit: number): Part[] {
  const ofImages = run.outcomes.flatMap((outcome) =>
    outcome.state === 'failed' && outcome.error !== undefined
      ? [{ title: titleOf(outcome.image), text: outcome.error }]
      : [],
  )
  const ofLegs = titledLegs(run.outcomes, titleOf).flatMap(({ title, outcome }) =>
    outcome.state === 'failed' ? [{ title, text: outcome.error }] : [],
  )
  return shown('CAUTION', 'error', [
    ...(run.error === undefined ? [] : [escaped(run.error, 2 * limit)]),
    ...sentences([...ofImages, ...ofLegs], 2 * limit),
  ])
}

/** @param limit characters of a warning, which is a sentence */
export function warningsPart(legs: readonly TitledLeg[], limit: number): Part[] {
  const warnings = legs.flatMap(({ title, outcome }) =>
    warningsAbout(outcome).map((text) => ({ title, text })),
  )
  return shown('WARNING', 'warning', sentences(warnings, limit))
}

/** What is not built. @param limit characters of a reason */
export function excludedPart(excluded: readonly Excluded[], limit: number): Part[] {
  if (excluded.length === 0) return []
  const text = wrappingTable(
    ['Image', 'AIBrix', 'NIXL', 'Platform', 'Why it is not built', 'Chosen by'],
    excluded.map(({ engine, version, aibrix, nixl, platform, reason, why }) => [
      `**${escaped(`${engines[engine].title} ${version}`, 120)}**`,
      escaped(aibrix, 80),
      escaped(nixl, 80),
      escaped(platform, 40),
      escaped(reason, limit),
      escaped(why, limit),
    ]),
  )
  return section('### Not built', text, excluded.length, 'excluded images')
}

/** Transient failures that were retried. @param limit characters of a failure */
export function retriesPart(retried: readonly Retried[], limit: number): Part[] {
  const total = retried.reduce((sum, { times }) => sum + times, 0)
  if (total === 0) return []
  const lines = retried.map(({ problem, times }) => `${times} × ${escaped(problem, limit)}`)
  const title = total === 1 ? '1 retry' : `${total} retries`
  return [{ text: folded(title, bullets(lines)), drop: 'retries' }]
}
