import { Lexer, type MarkedToken, type Token, type Tokens } from 'marked'
import { type InlineOptions, inlineText, styledTokens } from './inline.ts'
import type { Screen, Style } from './paint.ts'
import { tableLines } from './table.ts'
import { hanging, indented, wrapped } from './wrap.ts'

/** Kinds of highlighted notes (`alert`) and their colours */
const alerts: Readonly<Record<string, { title: string; style: Style }>> = {
  CAUTION: { title: 'Error', style: 'red' },
  WARNING: { title: 'Warning', style: 'yellow' },
  NOTE: { title: 'Note', style: 'blue' },
}

export type SummaryOptions = Screen &
  InlineOptions & {
    /** Whether folded parts are shown, too, and not their titles only */
    details: boolean
  }

/**
 * @param markdown a job summary as `src/report` makes it: the one source of what is shown
 * @returns it as text for a terminal. Only blocks of code may be wider, so that they can be copied.
 */
export function renderForTerminal(markdown: string, options: SummaryOptions): string {
  return `${blocks(Lexer.lex(markdown), options).join('\n\n')}\n`
}

/** A folded part that is open */
type Fold = { title: string; parts: string[] }

function blocks(tokens: readonly Token[], options: SummaryOptions): string[] {
  const { width, details } = options
  const parts: string[] = []
  const folds: Fold[] = []
  const addPart = (part: string): void => {
    if (part !== '') (folds.at(-1)?.parts ?? parts).push(part)
  }
  for (const token of tokens) {
    if (token.type !== 'html') {
      // Inside a fold there is less space.
      addPart(block(token, { ...options, width: width - 2 * folds.length }))
      continue
    }
    const opening = /<summary>(.*?)<\/summary>/s.exec(token.raw)?.[1]
    if (opening !== undefined) folds.push({ title: inlineText(opening, options), parts: [] })
    else if (token.raw.startsWith('</details>')) {
      const fold = folds.pop()
      if (fold === undefined) continue
      const title = hanging(details ? '▾ ' : '▸ ', fold.title, width - 2 * folds.length)
      const shown = details ? [title, ...fold.parts.map((part) => indented(part))] : [title]
      addPart(shown.join('\n\n'))
    }
  }
  return parts
}

function block(token: Token, options: SummaryOptions): string {
  const { width, paint } = options
  // No extension of marked adds others.
  const known = token as MarkedToken
  switch (known.type) {
    case 'heading':
      return wrapped(paint('bold', styledTokens(known.tokens, options)), width).join('\n')
    case 'paragraph':
    case 'text':
      return wrapped(styledTokens(known.tokens ?? [], options), width).join('\n')
    case 'list':
      return known.items.map((item) => listItem(item, options)).join('\n')
    case 'table':
      return table(known, options)
    case 'code':
      return known.lang === 'mermaid'
        ? hanging('▸ ', 'a chart, in the Markdown file', width)
        : indented(options.clean(known.text))
    case 'blockquote':
      return note(known, options)
    case 'hr':
      return '─'.repeat(width)
    default:
      return ''
  }
}

function listItem({ tokens }: Tokens.ListItem, options: SummaryOptions): string {
  const inner = blocks(tokens, { ...options, width: options.width - 2 }).join('\n')
  return `• ${indented(inner).trimStart()}`
}

function table({ header, rows }: Tokens.Table, options: SummaryOptions): string {
  const { width, paint } = options
  const cells = (row: readonly Tokens.TableCell[]): string[] =>
    row.map(({ tokens }) => styledTokens(tokens, options))
  return tableLines(cells(header), rows.map(cells), width, paint).join('\n')
}

/** `> [!WARNING]` and lines */
function note({ text }: Tokens.Blockquote, options: SummaryOptions): string {
  const { paint, width } = options
  const [, kind = ''] = /^\[!([A-Z]+)\]\n/.exec(text) ?? []
  const { title, style } = alerts[kind] ?? { title: '', style: 'dim' }
  const body = blocks(Lexer.lex(kind === '' ? text : text.slice(kind.length + 4)), {
    ...options,
    width: width - 2,
  })
  const lines = [...(title === '' ? [] : [paint(style, title)]), ...body].join('\n').split('\n')
  return lines.map((line) => `${paint(style, '│')} ${line}`.trimEnd()).join('\n')
}
