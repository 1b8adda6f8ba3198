import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { alert, code, codeBlock, escaped, table, wrappingTable } from '../../../src/report/markdown.ts'

const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.constantFrom(
        '|',
        '\\',
        '`',
        '<',
        '>',
        '&',
        '*',
        '_',
        '[',
        ']',
        '\n',
        '\r',
        '~',
        '$',
        '\u202e',
        'a',
        ' ',
      ),
      { maxLength: 30 },
    )
    .map((characters) => characters.join('')),
)

function decoded(text: string): string {
  return text.replace(/&#(\d+);/g, (_, digits: string) => String.fromCharCode(Number(digits)))
}

describe('escaped', () => {
  it.each([
    ['aibrix_kvcache 0.7.0+cu130', 'aibrix_kvcache 0.7.0+cu130'],
    ['a | b', 'a &#124; b'],
    ['<img src=x onerror=alert(1)>', '&#60;img src=x onerror=alert(1)&#62;'],
    ['one\ntwo\r\nthree', 'one two three'],
    ['a \u202e b', 'a b'],
    ['__init__', '&#95;&#95;init&#95;&#95;'],
    ['[a](b)', '&#91;a&#93;(b)'],
    ['&lt;', '&#38;lt;'],
  ])('%j is shown as %j', (text, expected) => {
    expect(escaped(text)).toBe(expected)
  })

  it('never leaves markup, and shows the same text', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const result = escaped(text)
        expect(result.replace(/&#\d+;/g, '')).not.toMatch(/[|<>\\`*[\]~$&\n\r\u202e]/)
        expect(escaped(decoded(result))).toBe(result)
      }),
    )
  })

  it('keeps within its limit', () => {
    expect(escaped('abcdef', 4)).toBe('abc…')
    expect(escaped('abcd', 4)).toBe('abcd')
  })
})

describe('a table', () => {
  it('has as many cells in every line as in its head, whatever they contain', () => {
    fc.assert(
      fc.property(fc.array(fc.array(hostile, { maxLength: 5 })), (rows) => {
        const text = table(
          ['a', 'b', 'c'],
          rows.map((row) => row.map((cell) => code(cell))),
        )
        for (const line of text.split('\n')) expect(line.split('|')).toHaveLength(5)
        expect(text.split('\n')).toHaveLength(rows.length + 2)
      }),
    )
  })
})

describe('a block of code', () => {
  it("can't be closed by its content", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const lines = codeBlock(text).split('\n')
        const fence = lines[0] ?? ''
        expect(lines.slice(1, -1).every((line) => !line.includes(fence))).toBe(true)
        expect(lines.at(-1)).toBe(fence)
      }),
    )
  })
})

it('an alert keeps all of its paragraphs in its quote', () => {
  expect(alert('WARNING', ['one', 'two'])).toBe('> [!WARNING]\n> one\n>\n> two')
})

describe('a table within a page', () => {
  it.each([
    ['a short word', 'a/b_c'],
    ['a tag, which has hyphens', 'registry.example.com:5000/a/b:v0.21.0-aibrix-v0.7.0-nixl-0.7.1-20251123'],
    ['long sentences', 'a b '.repeat(100).trim()],
  ])('keeps %s as it is', (_, text) => {
    expect(wrappingTable(['x'], [[text]])).toBe(table(['x'], [[text]]))
  })

  it('may break a long word at its punctuation, else anywhere, but not in an entity', () => {
    const path = 'aibrix_kvcache.integration.vllm.kv_connector.aibrix_pd_reuse_connector'
    expect(wrappingTable(['x'], [[path]])).toContain(
      '| aibrix_kvcache.integration.<wbr>vllm.kv_connector.aibrix_<wbr>pd_reuse_connector |',
    )
    const cell = wrappingTable(['x'], [[escaped('`*<'.repeat(40))]])
    expect(cell.replaceAll('<wbr>', '')).toContain(escaped('`*<'.repeat(40)))
    expect(
      cell
        .replace(/&#\d+;/g, '')
        .replaceAll('<wbr>', '')
        .split('\n')[2],
    ).toBe('|  |')
    expect(wrappingTable(['x'], [['a'.repeat(100)]])).toContain(
      `| ${'a'.repeat(40)}<wbr>${'a'.repeat(40)}<wbr>aaaa`,
    )
  })
})
