import { beforeAll, describe, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { type ActionRun, digestOf, errorsOf, registry, runAction, tagsOf } from '../support/action.ts'
import { useStandIns } from '../support/stand-in-inputs.ts'
import {
  copyTag,
  type Image,
  imageType,
  type Index,
  indexType,
  pathThatEmulates,
  publishBasesForTwoPlatforms,
  readRegistry,
  stateOf,
} from '../support/two-platforms.ts'

// Whole runs. unit/command/promotion.test.ts has what a promotion refuses.

const minutes = 60_000

const world = useStandIns()

const wanted = {
  versions: 'vllm: v0.21.0\nsglang: v0.5.11',
  'aibrix-version': 'v0.7.0',
  'gpu-architectures': '9.0',
  platforms: 'linux/amd64, linux/arm64',
  provenance: 'mode=min',
}
const vllmTag = 'v0.21.0-aibrix-v0.7.0-nixl-0.7.1-20251123'
const sglangTag = 'v0.5.11-aibrix-v0.7.0-nixl-0.7.1-20251123'

type Attestation = { name: string; digest: string; result: string; path: string }
type Name = 'vllm-amd64' | 'vllm-arm64' | 'sglang-amd64' | 'sglang-arm64'

let bases: string
let path: string
let counter = 0
/** What a run has staged and published */
let source: string
/** Tags of its cache repository and what they name */
let staged: Map<string, string>
let tags: Record<Name, string>

function act(namespace: string, more: Record<string, string>): Promise<ActionRun> {
  const inputs = world().inputs({ ...wanted, 'base-registry': bases, namespace, ...more })
  return runAction(inputs, { environment: { PATH: path } })
}

/** Creates a namespace whose cache repository has the staged legs. */
async function withStaged(): Promise<string> {
  const namespace = `${world().namespace}-${(counter += 1)}`
  const copies = [...staged].map(([tag, digest]) =>
    copyTag(`${source}/image-cache`, digest, `${namespace}/image-cache`, tag),
  )
  await Promise.all(copies)
  return namespace
}

async function planFor(namespace: string): Promise<string> {
  const run = await act(namespace, { command: 'plan' })
  expect(errorsOf(run)).toEqual([])
  return run.outputs.plan ?? ''
}

function promote(namespace: string, plan: string): Promise<ActionRun> {
  return act(namespace, { command: 'promote', plan })
}

beforeAll(async () => {
  path = pathThatEmulates()
  bases = await publishBasesForTwoPlatforms(world(), ['vllm/vllm-openai:v0.21.0', 'lmsysorg/sglang:v0.5.11'])
  source = `${world().namespace}-source`
  const run = await act(source, { parallel: '2' })
  expect(errorsOf(run)).toEqual([])
  const cache = `${source}/image-cache`
  staged = new Map()
  for (const tag of await tagsOf(cache)) staged.set(tag, (await digestOf(cache, tag)) ?? '')
  const state = (await stateOf(source)) as Record<string, { buildId: string }>
  const tagOf = (name: string, architecture: string) =>
    `build-${state[`${name} ${architecture}`]?.buildId ?? ''}-${architecture}`
  tags = {
    'vllm-amd64': tagOf(`vllm-openai:${vllmTag}`, 'amd64'),
    'vllm-arm64': tagOf(`vllm-openai:${vllmTag}`, 'arm64'),
    'sglang-amd64': tagOf(`sglang:${sglangTag}`, 'amd64'),
    'sglang-arm64': tagOf(`sglang:${sglangTag}`, 'arm64'),
  }
  expect([...staged.keys()]).toEqual(expect.arrayContaining(Object.values(tags)))
}, 15 * minutes)

describe('a staged image', () => {
  it(
    'is promoted by another runner to the same digests as by one run',
    async () => {
      const namespace = await withStaged()
      const run = await promote(namespace, await planFor(namespace))
      expect(errorsOf(run)).toEqual([])
      expect(run.code).toBe(0)
      expect(run.outputs.changed).toBe('true')
      for (const [name, tag] of [
        ['vllm-openai', vllmTag],
        ['sglang', sglangTag],
      ] as const) {
        expect(await tagsOf(`${namespace}/${name}`)).toEqual([tag])
        expect(await digestOf(`${namespace}/${name}`, tag)).toBe(await digestOf(`${source}/${name}`, tag))
      }
      expect(await stateOf(namespace)).toEqual(await stateOf(source))
      const attestations = JSON.parse(run.outputs.attestations ?? '') as Attestation[]
      expect(attestations.map(({ name, digest }) => `${name}@${digest}`).sort()).toEqual(
        await Promise.all(
          (
            [
              ['sglang', sglangTag],
              ['vllm-openai', vllmTag],
            ] as const
          ).map(async ([name, tag]) => {
            const repository = `${namespace}/${name}`
            return `${registry}/${repository}@${(await digestOf(repository, tag)) ?? ''}`
          }),
        ),
      )
      for (const { path, result } of attestations) {
        expect(result).toBe('PASSED')
        const { passedTests } = JSON.parse(readFileSync(path, 'utf8')) as { passedTests: string[] }
        for (const platform of ['linux/amd64', 'linux/arm64'])
          expect(passedTests).toContain(`nixl-transfer (${platform})`)
      }
      const again = await promote(namespace, await planFor(namespace))
      expect(again.outputs).toMatchObject({ changed: 'false', attestations: '[]' })
    },
    minutes,
  )

  it('keeps its attestations, each about one platform, readable in the public repository', async () => {
    const repository = `${source}/vllm-openai`
    const { manifests } = await readRegistry<Index>(`${repository}/manifests/${vllmTag}`, indexType)
    const cache = `${source}/image-cache/manifests`
    const legs = await Promise.all(
      (['vllm-amd64', 'vllm-arm64'] as const).map((name) =>
        readRegistry<Index>(`${cache}/${tags[name]}`, indexType),
      ),
    )
    const isAttestation = ({ platform }: Index['manifests'][number]) => platform.architecture === 'unknown'
    const attestations = manifests.filter(isAttestation)
    expect(attestations).toHaveLength(2)
    expect(attestations).toEqual(legs.flatMap((leg) => leg.manifests.filter(isAttestation)))
    const images = manifests.filter((entry) => !isAttestation(entry)).map(({ digest }) => digest)
    expect(attestations.map(({ annotations }) => annotations?.['vnd.docker.reference.digest'])).toEqual(
      images,
    )
    for (const { digest } of attestations) {
      const { layers } = await readRegistry<Image>(`${repository}/manifests/${digest}`, imageType)
      const statement = await readRegistry<{ predicateType: string }>(
        `${repository}/blobs/${layers[0]?.digest ?? ''}`,
      )
      expect(statement.predicateType).toMatch(/^https:\/\/slsa\.dev\/provenance\//)
    }
  })

  it(
    'is promoted by two runners in parallel to the same digest, and both succeed',
    async () => {
      const namespace = await withStaged()
      const plan = await planFor(namespace)
      const runs = await Promise.all([promote(namespace, plan), promote(namespace, plan)])
      for (const run of runs) {
        expect(errorsOf(run)).toEqual([])
        expect(run.code).toBe(0)
      }
      const digests = runs.map((run) => JSON.parse(run.outputs.digests ?? '') as Record<string, string>)
      expect(digests[0]).toEqual(digests[1])
      expect(await digestOf(`${namespace}/vllm-openai`, vllmTag)).toBe(
        await digestOf(`${source}/vllm-openai`, vllmTag),
      )
    },
    minutes,
  )
})
