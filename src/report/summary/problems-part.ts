import { engines, type Excluded } from '../../plan/index.ts'
import type { Part } from '../fit.ts'
import { alert, counted, escaped, folded, wrappingTable } from '../markdown.ts'
import { type Run, warningsAbout } from '../outcome.ts'
import { many, named, type TitledLeg, titledLegs, type TitleOf } from '../titles.ts'

type Said = { title: string; text: string }

/** What is said of several images is said once. */
function sentences(all: readonly Said[], limit: number): string[] {
  return [...Map.groupBy(all, ({ text }) => text)].map(
    ([text, group]) => `${named(group.map(({ title }) => title))}: ${escaped(text, limit)}`,
  )
}

/** The first ones where they are seen at once, the rest folded. */
function shown(kind: 'CAUTION' | 'WARNING', name: string, lines: readonly string[]): Part[] {
  if (lines.length === 0) return []
  const rest = lines.slice(many).map((line) => `- ${line}`)
  const more =
    rest.length === 0
      ? []
      : [{ text: folded(counted(rest.length, `more ${name}`), rest.join('\n')), drop: `${name}s` }]
  return [{ text: alert(kind, lines.slice(0, many)) }, ...more]
}

/**
 * What failed, in a sentence each.
 * @param limit characters of half a sentence
 */
export function errorsPart(run: Run, titleOf: TitleOf, limit: number): Part[] {
  const failures = [
    ...run.outcomes.flatMap((outcome) =>
      outcome.state === 'failed' && outcome.error !== undefined
        ? [{ title: titleOf(outcome.image), text: outcome.error }]
        : [],
    ),
    ...titledLegs(run.outcomes, titleOf).flatMap(({ title, outcome }) =>
      outcome.state === 'failed' ? [{ title, text: outcome.error }] : [],
    ),
  ]
  return shown('CAUTION', 'error', [
    ...(run.error === undefined ? [] : [escaped(run.error, 2 * limit)]),
    ...sentences(failures, 2 * limit),
  ])
}

/**
 * Warnings, in a sentence each.
 * @param limit characters of one of them
 */
export function warningsPart(legs: readonly TitledLeg[], limit: number): Part[] {
  const warnings = legs.flatMap(({ title, outcome }) =>
    warningsAbout(outcome).map((text) => ({ title, text })),
  )
  return shown('WARNING', 'warning', sentences(warnings, limit))
}

/**
 * What is not built, and why.
 * @param limit characters of a reason
 */
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
  const heading = { text: '### Not built' }
  if (excluded.length < many) return [heading, { text }]
  return [heading, { text: folded(counted(excluded.length, 'image'), text), drop: 'excluded images' }]
}
