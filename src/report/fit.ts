import { alert } from './markdown.ts'

/** A part of a page, Markdown that stands for itself. Parts with `drop` (what they hold) go first where the page is too long. */
export type Part = { text: string; drop?: string }

/** GitHub loses a summary that is longer, all of it (docs: workflow commands, job summaries). Bytes. */
export const summaryLimit = 1024 * 1024

/** Room for the blank line between two parts, and for the note about what was left out. */
const perPart = 2
const forNote = 300

function joined(parts: readonly Part[], dropped: readonly string[]): string {
  const note =
    dropped.length === 0 ? [] : [alert('NOTE', [`Left out for length: ${[...new Set(dropped)].join(', ')}.`])]
  return `${[...parts.map(({ text }) => text), ...note].join('\n\n')}\n`
}

/** Leaves parts out, the largest first, until the rest fits (or nothing is left that may go). */
function cut(parts: readonly Part[], limit: number): string {
  const sized = parts.map((part) => ({ part, bytes: Buffer.byteLength(part.text) + perPart }))
  const largestFirst = sized
    .filter(({ part }) => part.drop !== undefined)
    .sort((left, right) => right.bytes - left.bytes)
  let total = sized.reduce((sum, { bytes }) => sum + bytes, 0)
  const gone = new Set<Part>()
  for (const { part, bytes } of largestFirst) {
    if (total <= limit) break
    if (gone.size === 0) total += forNote
    gone.add(part)
    total -= bytes
  }
  const dropped = [...gone].map(({ drop }) => drop ?? '')
  return joined(
    parts.filter((part) => !gone.has(part)),
    dropped,
  )
}

/**
 * A page within its limit: what may be left out goes first, then cells are shortened, and only then tables go.
 * @param partsOf the page with so many characters for a foreign sentence; its first part always stays
 * @param limit bytes
 */
export function fit(partsOf: (cell: number) => readonly Part[], limit: number): string {
  for (const cell of [600, 150, 40]) {
    const text = cut(partsOf(cell), limit)
    if (Buffer.byteLength(text) <= limit) return text
  }
  const [head, ...rest] = partsOf(40)
  return cut([...(head ? [head] : []), ...rest.map((part) => ({ drop: 'tables', ...part }))], limit)
}
