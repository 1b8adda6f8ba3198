import { describe, expect, it } from '@jest/globals'
import { integrationLine } from '../../../src/report/integration-line.ts'
import { parseReport, serialiseReport } from '../../../src/store/leg-report.ts'
import { makeReport, stepTimes } from '../../../src/report/make-report.ts'
import { makeFacts, makeLeg } from '../../support/verified-leg.ts'
import { digest, makeOutcomeReport, makeStep } from '../../support/reports.ts'

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

  it('names the version of the action, which reports of earlier versions do not', () => {
    const { actionVersion, ...earlier } = makeOutcomeReport()
    expect(actionVersion).toMatch(/^\d+\.\d+\.\d+$/)
    expect(parseReport(JSON.stringify(earlier), 'report')).toEqual(earlier)
  })

  it("names the engine's commit if the base does, which reports of earlier versions do not", () => {
    const commit = '1'.repeat(40)
    const { base } = makeLeg()
    const config = { ...base.config, labels: { 'ai.vllm.build.commit': commit } }
    const report = makeOutcomeReport(makeLeg({ base: { ...base, config } }))
    expect(parseReport(serialiseReport(report), 'report').engineCommit).toBe(commit)
    const { engineCommit, ...earlier } = makeOutcomeReport()
    expect(engineCommit).toBeNull()
    expect(parseReport(JSON.stringify(earlier), 'report')).toEqual(earlier)
  })

  it('has what the inputs of a user added, and the first files of many', () => {
    const files = Array.from({ length: 600 }, (_, index) => ({ path: `/opt/${index}`, bytes: 2 }))
    const extraFiles = { digest: '6'.repeat(64), files: 600, bytes: 1200 }
    const leg = makeLeg({ extraPackages: ['a==1'], extraFiles })
    const facts = makeFacts()
    Object.assign(facts.image.pip, { a: '1', b: '2' })
    facts.image.extraPackages = { added: ['a', 'b'], leftOut: [] }
    facts.image.extraFiles = { digest: extraFiles.digest, files, covered: [] }
    const { extra, added } = parseReport(serialiseReport(makeOutcomeReport(leg, facts)), 'report')
    expect(extra).toEqual({
      packages: { a: '1', b: '2' },
      files: files.slice(0, 500),
      fileCount: 600,
      fileBytes: 1200,
    })
    expect(added.pip).toMatchObject({ a: '1', b: '2' })
    expect(makeOutcomeReport()).not.toHaveProperty('extra')
  })

  it('stays within its limit by omitting the shortest steps', () => {
    const steps = Array.from({ length: 4000 }, (_, index) =>
      makeStep(`step ${index} ${'x'.repeat(150)}`, index, index),
    )
    const text = serialiseReport(makeOutcomeReport(makeLeg(), makeFacts(), { steps }), 100_000)
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(100_000)
    const kept = parseReport(text, 'report').steps
    expect(kept.at(-1)?.duration).toBe(3999)
    expect(kept.length).toBeGreaterThan(100)
  })

  it('clips an error message as long as a page', () => {
    const facts = makeFacts()
    if (facts.image.aibrix?.extension)
      facts.image.aibrix.extension.load = { outcome: 'error', error: 'x'.repeat(1e6) }
    expect(serialiseReport(makeOutcomeReport(makeLeg(), facts)).length).toBeLessThan(20_000)
  })

  it('names the stage artifacts that the leg was built with', () => {
    const needs = [`wheel-${'a'.repeat(64)}`, `ucx-${'b'.repeat(64)}`]
    const report = makeOutcomeReport(makeLeg(), undefined, { needs })
    expect(parseReport(serialiseReport(report), 'report').needs).toEqual(needs)
  })

  it('can be created without measurements', () => {
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

describe('the options for the engine', () => {
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
