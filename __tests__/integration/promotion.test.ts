import { beforeAll, describe, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import pLimit from 'p-limit'
import { type ActionRun, digestOf, errorsOf, registry, runAction, tagsOf } from '../support/action.ts'
import { openRegistryProxy, type RegistryProxy } from '../support/registry-proxy.ts'
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
/** Tags of a cache repository and what they name */
type Cache = Map<string, string>

let bases: string
let path: string
let counter = 0
/** What a run has staged and published */
let source: string
let staged: Cache
let tags: Record<Name, string>

/** Runs in parallel; each test has its own namespace */
const limit = pLimit(3)

function act(namespace: string, more: Record<string, string>): Promise<ActionRun> {
  const inputs = world().inputs({ ...wanted, 'base-registry': bases, namespace, ...more })
  return limit(() => runAction(inputs, { environment: { PATH: path } }))
}

/** Creates a namespace whose cache repository has the staged legs, as modified by `change`. */
async function withStaged(change: (cache: Cache) => void = () => undefined): Promise<string> {
  const namespace = `${world().namespace}-${(counter += 1)}`
  const cache = new Map(staged)
  change(cache)
  const copies = [...cache].map(([tag, digest]) =>
    copyTag(`${source}/image-cache`, digest, `${namespace}/image-cache`, tag),
  )
  await Promise.all(copies)
  return namespace
}

async function planFor(namespace: string, more: Record<string, string> = {}): Promise<string> {
  const run = await act(namespace, { command: 'plan', ...more })
  expect(errorsOf(run)).toEqual([])
  return run.outputs.plan ?? ''
}

function promote(namespace: string, plan: string, more: Record<string, string> = {}): Promise<ActionRun> {
  return act(namespace, { command: 'promote', plan, ...more })
}

async function publicTags(namespace: string): Promise<string[]> {
  const all = await Promise.all(
    ['vllm-openai', 'sglang'].map(async (name) =>
      (await tagsOf(`${namespace}/${name}`)).map((tag) => `${name}:${tag}`),
    ),
  )
  return all.flat()
}

/**
 * Asserts that a run failed with these sentences among the annotations and without a stack trace.
 */
function expectRed(run: ActionRun, ...sentences: (string | RegExp)[]): void {
  expect(run.code).toBe(1)
  const errors = errorsOf(run).join('\n')
  for (const sentence of sentences) expect(errors).toMatch(sentence)
  expect(run.log).not.toMatch(/\n\s+at .+:\d+:\d+/)
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

describe('nothing is tagged', () => {
  it.concurrent(
    'while legs are missing, even if they have candidates, and each missing leg is named',
    async () => {
      const namespace = await withStaged((cache) => {
        cache.delete(tags['vllm-arm64'])
        cache.delete(tags['sglang-amd64'])
      })
      const run = await promote(namespace, await planFor(namespace))
      expectRed(
        run,
        new RegExp(
          `vLLM v0\\.21\\.0.*arm64.*${tags['vllm-arm64']} does not exist: no runner has built and verified`,
        ),
        new RegExp(
          `SGLang v0\\.5\\.11.*amd64.*${tags['sglang-amd64']} does not exist: no runner has built and verified`,
        ),
      )
      expect(errorsOf(run)).toHaveLength(2)
      expect(run.summary).toContain(tags['vllm-arm64'])
      expect(await publicTags(namespace)).toEqual([])
    },
    3 * minutes,
  )

  it.concurrent.each<[string, (cache: Cache) => Promise<void> | void, Name, RegExp]>([
    [
      'names a leg with another build id',
      (cache) => void cache.set(tags['vllm-amd64'], cache.get(tags['sglang-amd64']) ?? ''),
      'vllm-amd64',
      /was built from something else than planned: its build id is [0-9a-f]{64}/,
    ],
    [
      'names the leg of the other platform',
      (cache) => void cache.set(tags['vllm-amd64'], cache.get(tags['vllm-arm64']) ?? ''),
      'vllm-amd64',
      /holds no image for linux\/amd64/,
    ],
    [
      'names a report',
      (cache) =>
        void cache.set(
          tags['sglang-arm64'],
          cache.get(tags['sglang-arm64'].replace('build-', 'report-')) ?? '',
        ),
      'sglang-arm64',
      /holds no image for linux\/arm64/,
    ],
  ])(
    'while the tag of a verified leg %s',
    async (_, change, name, sentence) => {
      const namespace = await withStaged((cache) => void change(cache))
      const run = await promote(namespace, await planFor(namespace))
      expectRed(run, sentence, tags[name])
      expect(await publicTags(namespace)).toEqual([])
    },
    3 * minutes,
  )

  it.concurrent(
    'while the tag of a verified leg names only the image of another platform, or the finished image of all',
    async () => {
      const cases: [from: string, digest: string, sentence: RegExp][] = []
      const leg = await readRegistry<Index>(
        `${source}/image-cache/manifests/${tags['vllm-arm64']}`,
        indexType,
      )
      cases.push([
        `${source}/image-cache`,
        leg.manifests[0]?.digest ?? '',
        /is for linux\/arm64, and linux\/amd64 was planned/,
      ])
      cases.push([
        `${source}/vllm-openai`,
        (await digestOf(`${source}/vllm-openai`, vllmTag)) ?? '',
        /holds more than one image/,
      ])
      for (const [from, digest, sentence] of cases) {
        const namespace = await withStaged((cache) => void cache.delete(tags['vllm-amd64']))
        await copyTag(from, digest, `${namespace}/image-cache`, tags['vllm-amd64'])
        const run = await promote(namespace, await planFor(namespace))
        expectRed(run, sentence)
        expect(await publicTags(namespace)).toEqual([])
      }
    },
    3 * minutes,
  )

  it.concurrent(
    'if the plan in the registry was replaced by another one',
    async () => {
      const namespace = await withStaged()
      const [plan, other] = [await planFor(namespace), await planFor(namespace, { date: '20251124' })]
      const tagIn = (reference: string) => reference.slice(reference.lastIndexOf(':') + 1)
      const cache = `${namespace}/image-cache`
      await copyTag(cache, (await digestOf(cache, tagIn(other))) ?? '', cache, tagIn(plan))
      const run = await promote(namespace, plan)
      expectRed(run, /is not the plan that its tag names/)
      expect(await publicTags(namespace)).toEqual([])
    },
    3 * minutes,
  )
})

describe('with fail-fast: false', () => {
  it.concurrent(
    'a complete image is published without one that lacks a platform, and the step fails',
    async () => {
      const namespace = await withStaged((cache) => void cache.delete(tags['sglang-arm64']))
      const run = await promote(namespace, await planFor(namespace), { 'fail-fast': 'false' })
      expectRed(run, tags['sglang-arm64'])
      expect(errorsOf(run)).toHaveLength(1)
      expect(await publicTags(namespace)).toEqual([`vllm-openai:${vllmTag}`])
      expect(await digestOf(`${namespace}/vllm-openai`, vllmTag)).toBe(
        await digestOf(`${source}/vllm-openai`, vllmTag),
      )
      expect(run.outputs.tags).not.toContain('sglang')
    },
    3 * minutes,
  )

  it.concurrent(
    'a complete image is published even if the staged leg of another one is wrong',
    async () => {
      const namespace = await withStaged((cache) => void cache.delete(tags['vllm-amd64']))
      const digest = (await digestOf(`${source}/vllm-openai`, vllmTag)) ?? ''
      await copyTag(`${source}/vllm-openai`, digest, `${namespace}/image-cache`, tags['vllm-amd64'])
      const run = await promote(namespace, await planFor(namespace), { 'fail-fast': 'false' })
      expectRed(run, /holds more than one image/)
      expect(await publicTags(namespace)).toEqual([`sglang:${sglangTag}`])
    },
    3 * minutes,
  )
})

describe('a public tag that was moved to something else since the plan', () => {
  const take = async (namespace: string): Promise<string> => {
    const other = (await digestOf(`${source}/sglang`, sglangTag)) ?? ''
    await copyTag(`${source}/sglang`, other, `${namespace}/vllm-openai`, vllmTag)
    return other
  }

  it.concurrent(
    'is an error that names it, is not moved, and no other image is published',
    async () => {
      const namespace = await withStaged()
      const plan = await planFor(namespace)
      const other = await take(namespace)
      const run = await promote(namespace, plan)
      expectRed(run, `${namespace}/vllm-openai:${vllmTag} already names a different image`)
      expect(await digestOf(`${namespace}/vllm-openai`, vllmTag)).toBe(other)
      expect(await tagsOf(`${namespace}/sglang`)).toEqual([])
    },
    3 * minutes,
  )

  it.concurrent(
    'is moved if the plan has overwrite-tags',
    async () => {
      const namespace = await withStaged()
      const plan = await planFor(namespace, { 'overwrite-tags': 'true' })
      await take(namespace)
      const run = await promote(namespace, plan)
      expect(errorsOf(run)).toEqual([])
      expect(await digestOf(`${namespace}/vllm-openai`, vllmTag)).toBe(
        await digestOf(`${source}/vllm-openai`, vllmTag),
      )
    },
    3 * minutes,
  )
})

describe('a promotion that fails between two tags', () => {
  it.concurrent(
    'names the tags that exist, and the next one completes it with the same digests',
    async () => {
      const namespace = await withStaged()
      let broken = true
      const isTag = /^PUT \/v2\/.+\/(?:vllm-openai|sglang)\/manifests\/(?!sha256:)/
      const proxy: RegistryProxy = await openRegistryProxy({
        before: (seen) =>
          broken && isTag.test(seen) && proxy.seen.filter((one) => isTag.test(one)).length > 1
            ? 500
            : undefined,
      })
      try {
        const through = {
          registry: proxy.host,
          tags: '{{engine-version}}\n{{engine-version}}-aibrix-{{aibrix}}-nixl-{{nixl}}-{{date}}',
        }
        const plan = await planFor(namespace, through)
        const red = await promote(namespace, plan, through)
        const made = await publicTags(namespace)
        expect(made).toHaveLength(1)
        expectRed(
          red,
          new RegExp(
            `Promotion stopped at .*500.*These tags were created: ${proxy.host}/${namespace}/${made[0] ?? ''}; run it again to complete it`,
          ),
        )
        const again = await promote(namespace, plan, through)
        expectRed(again, /Promotion stopped at .*No public tag was created/)
        expect(await publicTags(namespace)).toEqual(made)
        // No tag of an image is reported while another one is missing.
        expect(JSON.parse(again.outputs.tags ?? '')).toEqual([])
        broken = false
        const green = await promote(namespace, plan, through)
        expect(errorsOf(green)).toEqual([])
        expect(green.code).toBe(0)
        expect(green.outputs.changed).toBe('true')
        expect(JSON.parse(green.outputs.tags ?? '')).toHaveLength(4)
        expect(await publicTags(namespace)).toHaveLength(4)
        for (const name of ['vllm-openai', 'sglang'])
          for (const tag of await tagsOf(`${namespace}/${name}`))
            expect(await digestOf(`${namespace}/${name}`, tag)).toBe(
              await digestOf(`${source}/${name}`, name === 'sglang' ? sglangTag : vllmTag),
            )
      } finally {
        await proxy.close()
      }
    },
    3 * minutes,
  )
})
