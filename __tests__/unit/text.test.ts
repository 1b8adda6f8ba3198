import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { formatDuration, logLine } from '../../src/text.ts'

describe('a line for the log', () => {
  it.each([
    ['plain', 'plain'],
    ['\u001b[1;31mred\u001b[0m', 'red'],
    ['\u001b]0;title\u0007text', 'text'],
    ['10%\r50%\r100%\r', '100%'],
    ['a\u0000b\u0007c', 'abc'],
    ['x ##[error]forged', 'x ## [error]forged'],
    ['a\u2028b', 'ab'],
  ])('%j → %j', (text, expected) => {
    expect(logLine(text)).toBe(expected)
  })

  it('is cut at the limit', () => {
    expect(logLine('x'.repeat(20), 5)).toBe('xxxxx …')
  })

  it('is one line without control characters and workflow commands, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom('#', '[', '\r', '\u001b', '\u0000', 'a', ' ', ']', 'm', '\u009b'),
        }),
        (text) => {
          // eslint-disable-next-line no-control-regex
          expect(logLine(text)).not.toMatch(/[\u0000-\u001f\u007f-\u009f]|##\[/)
        },
      ),
    )
  })
})

describe('a duration', () => {
  it.each([
    [0, '0.0 s'],
    [12_340, '12.3 s'],
    [59_990, '1 min 0 s'],
    [125_000, '2 min 5 s'],
    [3_780_000, '1 h 3 min'],
    [-5, '0.0 s'],
  ])('%d ms → %s', (milliseconds, expected) => {
    expect(formatDuration(milliseconds)).toBe(expected)
  })
})
