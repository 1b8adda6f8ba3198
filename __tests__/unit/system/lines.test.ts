import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { createLineSplitter } from '../../../src/system/lines.ts'

function split(chunks: Buffer[], limit = 1000): [string, number][] {
  const lines: [string, number][] = []
  const splitter = createLineSplitter(limit, (line, dropped) => lines.push([line.toString('utf8'), dropped]))
  for (const chunk of chunks) splitter.write(chunk)
  splitter.end()
  return lines
}

describe('splitting output into lines', () => {
  it.each([
    ['nothing', [], []],
    ['one line', ['a\n'], [['a', 0]]],
    [
      'a line in pieces',
      ['a', 'b', 'c\nd'],
      [
        ['abc', 0],
        ['d', 0],
      ],
    ],
    [
      'empty lines',
      ['\n\n'],
      [
        ['', 0],
        ['', 0],
      ],
    ],
    [
      'Windows line ends, also when cut',
      ['a\r', '\nb\r\n'],
      [
        ['a', 0],
        ['b', 0],
      ],
    ],
    [
      'a line over the limit in one piece',
      ['123456789\nb\n'],
      [
        ['12345', 4],
        ['b', 0],
      ],
    ],
    [
      'a line over the limit in pieces',
      ['1234', '5678', '9\nb'],
      [
        ['12345', 4],
        ['b', 0],
      ],
    ],
  ] as [string, string[], [string, number][]][])('%s', (_, chunks, expected) => {
    expect(
      split(
        chunks.map((chunk) => Buffer.from(chunk)),
        5,
      ),
    ).toEqual(expected)
  })

  it('returns the same lines for any chunks', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'ü', '\n', '\r', '😀') }),
        fc.array(fc.nat(50)),
        (text, cuts) => {
          const whole = Buffer.from(text)
          expect(split(cut(whole, cuts), 7)).toEqual(split([whole], 7))
        },
      ),
    )
  })
})

function cut(whole: Buffer, at: number[]): Buffer[] {
  const points = [...new Set([0, ...at.filter((point) => point < whole.length), whole.length])].sort(
    (a, b) => a - b,
  )
  return points.slice(1).map((end, index) => whole.subarray(points[index], end))
}
