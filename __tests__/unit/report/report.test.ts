import { describe, expect, it } from '@jest/globals'
import { annotationsOf } from '../../../src/report/annotations.ts'
import { integrationLine } from '../../../src/report/integration-line.ts'
import { makeReport, parseReport, serialiseReport, stepTimes } from '../../../src/report/leg-report.ts'
import { outputsOf } from '../../../src/report/outputs.ts'
import { waive } from '../../../src/verify/gate.ts'
import { judgeManifest } from '../../../src/verify/manifest.ts'
import { makeFacts, makeLeg } from '../verify/factory.ts'
import { digest, makeOutcome, makeOutcomeReport, makeStep, sglang } from './factory.ts'

const tag = 'aibrix/vllm-openai:v0.21.0-aibrix-v0.7.0-nixl-0.7.1-20251123'

describe('the report of a leg', () => {
  it('is read back as it was written', () => {
    const report = makeOutcomeReport()
    expect(parseReport(serialiseReport(report), 'report')).toEqual(report)
    expect(report).toMatchObject({
      sizes: { base: 8_000_000_000, added: 58_100_000, total: 8_058_100_000 },
      base: { name: 'vllm/vllm-openai:v0.21.0' },
      nixlPlugin: 'cu13',
      digest,
    })
  })

  it('stays within its limit by leaving out the shortest steps', () => {
    const steps = Array.from({ length: 4000 }, (_, index) =>
      makeStep(`step ${index} ${'x'.repeat(150)}`, index, index),
    )
    const text = serialiseReport(makeOutcomeReport(makeLeg(), makeFacts(), { steps }), 100_000)
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(100_000)
    const kept = parseReport(text, 'report').steps
    expect(kept.at(-1)?.duration).toBe(3999)
    expect(kept.length).toBeGreaterThan(100)
  })

  it('keeps no error message of a page', () => {
    const facts = makeFacts()
    if (facts.image.aibrix?.extension)
      facts.image.aibrix.extension.load = { outcome: 'error', error: 'x'.repeat(1e6) }
    expect(serialiseReport(makeOutcomeReport(makeLeg(), facts)).length).toBeLessThan(20_000)
  })

  it('can be made where nothing was measured', () => {
    const report = makeReport(makeLeg(), {
      facts: undefined,
      candidate: { known: 'nothing', reason: 'the build failed' },
      digest: undefined,
      gates: [],
      steps: [],
      warnings: ['one'],
    })
    expect(parseReport(serialiseReport(report), 'report')).toMatchObject({
      components: [],
      digest: null,
      warnings: ['one'],
    })
  })

  it.each([
    ['{', 'report is not JSON'],
    ['{"format":2}', 'report is not a report that this version can read'],
  ])('of %j is refused: %s', (text, message) => {
    expect(() => parseReport(text, 'report')).toThrow(message)
  })

  it('has the steps that ran, in the order in which they started', () => {
    const step = {
      id: 'x',
      stage: undefined,
      instruction: undefined,
      cached: false,
      error: undefined,
      lastLines: [],
      suspects: [],
    }
    expect(
      stepTimes([
        { ...step, name: 'second', started: 20, completed: 25 },
        { ...step, name: 'never', started: undefined, completed: undefined },
        { ...step, name: 'first', started: 10, completed: undefined, error: 'killed' },
      ]),
    ).toEqual([
      { name: 'first', started: 10, duration: 0, cached: false, failed: true },
      { name: 'second', started: 20, duration: 5, cached: false, failed: false },
    ])
  })
})

describe('what a user passes to the engine', () => {
  const check = { outcome: 'ok' } as const
  const pdReuse = 'aibrix_kvcache.integration.vllm.kv_connector.aibrix_pd_reuse_connector'
  it.each([
    [
      'vllm',
      'patch',
      'vllm_v0.10.2-aibrix-kvcache.patch',
      `--kv-transfer-config '{"kv_connector":"AIBrixOffloadingConnectorV1Type3","kv_role":"kv_both"}'`,
    ],
    [
      'vllm',
      'patch',
      'vllm_v0.8.5-aibrix-kvcache.patch',
      `--kv-transfer-config '{"kv_connector":"AIBrixOffloadingConnector","kv_role":"kv_both"}'`,
    ],
    [
      'vllm',
      'patch',
      'vllm_v9.9.9-aibrix-kvcache.patch',
      `--kv-transfer-config '{"kv_connector":"AIBrixOffloadingConnectorV1Type1","kv_role":"kv_both"}'`,
    ],
    [
      'vllm',
      'module',
      pdReuse,
      `--kv-transfer-config '{"kv_connector":"AIBrixPDReuseConnector","kv_role":"kv_both","kv_connector_module_path":"${pdReuse}"}'`,
    ],
    [
      'sglang',
      'module',
      'sglang.srt.mem_cache.storage.aibrix_kvcache',
      '--enable-hierarchical-cache --hicache-storage-backend aibrix',
    ],
    ['vllm', 'none', null, null],
  ] as const)('%s, %s, %s', (engine, mode, evidence, expected) => {
    expect(integrationLine(engine, { mode, evidence, reason: 'because', check })).toBe(expected)
  })
})

