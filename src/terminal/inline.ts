import { Lexer, type MarkedToken, type Token } from 'marked'
import type { Screen, Style } from './paint.ts'

/** How text is shown. `clean` makes foreign text harmless and free of secrets. */
export type InlineOptions = Pick<Screen, 'paint'> & { clean: (text: string) => string }

/** Elements that the summary has within a line, and the style of their content */
const styles: Readonly<Record<string, Style>> = { code: 'cyan', b: 'bold' }

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' }

const entity = /&(?:#(\d{1,7})|([a-z]+));/g

/** @returns the text that a browser shows for text with entities, as `escaped` makes them */
function decoded(text: string): string {
  return text.replace(entity, (whole, code: string | undefined, name: string | undefined) => {
    if (code === undefined) return named[name ?? ''] ?? whole
    return Number(code) <= 0x10ffff ? String.fromCodePoint(Number(code)) : whole
  })
}

/** @returns a line of Markdown with the elements of HTML above, styled; `<br>` is a line end */
export function inlineText(markdown: string, options: InlineOptions): string {
  return styledTokens(Lexer.lexInline(markdown), options)
}

export function styledTokens(tokens: readonly Token[], options: InlineOptions): string {
  const open: string[] = []
  let text = ''
  for (const token of tokens) {
    const [, slash, element = ''] = token.type === 'html' ? (/^<(\/?)([a-z]+)/.exec(token.raw) ?? []) : []
    if (element === 'br') text += '\n'
    else if (slash === '/') open.splice(open.lastIndexOf(element), open.includes(element) ? 1 : 0)
    else if (element in styles) open.push(element)
    else if (element === '')
      text += open.reduce(
        (inner, name) => options.paint(styles[name] ?? 'bold', inner),
        styledToken(token, options),
      )
  }
  return text
}

function styledToken(token: Token, options: InlineOptions): string {
  const { paint, clean } = options
  // No extension of marked adds others.
  const known = token as MarkedToken
  switch (known.type) {
    case 'br':
      return '\n'
    case 'strong':
    case 'em':
      return paint('bold', styledTokens(known.tokens, options))
    case 'codespan':
      return paint('cyan', clean(known.text))
    case 'link': {
      const inner = styledTokens(known.tokens, options)
      return known.autolink === true ? inner : `${inner} (${clean(known.href)})`
    }
    case 'text':
    case 'escape':
      return clean(decoded(known.text)).replaceAll('\n', ' ')
    default:
      return clean(known.raw)
  }
}
