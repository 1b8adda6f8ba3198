import { describe, expect, it } from '@jest/globals'
import { annotationsOf } from '../../../src/report/annotations.ts'
import { waive } from '../../../src/verify/gate.ts'
import { judgeManifest } from '../../../src/verify/manifest.ts'
import { makeFacts, makeLeg } from '../../support/verified-leg.ts'
import {
  makeExcluded,
  makeFailure,
  makeOutcome,
  makeOutcomeReport,
  makePlannedImage,
  makeRun,
} from '../../support/reports.ts'

describe('annotations', () => {
  it('of a failed gate name the gate and the fault', () => {
    const facts = makeFacts()
    facts.image.pip.numpy = '2.3.0'
    const report = makeOutcomeReport(makeLeg(), facts)
    expect(annotationsOf(makeRun([makeFailure('A gate failed.', report)]))).toEqual([
      {
        level: 'error',
        title: 'vLLM v0.21.0: gate environment-untouched failed',
        message: expect.stringMatching(/changed numpy 2\.2\.6 → 2\.3\.0.*Expected: .*Actual: /),
      },
    ])
  })

  it('of a failed build contain its error', () => {
    const message = 'No matching distribution found for nixl==9.9.9'
    expect(annotationsOf(makeRun([makeFailure(message)]))).toEqual([
      { level: 'error', title: 'vLLM v0.21.0 failed', message },
    ])
  })

  it('of an image with several platforms name the one that failed', () => {
    const image = makePlannedImage(makeLeg(), ['linux/amd64', 'linux/arm64'])
    const legs = [
      { state: 'staged', report: undefined },
      { state: 'failed', error: 'It is missing.', report: undefined },
    ] as const
    expect(annotationsOf(makeRun([makeOutcome({ state: 'failed' }, legs, image)]))).toEqual([
      { level: 'error', title: 'vLLM v0.21.0 linux/arm64 failed', message: 'It is missing.' },
    ])
  })

  it('report a failed promotion, and a failed run', () => {
    const outcome = makeOutcome({ state: 'failed', error: 'Promotion stopped at x.' })
    expect(annotationsOf(makeRun([outcome], { error: 'The run was cancelled.' }))).toEqual([
      { level: 'error', title: 'The run failed', message: 'The run was cancelled.' },
      { level: 'error', title: 'vLLM v0.21.0 failed', message: 'Promotion stopped at x.' },
    ])
  })

  it('warn of waivers, and are errors if a gate is undetermined', () => {
    const facts = makeFacts()
    facts.image.loaderUcx = ['/usr/lib/libucp.so.0']
    facts.image.pipCheck = null
    const report = makeOutcomeReport(makeLeg(), facts)
    const gates = waive(report.gates, new Map([['second-libucp', 'nothing loads it']]))
    const run = makeRun([makeOutcome(undefined, [{ state: 'built', report: { ...report, gates } }])])
    expect(annotationsOf(run).map(({ level, title }) => [level, title])).toEqual([
      ['error', 'vLLM v0.21.0: gate pip-check is undetermined'],
      ['warning', 'vLLM v0.21.0: gate second-libucp waived'],
    ])
    const { message = '' } = annotationsOf(run).find(({ level }) => level === 'warning') ?? {}
    expect(message).toMatch(/^Waived because: nothing loads it\. .*libucp/)
    expect(message).not.toContain('allow-failed')
  })

  it('omit gates that do not apply', () => {
    const report = makeOutcomeReport(makeLeg(), makeFacts(), {
      gates: judgeManifest(makeLeg(), { known: 'nothing', reason: 'push is false' }, { addedBytes: 1 }),
    })
    expect(annotationsOf(makeRun([makeOutcome({ state: 'built' }, [{ state: 'built', report }])]))).toEqual(
      [],
    )
  })

  it.each([
    [1, '1 image not built', 'vLLM v0.9.2 for linux/arm64: AIBrix v0.5.0 has no patch for it.'],
    [
      3,
      '3 images not built',
      'vLLM v0.9.2 for linux/arm64: AIBrix v0.5.0 has no patch for it. The others are in the job summary.',
    ],
  ])('report excluded images once, here %d', (count, title, message) => {
    const excluded = Array.from({ length: count }, () => makeExcluded())
    const run = makeRun([makeOutcome()], { excluded })
    expect(annotationsOf(run)).toContainEqual({ level: 'notice', title, message })
    expect(annotationsOf(run).map((one) => one.title)).not.toContain('No image of vLLM is built')
  })

  it('warn of an engine without any image left', () => {
    const [first] = annotationsOf(makeRun([], { excluded: [makeExcluded()] }))
    expect(first).toEqual({
      level: 'warning',
      title: 'No image of vLLM is built',
      message: 'v0.9.2 for linux/arm64: AIBrix v0.5.0 has no patch for it.',
    })
  })

  it('are at most ten per level', () => {
    const annotations = annotationsOf(makeRun(Array.from({ length: 30 }, () => makeFailure('x'))))
    expect(annotations).toHaveLength(10)
    expect(annotations.at(-1)?.message).toBe('21 more are in the job summary.')
  })
})
