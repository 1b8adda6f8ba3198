import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import stringWidth from 'string-width'
import { stripVTControlCharacters } from 'node:util'
import {
  alert,
  bullets,
  code,
  codeBlock,
  escaped,
  folded,
  wrappingTable,
} from '../../../src/report/markdown.ts'
import { samples } from '../../../script/summary-samples.ts'
import { painter } from '../../../src/terminal/paint.ts'
import { printable, withoutCommands } from '../../../src/terminal/printable.ts'
import { renderForTerminal, type SummaryOptions } from '../../../src/terminal/summary.ts'

const plain: SummaryOptions = { width: 80, paint: painter(false), clean: printable, details: false }

function render(markdown: string, options: Partial<SummaryOptions> = {}): string {
  return renderForTerminal(markdown, { ...plain, ...options })
}

function tooWide(text: string, width: number): string[] {
  return text.split('\n').filter((line) => stringWidth(line) > width)
}

/** Code stays as it is, to be copied. */
function withoutCode(markdown: string): string {
  return markdown.replace(/^(`{3,})[^]*?^\1$/gm, '')
}

describe('markdown', () => {
  it.each<[string, string, string]>([
    ['a heading', '## ✅ 1 image', '✅ 1 image'],
    ['bold text and code', '**a** `b` <code>c</code> <b>d</b>', 'a b c d'],
    ['entities as escaped makes them', escaped('a<b>&[x](y)*_`|\\~$@'), 'a<b>&[x](y)*_`|\\~$@'],
    ['an entity that is text', escaped('&#27;[31m'), '&#27;[31m'],
    ['line breaks', 'a<br>b', 'a\nb'],
    ['places where a word may be broken', 'long<wbr>word', 'longword'],
    ['a list', bullets(['a', '**b**', 'c']), '• a\n• b\n• c'],
    ['an address', 'see https://host/a?b=c.', 'see https://host/a?b=c.'],
    ['a link', '[docs](https://host/a)', 'docs (https://host/a)'],
    ['a block of code', codeBlock('docker pull <a>\n  &amp;', 'sh'), '  docker pull <a>\n    &amp;'],
    ['a chart', '```mermaid\ngantt\n```', '▸ a chart, in the Markdown file'],
    ['a warning', alert('WARNING', ['one', 'two']), '│ Warning\n│ one\n│ two'],
    ['a folded part', folded('3 **legs**', 'inside'), '▸ 3 legs'],
    ['folded parts in a folded part', `${folded('a', folded('b', 'c'))}\n\nd`, '▸ a\n\nd'],
    ['an end without a beginning', 'a\n\n</details>\n\nb', 'a\n\nb'],
    ['HTML that nothing makes', '<script>alert(1)</script>\n\na', 'a'],
  ])('%s', (_, markdown, text) => {
    expect(render(markdown)).toBe(`${text}\n`)
  })

  it('no line is a workflow command where a runner reads it, however cells are wrapped', () => {
    const hostile = escaped('std::vector ::error::pwned ##[error]pwned ::::add-mask::x')
    for (let width = 20; width < 80; width += 1) {
      const text = withoutCommands(
        render(`${wrappingTable(['A', 'B'], [['1', hostile]])}\n\n${hostile}`, { width }),
      )
      expect(text).not.toMatch(/^\s*::|##\[/m)
      expect(text.replace(/\s/g, '')).toContain('std::vector')
    }
  })

  it('folded parts are shown if they are wanted, one in another further to the right', () => {
    expect(render(folded('a', folded('b', 'c')), { details: true })).toBe('▾ a\n\n  ▾ b\n\n    c\n')
  })

  it('styles are colours of the terminal', () => {
    expect(render('**a** <code>b</code>', { paint: painter(true) })).toBe(
      '\u001b[1ma\u001b[22m \u001b[36mb\u001b[39m\n',
    )
  })

  it('what is shown is cleaned once more, after entities', () => {
    const clean = (text: string) => printable(text).replaceAll('p@ss', '***')
    expect(
      render(`${escaped('p@ss')}\n\n${codeBlock('p@ss')}\n\n${folded(code('p@ss'), '')}`, { clean }),
    ).toBe('***\n\n  ***\n\n▸ ***\n')
  })
})

describe('tables', () => {
  const rows = [
    ['v0.21.0', '🔨 build', code('v0.21.0-aibrix-v0.7.0-nixl-0.7.1-20251123')],
    ['版本', '✅ unchanged', 'a<br>b'],
  ]
  const table = wrappingTable(['Version', 'What', 'Tags'], rows)

  it('have columns as wide as their content, wide characters included', () => {
    expect(render(table)).toBe(`Version  What          Tags
───────  ────────────  ─────────────────────────────────────────
v0.21.0  🔨 build      v0.21.0-aibrix-v0.7.0-nixl-0.7.1-20251123

版本     ✅ unchanged  a
                       b
`)
  })

  it('have rows without a line between them if each row is one line', () => {
    expect(
      render(
        wrappingTable(
          ['A', 'B'],
          [
            ['1', '2'],
            ['3', '4'],
          ],
        ),
      ),
    ).toBe('A  B\n─  ─\n1  2\n3  4\n')
  })

  it('wrap cells between words', () => {
    expect(render(wrappingTable(['A', 'Why'], [['1', 'nothing is published yet']]), { width: 20 })).toBe(
      'A  Why\n─  ─────────────────\n1  nothing is\n   published yet\n',
    )
  })

  it('become lists where a word would have to be broken', () => {
    expect(render(table, { width: 40 })).toBe(`Version  v0.21.0
What     🔨 build
Tags     v0.21.0-aibrix-v0.7.0-nixl-0.7.
         1-20251123

Version  版本
What     ✅ unchanged
Tags     a
         b
`)
  })
})

describe.each([40, 80, 200])('at %d columns', (width) => {
  it.each(Object.keys(samples))('the summary %s fits', (name) => {
    for (const details of [false, true]) {
      const text = render(withoutCode(samples[name] ?? ''), { width, details })
      expect(tooWide(text, width)).toEqual([])
      expect(text).not.toMatch(/<\/?(?:code|b|br|wbr|details|summary)>|&#\d+;/)
    }
  })

  it('colours change nothing but colours', () => {
    for (const sample of Object.values(samples))
      expect(stripVTControlCharacters(render(sample, { width, paint: painter(true) }))).toBe(
        render(sample, { width }),
      )
  })
})

it('foreign text is shown as it is, and what is no text not at all', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 20, max: 200 }), (foreign, width) => {
      const markdown = `${wrappingTable(['A', code(foreign)], [[escaped(foreign), 'x']])}\n\n${bullets([escaped(foreign)])}`
      const text = render(markdown, { width })
      // eslint-disable-next-line no-control-regex
      expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
      expect(tooWide(text, width)).toEqual([])
    }),
  )
})
