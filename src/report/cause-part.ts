import { causeInWords } from './cause-words.ts'
import type { Part } from './fit.ts'
import { counted, escaped, folded, table } from './markdown.ts'
import type { ImageOutcome } from './outcome.ts'
import { many, type TitleOf } from './titles.ts'

/** Why each image was built, or was not. */
export function causePart(outcomes: readonly ImageOutcome[], titleOf: TitleOf): Part[] {
  const rows = outcomes.map(({ image }) => [
    `**${escaped(titleOf(image), 120)}**`,
    escaped(causeInWords(image), 600),
  ])
  const text = table(['Image', 'Why'], rows)
  if (rows.length < many) return [{ text }]
  return [{ text: folded(`Why: ${counted(rows.length, 'image')}`, text), drop: 'causes' }]
}
