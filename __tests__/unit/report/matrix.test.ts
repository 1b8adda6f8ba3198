import { describe, expect, it } from '@jest/globals'
import type { Published } from '../../../src/plan/plan.ts'
import { matrixOutput, type RunsOn, verifyMatrixOutput } from '../../../src/report/matrix.ts'
import { makeLeg } from '../../support/verified-leg.ts'
import { digest, makePlan, makePlannedImage, makePlannedImages, sglang } from '../../support/reports.ts'

const platforms = ['linux/amd64', 'linux/arm64'] as const
const runners = new Map<string, RunsOn>([
  ['linux/amd64', 'ubuntu-latest'],
  ['linux/arm64', ['self-hosted', 'arm64']],
])

function rowsOf(text: string): Record<string, unknown>[] {
  return (JSON.parse(text) as { include: Record<string, unknown>[] }).include
}

describe('the output matrix', () => {
  it('has a complete row for each leg that must be built', () => {
    const plan = makePlan([makePlannedImage(makeLeg(), platforms), makePlannedImage(sglang())])
    expect(JSON.parse(matrixOutput(plan, runners))).toEqual({
      include: [
        {
          leg: 'vllm-v0.21.0-aibrix-v0.7.0-nixl-0.7.1-amd64',
          name: 'vLLM v0.21.0 linux/amd64',
          engine: 'vllm',
          version: 'v0.21.0',
          platform: 'linux/amd64',
          'runs-on': 'ubuntu-latest',
        },
        {
          leg: 'vllm-v0.21.0-aibrix-v0.7.0-nixl-0.7.1-arm64',
          name: 'vLLM v0.21.0 linux/arm64',
          engine: 'vllm',
          version: 'v0.21.0',
          platform: 'linux/arm64',
          'runs-on': ['self-hosted', 'arm64'],
        },
        {
          leg: 'sglang-v0.5.11-aibrix-v0.7.0-nixl-0.7.1-amd64',
          name: 'SGLang v0.5.11',
          engine: 'sglang',
          version: 'v0.5.11',
          platform: 'linux/amd64',
          'runs-on': 'ubuntu-latest',
        },
      ],
    })
  })

  it('has no row for legs that are already published or staged', () => {
    const staged = makePlannedImage(makeLeg(), platforms)
    staged.legs[0].existing = 'staged'
    const published = { kind: 'same' as const, digest, tags: [], missingTags: ['v1'] }
    const images = [staged, makePlannedImage(sglang(), platforms, { published })]
    expect(rowsOf(matrixOutput(makePlan(images), runners)).map(({ leg }) => leg)).toEqual([
      'vllm-v0.21.0-aibrix-v0.7.0-nixl-0.7.1-arm64',
    ])
    expect(matrixOutput(makePlan([]), runners)).toBe('{"include":[]}')
  })

  it.each([
    [
      new Map([['linux/amd64', 'ubuntu-latest']]),
      'linux/arm64 (it has linux/amd64); add "linux/arm64: <label>"',
    ],
    [new Map(), 'linux/amd64 (it has none); add'],
  ])('is refused without a runner for a platform', (some: ReadonlyMap<string, RunsOn>, message) => {
    const plan = makePlan([makePlannedImage(makeLeg(), platforms)])
    expect(() => matrixOutput(plan, some)).toThrow(message)
  })

  it('needs no runner for a platform without legs to build', () => {
    const image = makePlannedImage(makeLeg(), platforms)
    image.legs[0].existing = 'staged'
    expect(rowsOf(matrixOutput(makePlan([image]), new Map([['linux/arm64', 'arm']])))).toHaveLength(1)
  })

  it('has at most 256 legs, and says how to split more', () => {
    expect(rowsOf(matrixOutput(makePlan(makePlannedImages(128, platforms)), runners))).toHaveLength(256)
    const images = [...makePlannedImages(128, platforms), makePlannedImage(sglang())]
    expect(() => matrixOutput(makePlan(images), runners)).toThrow(
      /^257 legs must be built \(vllm 256, sglang 1\).*at most 256.*for one engine/,
    )
  })

  it("stays within GitHub's limit for the outputs of a job", () => {
    const labels = (length: number) => new Map([['linux/amd64', 'x'.repeat(length)]])
    const plan = makePlan(makePlannedImages(200))
    expect(matrixOutput(plan, labels(2300)).length * 2).toBeLessThanOrEqual(1024 * 1024)
    expect(() => matrixOutput(plan, labels(2600))).toThrow('shorten the labels in the input runners')
  })
})

describe('the output verify-matrix', () => {
  const published: Published = { kind: 'same', digest, tags: ['v1'], missingTags: [] }

  it('has a row for each leg that promote is to publish, as promote finds it', () => {
    const image = makePlannedImage(makeLeg(), platforms)
    image.legs[0].existing = 'staged'
    const rows = rowsOf(verifyMatrixOutput(makePlan([image]), runners))
    expect(rows).toEqual([
      {
        leg: image.legs[0].id,
        name: 'vLLM v0.21.0 linux/amd64',
        ...{ engine: 'vllm', version: 'v0.21.0', platform: 'linux/amd64', 'runs-on': 'ubuntu-latest' },
        image: `docker.io/aibrix/image-cache:build-${image.legs[0].buildId}-amd64`,
      },
      expect.objectContaining({ platform: 'linux/arm64', 'runs-on': ['self-hosted', 'arm64'] }),
    ])
  })

  it.each([
    ['nothing of what keeps its tags', published, []],
    [
      'the digest of what gets another tag',
      { ...published, missingTags: ['v2'] },
      [`docker.io/aibrix/vllm-openai@${digest}`],
    ],
  ])('has %s', (_, state, images) => {
    const image = { ...makePlannedImage(), published: state }
    const rows = rowsOf(verifyMatrixOutput(makePlan([image]), runners))
    expect(rows.map((row) => row.image)).toEqual(images)
  })

  it('has nothing where nothing is pushed, and names its input if a runner is missing', () => {
    const image = makePlannedImage()
    expect(rowsOf(verifyMatrixOutput(makePlan([image], { publicTags: 'ignore' }), new Map()))).toEqual([])
    expect(() => verifyMatrixOutput(makePlan([image]), new Map())).toThrow(
      'The input verify-runners has no line',
    )
  })
})
