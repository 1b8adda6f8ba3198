import { beforeAll, describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import pLimit from 'p-limit'
import { allGateNames } from '../../src/verify/gate.ts'
import {
  type ActionRun,
  digestOf,
  errorsOf,
  failedGates,
  registry,
  runAction,
  tagsOf,
} from '../support/action.ts'
import { useStandIns } from '../support/stand-in-inputs.ts'

// One image is built as main-job.test.ts builds it, so that most of it is in the engine's cache.

const minutes = 60_000
const tag = 'v0.21.0-aibrix-v0.7.0-nixl-0.7.1-20251123'

const world = useStandIns()
const name = () => `${registry}/${world().namespace}/vllm-openai`
const cache = () => `${world().namespace}/image-cache`

const wanted = { engine: 'vllm', versions: 'v0.21.0', 'aibrix-version': 'v0.7.0', 'gpu-architectures': '9.0' }

/** Inputs of a verification: those that say where bases are, and nothing about versions. */
function verify(image: string, more: Record<string, string> = {}): Promise<ActionRun> {
  const { namespace, 'base-registry': bases = '', network = '' } = world().inputs()
  const given = {
    command: 'verify',
    registry,
    namespace: namespace ?? world().namespace,
    network,
    push: 'true',
  }
  return runAction({ ...given, 'base-registry': bases, image, ...more })
}

/** Publishes the image with further steps, as somebody may do who can push. */
function dockerBuild(target: string, steps: string): void {
  const input = `FROM ${name()}:${tag}\n${steps}\n`
  execFileSync('docker', ['build', '--quiet', '--provenance', 'false', '--tag', target, '--push', '-'], {
    input,
  })
}

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

type Tampering = { steps: string; gates: string[]; cause: RegExp }

const site =
  "$(python3 -c 'import nixl_cu13, os; print(os.path.dirname(os.path.dirname(nixl_cu13.__file__)))')"
const rename = (package_: string) =>
  `mv ${package_}-0.7.1.dist-info ${package_}-0.8.0.dist-info && sed -i 's/^Version: .*/Version: 0.8.0/' ${package_}-0.8.0.dist-info/METADATA`

/** What somebody may do to an image after it was published; its labels stay, or lie. */
const tampered: Record<string, Tampering> = {
  'a package was replaced': {
    steps: `RUN echo '# changed' >>"$(python3 -c 'import stand_in_dependency; print(stand_in_dependency.__file__)')"`,
    gates: ['environment-untouched'],
    cause: /of stand-in-dependency/,
  },
  'its NIXL is of another version': {
    steps: `RUN cd "${site}" && ${rename('nixl')} && ${rename('nixl_cu13')}`,
    gates: ['nixl-variant', 'labels'],
    cause: /0\.8\.0/,
  },
  'a label lies': {
    steps: 'LABEL io.aibrix.image.torch=99.0',
    gates: ['labels'],
    cause: /io\.aibrix\.image\.torch says 99\.0/,
  },
  'a label says that it may': {
    steps: 'LABEL io.aibrix.image.waived="image-config=fine"\nENV UCX_TLS=tcp',
    gates: ['image-config'],
    cause: /ENV UCX_TLS/,
  },
}

const limit = pLimit(2)

describe('an image that was changed after it was published', () => {
  it.concurrent.each(Object.keys(tampered))(
    '%s: it is refused, and its gates name the change',
    (change) =>
      limit(async () => {
        const { steps, gates, cause } = tampered[change] ?? { steps: '', gates: [], cause: /./ }
        const image = `${name()}:changed-${Object.keys(tampered).indexOf(change)}`
        dockerBuild(image, steps)
        const run = await verify(image)
        expect([failedGates(run), run.code, run.outputs.verified]).toEqual([gates, 1, 'false'])
        expect(errorsOf(run).join('\n')).toMatch(cause)
      }),
    5 * minutes,
  )
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
