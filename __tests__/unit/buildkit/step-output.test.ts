import { describe, expect, it } from '@jest/globals'
import { createStepOutput } from '../../../src/buildkit/step-output.ts'

/** @returns the lines that come of this, with their steps */
function linesOf(
  act: (
    write: (step: string, stream: number, text: string) => void,
    output: ReturnType<typeof createStepOutput>,
  ) => void,
) {
  const lines: [string, string][] = []
  const output = createStepOutput((step, line) => lines.push([step, line]))
  act((step, stream, text) => {
    output.write(step, stream, Buffer.from(text))
  }, output)
  return lines
}

describe('the output of steps', () => {
  it('is joined from pieces, for each step and stream separately', () => {
    const lines = linesOf((write) => {
      write('a', 1, 'one ')
      write('b', 1, 'two ')
      write('a', 2, 'three ')
      write('a', 1, 'ends\n')
      write('a', 2, 'ends\n')
      write('b', 1, 'ends\n')
    })
    expect(lines).toEqual([
      ['a', 'one ends'],
      ['a', 'three ends'],
      ['b', 'two ends'],
    ])
  })

  it('without an end of line comes at the end of its own step', () => {
    const lines = linesOf((write, output) => {
      write('a', 1, 'of a')
      write('ab', 1, 'of ab')
      output.end('a')
      write('x', 1, 'line\n')
      output.end()
      output.end()
    })
    expect(lines).toEqual([
      ['a', 'of a'],
      ['x', 'line'],
      ['ab', 'of ab'],
    ])
  })

  it('is cut after 8 KiB of a line, and reports how much is missing', () => {
    const [[, line] = ['', '']] = linesOf((write) => {
      write('a', 1, `${'x'.repeat(8192)}more\n`)
    })
    expect(line).toBe(`${'x'.repeat(8192)} … (4 bytes more)`)
  })

  it('has no control characters', () => {
    const [[, line] = ['', '']] = linesOf((write) => {
      write('a', 1, 'a\u001b[31mred\u001b[0m\n')
    })
    expect(line).toBe('ared')
  })

  it('of many parallel steps takes no more memory: the oldest unfinished line is handed over', () => {
    const lines = linesOf((write) => {
      for (let step = 0; step <= 64; step += 1) write(String(step), 1, `of ${step}`)
    })
    expect(lines).toEqual([['0', 'of 0']])
  })
})
