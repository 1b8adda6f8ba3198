import { describe, expect, it } from '@jest/globals'
import type { ImageState, LegState } from '../../../src/report/outcome.ts'
import { outputsOf } from '../../../src/report/outputs.ts'
import { makeLeg } from '../../support/verified-leg.ts'
import {
  conditionalFacts,
  digest,
  makeOutcome,
  makeOutcomeReport,
  makePlannedImage,
  sglang,
} from '../../support/reports.ts'

const tag = 'aibrix/vllm-openai:v0.21.0-aibrix-v0.7.0-nixl-0.7.1-20251123'
const vllm = 'vllm-v0.21.0-aibrix-v0.7.0-nixl-0.7.1'

describe('outputs', () => {
  it('of published images', () => {
    const leg = sglang()
    const stored: LegState = { state: 'staged', report: makeOutcomeReport(leg) }
    const unchanged = makeOutcome({ state: 'unchanged', digest }, [stored], makePlannedImage(leg))
    const outputs = outputsOf([makeOutcome(), unchanged], '/runner/summary.md')
    const sglangTag = 'aibrix/sglang:v0.5.11-aibrix-v0.7.0-nixl-0.7.1-20251123'
    expect(JSON.parse(outputs.tags)).toEqual([tag, sglangTag])
    expect(JSON.parse(outputs.digests)).toEqual({ [tag]: digest, [sglangTag]: digest })
    expect(JSON.parse(outputs.components)).toMatchObject({
      [`${vllm}-amd64`]: { engine: '0.21.0', nixl: '0.7.1' },
      'sglang-v0.5.11-aibrix-v0.7.0-nixl-0.7.1-amd64': { engine: '0.5.11' },
    })
    expect(JSON.parse(outputs.images)).toEqual([
      {
        id: vllm,
        engine: 'vllm',
        version: 'v0.21.0',
        state: 'published',
        repository: 'aibrix/vllm-openai',
        tags: [tag],
        digest,
        mirrors: [],
        legs: [
          {
            id: `${vllm}-amd64`,
            platform: 'linux/amd64',
            buildId: 'd'.repeat(64),
            state: 'built',
            digest,
            base: { name: 'vllm/vllm-openai:v0.21.0', digest: `sha256:${'a'.repeat(64)}` },
          },
        ],
      },
      expect.objectContaining({ engine: 'sglang', state: 'unchanged' }),
    ])
    expect(outputs).toMatchObject({ changed: 'true', 'summary-path': '/runner/summary.md' })
  })

  it('keep the platforms of an image and the images of an engine apart', () => {
    const image = makePlannedImage(makeLeg(), ['linux/amd64', 'linux/arm64'])
    const other = makePlannedImage(makeLeg({ nixl: '0.8.0' }))
    const arm: LegState = { state: 'staged', report: makeOutcomeReport(image.legs[1]) }
    if (arm.report) arm.report = { ...arm.report, digest: 'sha256:built-with-attestations' }
    const outcome = makeOutcome(undefined, [{ state: 'staged', report: undefined }, arm], image)
    const inIndex = outcome.legs.map((leg, index) => (index === 1 ? { ...leg, digest: 'sha256:arm' } : leg))
    const outputs = outputsOf([{ ...outcome, legs: inIndex }, makeOutcome(undefined, [], other)], undefined)
    expect(JSON.parse(outputs.images)).toMatchObject([
      {
        digest,
        legs: [
          { platform: 'linux/amd64', state: 'staged', digest: null },
          { platform: 'linux/arm64', state: 'staged', digest: 'sha256:arm' },
        ],
      },
      { id: 'vllm-v0.21.0-aibrix-v0.7.0-nixl-0.8.0' },
    ])
    expect(Object.keys(JSON.parse(outputs.components) as object)).toEqual([
      `${vllm}-amd64`,
      `${vllm}-arm64`,
      'vllm-v0.21.0-aibrix-v0.7.0-nixl-0.8.0-amd64',
    ])
  })

  it.each<[string, ImageState, LegState, string, string[]]>([
    ['failed', { state: 'failed' }, { state: 'failed', error: 'x', report: undefined }, 'false', []],
    ['staged now', { state: 'staged' }, { state: 'built', report: makeOutcomeReport() }, 'true', []],
    ['staged before', { state: 'staged' }, { state: 'staged', report: undefined }, 'false', []],
    ['built', { state: 'built' }, { state: 'built', report: makeOutcomeReport() }, 'true', []],
    ['promoted', { state: 'published', digest }, { state: 'staged', report: undefined }, 'true', [tag]],
    ['unchanged', { state: 'unchanged', digest }, { state: 'staged', report: undefined }, 'false', [tag]],
    ['not started', { state: 'skipped' }, { state: 'skipped' }, 'false', []],
  ])('of an image that is %s', (_, state, leg, changed, tags) => {
    const outputs = outputsOf([makeOutcome(state, [leg])], undefined)
    expect(outputs.changed).toBe(changed)
    expect(outputs['summary-path']).toBe('')
    expect(JSON.parse(outputs.tags)).toEqual(tags)
  })

  it('have the conditions of each leg with conditions', () => {
    const leg = makeLeg()
    const report = makeOutcomeReport(leg, conditionalFacts(leg))
    const conditional = makeOutcome(undefined, [{ state: 'built', report }])
    const plain = makeOutcome(undefined, [{ state: 'built', report: makeOutcomeReport() }])
    const name = 'VLLM_USE_V2_MODEL_RUNNER=0'
    expect(JSON.parse(outputsOf([conditional], undefined).conditions)).toEqual({
      [`${vllm}-amd64`]: [
        { kind: 'environment', name, reason: "AIBrix acts on vLLM's model runner V1 alone" },
      ],
    })
    expect(outputsOf([plain], undefined).conditions).toBe('{}')
  })

  it('have the digest of a single leg even if its report is lost', () => {
    const lost = makeOutcome({ state: 'unchanged', digest }, [{ state: 'staged', report: undefined }])
    expect(JSON.parse(outputsOf([lost], undefined).images)).toMatchObject([{ legs: [{ digest }] }])
  })
})
