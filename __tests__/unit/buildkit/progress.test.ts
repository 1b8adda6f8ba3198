import { describe, expect, it } from '@jest/globals'
import { createProgress, type Progress, type ProgressSettings } from '../../../src/buildkit/progress.ts'
import { makeStep } from '../../support/buildkit.ts'

function setUp(more: Partial<ProgressSettings> = {}): {
  progress: Progress
  lines: string[]
  pass: (milliseconds: number) => void
} {
  let now = 0
  let tick: { interval: number; action: () => void; next: number } | undefined
  const lines: string[] = []
  const progress = createProgress({
    logged: new Set(),
    print: (line) => lines.push(`${now / 1000} ${line}`),
    timers: {
      now: () => now,
      every: (interval, action) => {
        tick = { interval, action, next: interval }
        return () => {
          tick = undefined
        }
      },
    },
    silence: 30_000,
    burst: 3,
    linesPerSecond: 1,
    ...more,
  })
  const pass = (milliseconds: number): void => {
    const end = now + milliseconds
    while (tick !== undefined && tick.next <= end) {
      now = tick.next
      tick.next += tick.interval
      tick.action()
    }
    now = end
  }
  return { progress, lines, pass }
}

describe('what the log shows of a build', () => {
  it('is the start and the end of a step, once each, with its time', () => {
    const { progress, lines } = setUp()
    progress.step(makeStep())
    progress.step(makeStep())
    progress.step(makeStep({ completed: 13_340 }))
    progress.step(makeStep({ completed: 13_340 }))
    expect(lines).toEqual(['0 [wheel 4/6] RUN compile', '0 [wheel 4/6] RUN compile 12.3 s'])
  })

  it.each([
    ['a cached step', makeStep({ completed: 1000, cached: true }), ['0 [wheel 4/6] RUN compile cached']],
    [
      'a failed step',
      makeStep({ completed: 2500, error: 'x' }),
      ['0 [wheel 4/6] RUN compile failed after 1.5 s'],
    ],
    [
      "none of BuildKit's own steps",
      makeStep({ name: '[internal] load .dockerignore', instruction: undefined, completed: 2000 }),
      [],
    ],
    [
      'an export',
      makeStep({ name: 'exporting to image', instruction: undefined, completed: 2000 }),
      ['0 exporting to image 1.0 s'],
    ],
  ])('%s', (_, happened, expected) => {
    const { progress, lines } = setUp()
    progress.step(happened)
    expect(lines).toEqual(expected)
  })

  it('is only the start of a step that took less than a second', () => {
    const { progress, lines } = setUp()
    progress.step(makeStep())
    progress.step(makeStep({ completed: 1999 }))
    expect(lines).toEqual(['0 [wheel 4/6] RUN compile'])
  })

  it('is no step that an earlier call for the leg has logged, unless it takes time again or fails', () => {
    const logged = new Set(['[wheel 4/6] RUN compile'])
    for (const [more, expected] of [
      [{ completed: 1000, cached: true }, []],
      [{ completed: 1300 }, []],
      [{ completed: 3000 }, ['0 [wheel 4/6] RUN compile 2.0 s']],
      [{ completed: 1300, error: 'x' }, ['0 [wheel 4/6] RUN compile failed after 0.3 s']],
    ] as const) {
      const { progress, lines } = setUp({ logged })
      progress.step(makeStep())
      progress.step(makeStep(more))
      expect(lines).toEqual(expected)
    }
  })

  it('is the end of a step that turned out to be cached', () => {
    const { progress, lines } = setUp()
    progress.step(makeStep())
    progress.step(makeStep({ completed: 1001, cached: true }))
    expect(lines).toEqual(['0 [wheel 4/6] RUN compile', '0 [wheel 4/6] RUN compile cached'])
  })

  it('has a line at least every 30 s', () => {
    const { progress, lines, pass } = setUp()
    pass(30_000)
    progress.step(makeStep())
    progress.status(makeStep(), 'pushing layers')
    pass(95_000)
    progress.stop()
    pass(100_000)
    expect(lines).toEqual([
      '27 still running: waiting for BuildKit',
      '30 [wheel 4/6] RUN compile',
      '57 still running: [wheel 4/6] RUN compile (pushing layers) for 27.0 s',
      '84 still running: [wheel 4/6] RUN compile (pushing layers) for 54.0 s',
      '111 still running: [wheel 4/6] RUN compile (pushing layers) for 1 min 21 s',
    ])
  })

  it('is no line that a runner could take for a command', () => {
    const { progress, lines } = setUp()
    progress.line(undefined, '::set-env name=PATH::/tmp')
    progress.line(makeStep(), '::error::x')
    progress.line(makeStep({ name: 'exporting to image', instruction: undefined }), '##[group]x')
    expect(lines).toEqual([
      '0 buildx: ::set-env name=PATH::/tmp',
      '0 [wheel 4/6] ::error::x',
      '0 exporting to image ##[group]x',
    ])
  })

  it('is a limited number of output lines, and how many are missing', () => {
    const { progress, lines, pass } = setUp()
    for (let index = 0; index < 10; index += 1) progress.line(makeStep(), `line ${index}`)
    pass(1000)
    progress.line(makeStep(), 'later')
    progress.line(undefined, 'of nobody')
    progress.stop()
    expect(lines.map((line) => line.replace(/^\S+ /, ''))).toEqual([
      '[wheel 4/6] line 0',
      '[wheel 4/6] line 1',
      '[wheel 4/6] line 2',
      '… 7 more lines in the log file',
      '[wheel 4/6] later',
      '… 1 more lines in the log file',
    ])
  })
})
