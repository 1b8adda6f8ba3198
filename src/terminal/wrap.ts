import stringWidth from 'string-width'
import wrapAnsi from 'wrap-ansi'

/** @returns the lines of a text in so many columns, words broken only if they are longer */
export function wrapped(text: string, width: number): string[] {
  return wrapAnsi(text, Math.max(2, width), { hard: true })
    .split('\n')
    .map((line) => line.trimEnd())
}

/** @param first what the first line begins with; the others are as far from the left */
export function hanging(first: string, text: string, width: number): string {
  const indent = ' '.repeat(stringWidth(first))
  return wrapped(text, width - indent.length)
    .map((line, index) => `${index === 0 ? first : indent}${line}`.trimEnd())
    .join('\n')
}

export function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - stringWidth(text)))
}

export function indented(text: string, by = 2): string {
  return text.replace(/^(?=.)/gm, ' '.repeat(by))
}
