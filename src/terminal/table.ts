import stringWidth from 'string-width'
import type { Paint } from './paint.ts'
import { padded, wrapped } from './wrap.ts'

/** Between two columns */
const gap = '  '

/** The longest part of a word that a column keeps in one line if the table is too wide */
const longestPart = 32

/**
 * @param head cells, styled; a cell may have several lines
 * @returns the lines of a table in so many columns: cells are wrapped, and if that is not enough, each
 *   row becomes a list
 */
export function tableLines(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  width: number,
  paint: Paint,
): string[] {
  const widths = columnWidths([head, ...rows], width - gap.length * (head.length - 1))
  if (widths === undefined) return recordLines(head, rows, width, paint)
  const wrap = (cells: readonly string[]): string[][] =>
    widths.map((columns, index) => wrapped(cells[index] ?? '', columns))
  const wrappedRows = rows.map(wrap)
  const isTall = wrappedRows.some((cells) => cells.some((lines) => lines.length > 1))
  const rule = paint('dim', widths.map((columns) => '─'.repeat(columns)).join(gap))
  return [
    ...joined(wrap(head.map((cell) => paint('bold', cell))), widths),
    rule,
    ...wrappedRows.flatMap((cells, index) => [
      // Wrapped rows run into each other without a line between them.
      ...(isTall && index > 0 ? [''] : []),
      ...joined(cells, widths),
    ]),
  ]
}

/** @param cells the lines of each cell of a row */
function joined(cells: readonly (readonly string[])[], widths: readonly number[]): string[] {
  const height = Math.max(...cells.map((lines) => lines.length))
  return Array.from({ length: height }, (_, line) =>
    cells
      .map((lines, column) => padded(lines[line] ?? '', widths[column] ?? 0))
      .join(gap)
      .trimEnd(),
  )
}

/** @returns a width for each column, or undefined if there is too little for all */
function columnWidths(rows: readonly (readonly string[])[], available: number): number[] | undefined {
  const columns = (rows[0] ?? []).map((_, index) => rows.map((cells) => cells[index] ?? ''))
  const natural = columns.map((cells) => longest(cells.flatMap((cell) => cell.split('\n'))))
  const words = columns.map((cells) => longest(cells.flatMap((cell) => cell.split(/\s/))))
  // Words are kept whole if that is possible.
  for (const least of [words, words.map((word) => Math.min(word, longestPart))]) {
    if (sum(least) > available) continue
    const widths = [...natural]
    while (sum(widths) > available) {
      const spare = widths.map((columns, index) => (columns > (least[index] ?? 0) ? columns : 0))
      const widest = spare.indexOf(Math.max(...spare))
      widths[widest] = (widths[widest] ?? 0) - 1
    }
    return widths
  }
  return undefined
}

function longest(texts: readonly string[]): number {
  return texts.reduce((most, text) => Math.max(most, stringWidth(text)), 0)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

/** Each row as a list of its cells with their titles; empty cells are left out. */
function recordLines(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  width: number,
  paint: Paint,
): string[] {
  const titleWidth = Math.min(longest(head), Math.floor(width / 3))
  const widths = [titleWidth, width - titleWidth - gap.length]
  return rows.flatMap((cells, index) => [
    ...(index > 0 ? [''] : []),
    ...cells.flatMap((cell, column) => {
      const title = wrapped(head[column] ?? '', titleWidth).map((line) => paint('bold', line))
      return cell === '' ? [] : joined([title, wrapped(cell, widths[1] ?? 0)], widths)
    }),
  ])
}
