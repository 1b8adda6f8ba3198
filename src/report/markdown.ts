/** Control characters, line separators, and marks that reorder text (Unicode TR36). */
// eslint-disable-next-line no-control-regex
const invisible = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** Possible markup in Markdown, HTML or a table. GitHub ignores underscores inside words. */
const markup = /[&<>|\\`*[\]~$@]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g

/**
 * Foreign text as Markdown that shows exactly this text, on one line, also in a cell of a table.
 * Entities, not backslashes, because a table is split at its pipes before backslashes count.
 * @param limit characters of the text that are shown
 */
export function escaped(text: string, limit = Infinity): string {
  // Again, since what was removed may have been between two spaces.
  const line = text.replace(/\s+/g, ' ').replace(invisible, '').replace(/ {2,}/g, ' ').trim()
  const kept = line.length > limit ? `${line.slice(0, Math.max(0, limit - 1)).trimEnd()}…` : line
  return kept.replace(markup, (character) => `&#${character.charCodeAt(0)};`)
}

/** Foreign text as inline code. HTML, because backticks can't be escaped inside backticks. */
export function code(text: string, limit = Infinity): string {
  return `<code>${escaped(text, limit)}</code>`
}

/** A shortened digest as inline code: `sha256:0123456789ab`. */
export function shortDigest(digest: string): string {
  return code(digest.replace(/^(sha256:.{12}).*$/, '$1'))
}

/** Foreign text as a block of code, which GitHub shows with a copy button. */
export function codeBlock(text: string, language = ''): string {
  // A tab is visible in code, and part of what is copied.
  const clean = text
    .replace(/\r\n?/g, '\n')
    .replace(invisible, (character) => (character === '\t' ? '\t' : ''))
  const longest = Math.max(0, ...[...clean.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(Math.max(3, longest + 1))
  return `${fence}${language}\n${clean}\n${fence}`
}

/** @param rows cells in Markdown; missing ones are empty */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const padded = rows.map((row) => head.map((_, column) => row[column] ?? ''))
  return [line(head), line(head.map(() => '---')), ...padded.map(line)].join('\n')
}

/** A word longer than half of GitHub's column, which a browser breaks only at hyphens. */
const longWord = /[^\s<>-]{65,}/g

/** A part of such a word, up to a punctuation mark if any. It may hold entities of `escaped`. */
const wordPart = /(?:&#\d+;|[^&]){20,40}?(?<=[/:@,=._;-])|(?:&#\d+;|[^&]){40}/g

/** Like `table`, with long words that may be broken, so that it fits GitHub's column. */
export function wrappingTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const broken = (cell: string): string => cell.replace(longWord, (word) => word.replace(wordPart, '$&<wbr>'))
  return table(
    head,
    rows.map((row) => row.map(broken)),
  )
}

/** @param items Markdown, one line each */
export function bullets(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join('\n')
}

/** A collapsed part. @param title Markdown */
export function folded(title: string, body: string): string {
  return `<details><summary>${title}</summary>\n\n${body}\n\n</details>`
}

/** A highlighted note. @param lines Markdown, one paragraph each */
export function alert(kind: 'CAUTION' | 'WARNING' | 'NOTE', lines: readonly string[]): string {
  return `> [!${kind}]\n${lines.map((line) => `> ${line}`).join('\n>\n')}`
}

/** An empty cell. */
export const none = '–'

/** @returns `1 image`, `2 images` */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
