import { beforeAll, describe, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { allGateNames } from '../../src/verify/gate.ts'
import { type ActionRun, digestOf, errorsOf, failedGates, runAction, tagsOf } from '../support/action.ts'
import { verifyImage } from '../support/existing-images.ts'
import { useStandIns } from '../support/stand-in-inputs.ts'

// One image is built as main-job.test.ts builds it, so that most of it is in the engine's cache.
// mutants.test.ts has images that a verification refuses.

const minutes = 60_000
const tag = 'v0.21.0-aibrix-v0.7.0-nixl-0.7.1-20251123'

const world = useStandIns()
const cache = () => `${world().namespace}/image-cache`

const wanted = { engine: 'vllm', versions: 'v0.21.0', 'aibrix-version': 'v0.7.0', 'gpu-architectures': '9.0' }

const verify = (image: string, more: Record<string, string> = {}): Promise<ActionRun> =>
  verifyImage(world().inputs(), image, { push: 'true', ...more })

const recordsIn = async () => (await tagsOf(cache())).filter((one) => one.startsWith('verified-'))

beforeAll(async () => {
  const run = await runAction(world().inputs(wanted))
  expect(errorsOf(run)).toEqual([])
}, 15 * minutes)

describe('command: verify', () => {
  it(
    'confirms what is published, by its labels alone, and stores how it was judged',
    async () => {
      const before = await tagsOf(`${world().namespace}/vllm-openai`)
      const run = await verify(tag)
      expect([errorsOf(run), failedGates(run), run.code]).toEqual([[], [], 0])
      expect(run.outputs.verified).toBe('true')
      // BuildKit reads the Dockerfile with the image in place of a stage.
      expect(run.log).not.toContain('UndefinedVar')
      expect(run.log).toContain(
        `${allGateNames.length - 4} of ${allGateNames.length} gates passed, 4 not applicable`,
      )
      expect(run.summary).toContain('vLLM v0.21.0 is verified')
      const record = JSON.parse(readFileSync(run.outputs['verify-path'] ?? '', 'utf8')) as Record<
        string,
        unknown
      >
      expect(record).toMatchObject({ format: 1, against: 'labels', gpus: null, report: { engine: 'vllm' } })
      expect(await recordsIn()).toHaveLength(1)
      expect(await tagsOf(`${world().namespace}/vllm-openai`)).toEqual(before)
    },
    5 * minutes,
  )

  it(
    'judges an image of others by the versions that are given',
    async () => {
      const image = `${world().standIns.baseRegistries.published ?? ''}/vllm/vllm-openai:v0.21.0`
      const run = await verify(image, { engine: 'vllm', versions: 'v0.21.0', push: 'false' })
      expect([failedGates(run), run.outputs.verified, run.code]).toEqual([[], 'true', 0])
      const other = await verify(image, { engine: 'vllm', versions: 'v0.20.0', push: 'false' })
      expect([failedGates(other), other.outputs.verified, other.code]).toEqual([
        ['engine-version'],
        'false',
        1,
      ])
      expect(errorsOf(await verify(image)).join()).toContain(
        'has no labels of this action to compare it with',
      )
    },
    5 * minutes,
  )

  it(
    'says why nothing ran on a GPU where there is none',
    async () => {
      const run = await verify(tag, { gpus: 'all', push: 'false' })
      const gpu = failedGates(run).filter((gate) => gate.startsWith('gpu-'))
      expect(gpu).toEqual(['gpu-engine', 'gpu-cache-operator', 'gpu-nixl-transfer', 'gpu-ucx'])
      expect(errorsOf(run).join()).toMatch(/docker did not start a container with --gpus all: .*gpu/)
    },
    5 * minutes,
  )

  it('reports bad inputs together, before anything is asked', async () => {
    const run = await verify('a b', {
      gpus: 'none',
      platforms: 'linux/amd64, linux/arm64',
      registry: 'localhost:1',
    })
    expect([run.code, run.outputs.verified]).toEqual([1, undefined])
    for (const input of ['image: ', 'gpus: ', 'platforms: '])
      expect(errorsOf(run).join('\n')).toContain(input)
  })
})

describe('promote with require-verified', () => {
  const promote = (more: Record<string, string> = {}) => {
    const namespace = `${world().namespace}-required`
    return runAction(world().inputs({ ...wanted, namespace, ...more }))
  }

  it(
    'publishes what a job has verified, and nothing else',
    async () => {
      const namespace = `${world().namespace}-required`
      const runners = { 'verify-runners': 'linux/amd64: ubuntu-latest' }
      const { outputs } = await promote({ command: 'plan', ...runners })
      const plan = outputs.plan ?? ''
      const rows = JSON.parse(outputs['verify-matrix'] ?? '') as { include: { leg: string; image: string }[] }
      const [row] = rows.include
      expect(rows.include).toHaveLength(1)
      expect((await promote({ command: 'build', plan, leg: row?.leg ?? '' })).code).toBe(0)

      const required = { command: 'promote', plan, 'require-verified': 'true' }
      const refused = await promote(required)
      expect(errorsOf(refused).join()).toMatch(
        /require-verified: \S+image-cache:verified-\w+-\w+ must say .* It does not exist\. Run command: verify with image: /,
      )
      expect(await tagsOf(`${namespace}/vllm-openai`)).toEqual([])

      const verified = await verify(row?.image ?? '', { namespace })
      expect([failedGates(verified), verified.code]).toEqual([[], 0])
      const published = await promote(required)
      expect([errorsOf(published), published.code]).toEqual([[], 0])
      expect(await digestOf(`${namespace}/vllm-openai`, tag)).toMatch(/^sha256:/)
    },
    10 * minutes,
  )
})
