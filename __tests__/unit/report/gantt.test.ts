import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { gantt } from '../../../src/report/summary/gantt.ts'
import { makeStep, steps } from '../../support/reports.ts'

/** A line of the chart: a section, or a name without `:#;%` and tags, start, duration. */
const line = /^(?:section [^#:;%\n]+|[^#:;%,\n]+ \d+\.\d s :(?:crit, )?\d+, [1-9]\d*ms)$/u

describe('a timing chart', () => {
  it('has a bar for each long step, with a name that Mermaid accepts', () => {
    expect(gantt([{ title: 'vLLM v0.21.0', steps }])?.split('\n')).toEqual([
      '%%{init: {"gantt":{"leftPadding":84}}}%%',
      'gantt',
      'dateFormat x',
      'axisFormat %H:%M:%S',
      'section vLLM v0.21.0',
      '[base 1/1] FROM docker.io/vllm/vllm-openai v0.21.0 0.4 s :1763899200000, 400ms',
      '[wheel 2/3] RUN build-wheel echo a b c done 171.0 s :1763899200400, 171000ms',
      '[ucx 2/2] RUN build-ucx 130.0 s :1763899200500, 130000ms',
      '[image 3/4] RUN install 24.0 s :1763899371500, 24000ms',
    ])
  })

  it('has space for the longest title beside its bars', () => {
    const padding = (title: string) => /"leftPadding":(\d+)/.exec(gantt([{ title, steps }]) ?? '')?.[1]
    expect(['x', 'vLLM v0.21.0 linux/arm64'].map(padding)).toEqual(['75', '168'])
  })

  it('adds up the time of short neighbours, without the time between them', () => {
    const apart = [makeStep('a', 0, 300), makeStep('b', 275_000, 200)]
    expect(
      gantt([{ title: 'x', steps: apart }])
        ?.split('\n')
        .at(-1),
    ).toBe('2 steps 0.5 s :1763899200000, 500ms')
  })

  it('counts steps in parallel once', () => {
    const parallel = [makeStep('a', 0, 900), makeStep('b', 100, 300), makeStep('c', 800, 400)]
    expect(
      gantt([{ title: 'x', steps: parallel }])
        ?.split('\n')
        .at(-1),
    ).toBe('3 steps 1.2 s :1763899200000, 1200ms')
  })

  it('merges short neighbours and marks the step that failed', () => {
    const some = [
      makeStep('a', 0, 300),
      makeStep('b', 300, 200),
      makeStep('c', 500, 9000),
      makeStep('d', 9500, 10, { failed: true }),
    ]
    expect(
      gantt([{ title: 'x', steps: some }])
        ?.split('\n')
        .slice(5),
    ).toEqual([
      '2 steps 0.5 s :1763899200000, 500ms',
      'c 9.0 s :1763899200500, 9000ms',
      'd 0.0 s :crit, 1763899209500, 10ms',
    ])
  })

  it.each(['title x', 'Section y', 'gantt', '2025-11-23', 'click a', 'excludes weekends'])(
    'escapes a name that begins like a statement: %s',
    (name) => {
      expect(gantt([{ title: 'x', steps: [makeStep(name, 0, 5000)] }])).toContain(`\n. ${name} 5.0 s :`)
    },
  )

  it('does not exist if every step was cached', () => {
    expect(gantt([{ title: 'x', steps: [makeStep('a', 0, 5, { cached: true })] }])).toBeUndefined()
    expect(gantt([])).toBeUndefined()
  })

  it('stays a valid chart within its limit, whatever the names of the steps', () => {
    const step = fc.record({
      name: fc.string({ unit: 'binary', maxLength: 300 }),
      started: fc.integer({ min: 1_763_000_000_000, max: 1_764_000_000_000 }),
      duration: fc.integer({ min: 0, max: 600_000 }),
      cached: fc.boolean(),
      failed: fc.boolean(),
    })
    const section = fc.record({
      title: fc.string({ unit: 'binary' }),
      steps: fc.array(step, { maxLength: 60 }),
    })
    fc.assert(
      fc.property(
        fc.array(section, { maxLength: 4 }),
        fc.integer({ min: 100, max: 4000 }),
        (sections, limit) => {
          const chart = gantt(sections, limit)
          if (chart === undefined) return
          expect(Buffer.byteLength(chart)).toBeLessThanOrEqual(limit)
          for (const text of chart.split('\n').slice(4)) expect(text).toMatch(line)
        },
      ),
    )
  })

  it('keeps a build of thousands of steps within 50 kB', () => {
    const many = Array.from({ length: 5000 }, (_, index) =>
      makeStep(`[image ${index}/5000] RUN ${'x'.repeat(200)}`, index * 3000, 2000 + (index % 7) * 100),
    )
    const chart = gantt([{ title: 'x', steps: many }])
    expect(Buffer.byteLength(chart ?? '')).toBeLessThanOrEqual(50_000)
    expect(chart).toContain('5000 steps')
  })

  it('has fewer bars with more legs, and at least one for each', () => {
    const sections = (legs: number) =>
      Array.from({ length: legs }, (_, leg) => ({
        title: `leg ${leg}`,
        steps: Array.from({ length: 8 }, (_, step) =>
          makeStep(`step ${step}`, step * 9000, 1100 * 2 ** step),
        ),
      }))
    const bars = (legs: number) => gantt(sections(legs))?.match(/ms$/gm)?.length
    expect([2, 20, 200].map(bars)).toEqual([16, 40, 200])
  })
})
