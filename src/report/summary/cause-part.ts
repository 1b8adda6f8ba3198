import { causeInWords } from './cause-words.ts'
import type { Part } from '../fit.ts'
import { bullets, counted, escaped, folded } from '../markdown.ts'
import type { ImageOutcome, Run } from '../outcome.ts'
import { many, named, type TitleOf } from '../titles.ts'

/** What this run found to be published is not built, whatever the plan had thought. */
function isBuilt({ state, image: { cause } }: ImageOutcome): boolean {
  return state !== 'unchanged' && cause.kind !== 'unchanged'
}

/** Why images were built, those with the same reason together. Nothing where a run failed, which then is what matters. */
export function causePart({ outcomes, error }: Run, titleOf: TitleOf): Part[] {
  const failed = outcomes.some(({ state }) => state === 'failed' || state === 'skipped')
  const built = outcomes.filter(isBuilt)
  if (failed || error !== undefined || built.length === 0) return []
  const lines = [...Map.groupBy(built, ({ image }) => causeInWords(image))].map(
    ([cause, group]) => `${named(group.map(({ image }) => titleOf(image)))}: ${escaped(cause, 600)}`,
  )
  const text = bullets(lines)
  const heading = { text: '### Why it was built' }
  if (lines.length < many) return [heading, { text }]
  return [heading, { text: folded(counted(built.length, 'image'), text), drop: 'causes' }]
}
