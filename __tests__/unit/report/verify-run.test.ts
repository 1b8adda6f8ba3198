import { describe, expect, it } from '@jest/globals'
import { annotationsOfVerifyRun } from '../../../src/report/verify/verify-annotations.ts'
import type { VerifyRun } from '../../../src/report/verify/verify-run.ts'
import { renderVerifySummary } from '../../../src/report/verify/verify-summary.ts'
import type { Gate } from '../../../src/verify/gate.ts'
import { makeRecord } from '../../support/records.ts'

const { name } = makeRecord().image

function runOf(
  change: (gate: Gate) => Gate = (gate) => gate,
  changes: Partial<VerifyRun['image']> = {},
): VerifyRun {
  const { report, ...rest } = makeRecord()
  const record = { ...rest, report: { ...report, gates: report.gates.map(change) } }
  return { duration: 61_000, image: { record, base: 'measured', stored: undefined, ...changes } }
}

const failed = (gate: Gate): Gate =>
  gate.name === 'nixl-variant'
    ? { ...gate, state: 'fail', actual: 'nixl 0.8.0', hint: 'It is another.' }
    : gate

describe('the summary of command: verify', () => {
  it('names the image, what it was compared with, and its components', () => {
    const text = renderVerifySummary(runOf(undefined, { stored: 'docker.io/aibrix/image-cache:verified-1' }))
    for (const part of [
      '## ✅ vLLM v0.21.0 is verified',
      name.replace('@', '&#64;'),
      'its own labels, and its base',
      'none, so what needs one was not run',
      'verified-1',
      '2.11.0+cu130',
      '<b>Gates that passed</b>',
    ])
      expect(text).toContain(part)
  })

  it.each<[string, VerifyRun, string[]]>([
    [
      'a gate that failed',
      runOf(failed),
      ['❌ vLLM v0.21.0 is not what it should be', 'nixl 0.8.0', 'It is another.'],
    ],
    [
      'that nothing failed and something is undetermined',
      runOf((gate) =>
        gate.name === 'nixl-variant'
          ? { ...gate, state: 'undetermined', actual: 'unknown', hint: 'Its base is unknown.' }
          : gate,
      ),
      ['❌ vLLM v0.21.0 could not be judged', 'Its base is unknown.'],
    ],
    ['that there was no base', runOf(undefined, { base: 'lost' }), ['its own labels, without its base']],
    [
      'that nothing was measured',
      { duration: 900, error: 'image: it does not exist.' },
      ['Nothing was verified', 'does not exist'],
    ],
    [
      'that it is verified and not stored',
      { ...runOf(), error: 'registry docker.io did not answer.' },
      ['is verified', 'did not answer'],
    ],
  ])('shows %s', (_, run, parts) => {
    const text = renderVerifySummary(run)
    for (const part of parts) expect(text).toContain(part)
  })

  it('escapes what an image says', () => {
    const run = runOf((gate) => ({ ...gate, actual: '<img src=x>|`' }))
    expect(renderVerifySummary(run)).not.toContain('<img src=x>')
  })

  it('fits into what GitHub shows', () => {
    const run = runOf((gate) => ({
      ...gate,
      state: 'fail',
      actual: 'x'.repeat(5000),
      hint: 'y'.repeat(5000),
    }))
    expect(Buffer.byteLength(renderVerifySummary(run, 20_000))).toBeLessThanOrEqual(20_000)
  })
})

describe('its annotations', () => {
  it.each<[VerifyRun, string[]]>([
    [runOf(), []],
    [runOf(failed), ['error vLLM v0.21.0: gate nixl-variant failed']],
    [{ duration: 1, error: 'No.' }, ['error Verifying failed']],
    [
      runOf((gate) =>
        gate.name === 'pip-check' ? { ...gate, state: 'waived', hint: 'a.', reason: 'b' } : gate,
      ),
      ['warning vLLM v0.21.0: gate pip-check waived'],
    ],
  ])('are the errors and warnings of a run', (run, expected) => {
    expect(annotationsOfVerifyRun(run).map(({ level, title }) => `${level} ${title}`)).toEqual(expected)
  })
})
