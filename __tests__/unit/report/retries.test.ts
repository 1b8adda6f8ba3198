import { describe, expect, it } from '@jest/globals'
import { retriesPart } from '../../../src/report/summary/problems-part.ts'
import { renderPlanSummary } from '../../../src/report/summary/plan-summary.ts'
import { renderSummary } from '../../../src/report/summary/summary.ts'
import { makePlan } from '../../support/reports.ts'

const text = (...retried: Parameters<typeof retriesPart>[0]) =>
  retriesPart(retried, 60)
    .map((part) => part.text)
    .join('\n')

describe('retries', () => {
  it('are not mentioned if there are none', () => {
    expect(text()).toBe('')
  })

  it('are counted, and listed when unfolded', () => {
    expect(text({ problem: 'registry x failed: 502', times: 2 }, { problem: 'no answer', times: 1 })).toBe(
      '<details><summary>3 retries</summary>\n\n- 2 × registry x failed: 502\n- 1 × no answer\n\n</details>',
    )
  })

  it('are counted in the singular', () => {
    expect(text({ problem: 'x', times: 1 })).toContain('<summary>1 retry</summary>')
  })

  it('contain no foreign markup and no long foreign text', () => {
    const shown = text({ problem: `<script> | ${'x'.repeat(500)}`, times: 1 })
    expect(shown).not.toContain('<script>')
    expect(shown.length).toBeLessThan(200)
  })

  it('are in the summary of a run, even if it failed before its first image, and of a plan', () => {
    const retried = [{ problem: 'registry x failed: 502', times: 3 }]
    const run = {
      command: 'run' as const,
      outcomes: [],
      excluded: [],
      duration: 0,
      error: 'It failed.',
      retried,
    }
    expect(renderSummary(run)).toContain('3 × registry x failed: 502')
    expect(renderPlanSummary(makePlan([]), undefined, 10_000, retried)).toContain('3 × registry x failed')
  })
})
