import { styleText } from 'node:util'

export type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan' | 'blue'

/** @returns the text in a style, or as it is where there are no colours */
export type Paint = (style: Style, text: string) => string

/** What a text for a terminal depends on: its columns and its colours */
export type Screen = { width: number; paint: Paint }

export function painter(hasColours: boolean): Paint {
  return (style, text) =>
    hasColours && text !== '' ? styleText(style, text, { validateStream: false }) : text
}

/**
 * @returns whether a stream gets colours: `FORCE_COLOR` wins, then `NO_COLOR` (no-color.org), then
 *   whether it is a terminal that has any
 */
export function hasColours(
  isTerminal: boolean,
  { FORCE_COLOR: forced, NO_COLOR: no, TERM: kind }: NodeJS.ProcessEnv,
): boolean {
  if (forced !== undefined) return !['0', 'false'].includes(forced)
  return isTerminal && (no ?? '') === '' && kind !== 'dumb'
}

/** Columns where nothing says how many there are */
const usual = 80

/** What narrower terminals cannot show: a word in each line */
const least = 20

/** @returns the columns of a stream; `COLUMNS` is for what is no terminal */
export function widthOf(columns: number | undefined, { COLUMNS: given }: NodeJS.ProcessEnv): number {
  const width = columns !== undefined && columns > 0 ? columns : Number.parseInt(given ?? '', 10)
  return Number.isNaN(width) ? usual : Math.max(least, width)
}