describe('annotations', () => {
  it('of a failed gate name the gate and the cause', () => {
    const facts = makeFacts()
    facts.image.pip.numpy = '2.3.0'
    const report = makeOutcomeReport(makeLeg(), facts)
    const run = { outcomes: [makeOutcome({ state: 'failed', error: 'A gate failed.', report })], duration: 1 }
    expect(annotationsOf(run)).toEqual([
      {
        level: 'error',
        title: 'vLLM v0.21.0: gate environment-untouched failed',
        message: expect.stringMatching(/changed numpy 2\.2\.6 → 2\.3\.0.*Expected: .*Actual: /),
      },
    ])
  })
  it('of a build that failed hold its sentence', () => {
    const error = 'No matching distribution found for nixl==9.9.9'
    const run = { outcomes: [makeOutcome({ state: 'failed', error, report: undefined })], duration: 1 }
    expect(annotationsOf(run)).toEqual([{ level: 'error', title: 'vLLM v0.21.0 failed', message: error }])
  })
  it('warn of waivers and tell of what was skipped', () => {
    const facts = makeFacts()
    facts.image.loaderUcx = ['/usr/lib/libucp.so.0']
    facts.image.pipCheck = null
    const report = makeOutcomeReport(makeLeg(), facts)
    const gates = waive(report.gates, new Map([['second-libucp', 'nothing loads it']]))
    const run = {
      outcomes: [makeOutcome({ state: 'published', digest, report: { ...report, gates } })],
      duration: 1,
    }
    expect(annotationsOf(run).map(({ level, title }) => [level, title])).toEqual([
      ['warning', 'vLLM v0.21.0: gate second-libucp waived'],
      ['notice', 'vLLM v0.21.0: a gate was skipped'],
    ])
  })
  it('say once why several gates were skipped', () => {
    const report = makeOutcomeReport(makeLeg(), makeFacts(), {
      gates: judgeManifest(makeLeg(), { known: 'nothing', reason: 'push is false' }, { addedBytes: 1 }),
    })
    expect(annotationsOf({ outcomes: [makeOutcome({ state: 'built', report })], duration: 1 })).toEqual([
      {
        level: 'notice',
        title: 'vLLM v0.21.0: 3 gates were skipped',
        message: 'image-config, added-bytes, media-types: could not be told, because push is false.',
      },
    ])
  })
  it('are at most ten of a level', () => {
    const outcome = makeOutcome({ state: 'failed', error: 'x', report: undefined })
    const annotations = annotationsOf({ outcomes: Array.from({ length: 30 }, () => outcome), duration: 1 })
    expect(annotations).toHaveLength(10)
    expect(annotations.at(-1)?.message).toBe('21 more are in the job summary.')
  })
})

describe('outputs', () => {
  it('of published images', () => {
    const { leg, facts } = sglang()
    const report = makeOutcomeReport(leg, facts)
    const outputs = outputsOf(
      [makeOutcome(), makeOutcome({ state: 'unchanged', digest, report }, leg)],
      '/tmp/summary.md',
    )
    const sglangTag = 'aibrix/sglang:v0.5.11-aibrix-v0.7.0-nixl-0.7.1-20251123'
    expect(JSON.parse(outputs.tags)).toEqual([tag, sglangTag])
    expect(JSON.parse(outputs.digests)).toEqual({ [tag]: digest, [sglangTag]: digest })
    expect(JSON.parse(outputs.components)).toMatchObject({
      vllm: { engine: '0.21.0', nixl: '0.7.1' },
      sglang: { engine: '0.5.11' },
    })
    expect(JSON.parse(outputs.images)).toMatchObject([
      { engine: 'vllm', state: 'published', tags: [tag], digest, base: { name: 'vllm/vllm-openai:v0.21.0' } },
      { engine: 'sglang', state: 'unchanged' },
    ])
    expect(outputs).toMatchObject({ changed: 'true', 'summary-path': '/tmp/summary.md' })
  })
  it.each([
    ['failed', { state: 'failed', error: 'x', report: undefined }, 'false'],
    ['staged', { state: 'staged', report: makeOutcomeReport() }, 'false'],
    ['built', { state: 'built', report: makeOutcomeReport() }, 'true'],
    ['unchanged', { state: 'unchanged', digest, report: undefined }, 'false'],
  ] as const)('of an image that is %s', (_, state, changed) => {
    const outputs = outputsOf([makeOutcome(state)], undefined)
    expect(outputs.changed).toBe(changed)
    expect(outputs['summary-path']).toBe('')
    expect(JSON.parse(outputs.tags)).toEqual(state.state === 'unchanged' ? [tag] : [])
  })
})
