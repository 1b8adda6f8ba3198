import { alert, counted, folded } from './markdown.ts'

/** A part of a page, in Markdown. If the page is too long, parts with `drop`, their content, go. */
export type Part = { text: string; drop?: string }

/** GitHub drops a longer summary entirely (docs: workflow commands, job summaries). Bytes. */
export const summaryLimit = 1024 * 1024

/** Bytes for the blank line between two parts, and for the note about omitted parts. */
const perPart = 2
const forNote = 300

/** From this number on, details of each item are folded. */
export const many = 9

/** A text under a heading, folded if it has many lines. @param drop what it holds */
export function section(heading: string, text: string, lines: number, drop: string, images = lines): Part[] {
  const body = lines < many ? { text } : { text: folded(counted(images, 'image'), text), drop }
  return [{ text: heading }, body]
}

/** Omits parts, the largest first, until the rest fits or no part may be omitted. */
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
  const rest = parts.filter((part) => !gone.has(part)).map(({ text }) => text)
  const dropped = new Set([...gone].map(({ drop }) => drop ?? ''))
  if (gone.size > 0) rest.push(alert('NOTE', [`Omitted for its length: ${[...dropped].join(', ')}.`]))
  return `${rest.join('\n\n')}\n`
}

/**
 * Fits a page to its limit: omits parts, then shortens cells, then omits tables.
 * @param partsOf the page with this many characters for a foreign sentence; its first part stays
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
