import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import { type Inventory, inventorySchema } from '../../src/inventory/inventory.ts'
import type { Leg } from '../../src/plan/plan.ts'
import { resolveBase } from '../../src/plan/base.ts'
import type { RegistryClient } from '../../src/registry/client.ts'
import { parseDigest } from '../../src/registry/content/digest.ts'
import { parseRepository } from '../../src/registry/content/reference.ts'
import { serialiseReport } from '../../src/store/leg-report.ts'
import { createStore } from '../../src/store/store.ts'
import { labelsOf } from '../../src/verify/labels.ts'
import { type IndexServer, serveIndex } from '../../stand-ins/index-server.ts'
import {
  type ActionRun,
  digestOf,
  errorsOf,
  registry,
  runAction,
  type TestOptions,
} from '../support/action.ts'
import { imagesInMemory } from '../support/many-images.ts'
import { rememberIndex } from '../support/pip-memory.ts'
import {
  makeTaggedRepository,
  makeWheelIndex,
  publishBases,
  publishImages,
} from '../support/planning-world.ts'
import { legOf } from '../support/published-images.ts'
import { openRegistryInMemory } from '../support/registry-in-memory.ts'
import { type Door, openRegistryProxy, type RegistryProxy } from '../support/registry-proxy.ts'
import { factsOf, makeOutcomeReport } from '../support/reports.ts'
import { openTestClient } from '../support/test-client.ts'

const minutes = 60_000
const namespace = `list-${randomBytes(4).toString('hex')}`

let folder: string
let wheels: IndexServer
let client: RegistryClient

beforeAll(async () => {
  client = openTestClient()
  folder = mkdtempSync(join(tmpdir(), 'list-'))
  makeTaggedRepository(join(folder, 'aibrix.git'), ['v0.7.0', 'v0.8.0', 'v0.9.0-rc.1'])
  const directory = join(folder, 'wheels')
  makeWheelIndex(directory, ['nixl-0.7.1-py3-none-any.whl', 'nixl-0.8.0-py3-none-any.whl'])
  wheels = await serveIndex(directory)
  rememberIndex(wheels.url, directory)
  await publishBases(namespace, [
    { repository: 'vllm/vllm-openai', tag: 'v0.21.0', index: true },
    { repository: 'vllm/vllm-openai', tag: 'v0.22.0' },
  ])
  await publish('v0.21.0', '0.7.1', { tags: ['v0.21.0-nixl-0.7.1-20251123', 'stable'], index: true })
  await publish('v0.21.0', '0.7.0', { tags: ['v0.21.0-nixl-0.7.0-20251101'], index: false })
  const theirs = { repository: 'vllm-openai', tags: ['theirs'], labels: { a: 'b' }, index: false }
  await publishImages(namespace, [theirs])
}, minutes)
afterAll(async () => {
  client.close()
  await wheels.close()
  rmSync(folder, { recursive: true })
})

async function onBase(version: string, nixl: string): Promise<Leg> {
  const leg = legOf(version.slice(1), nixl)
  const repository = parseRepository(`${registry}/${namespace}/vllm/vllm-openai`)
  const none = () => Promise.resolve(undefined)
  const wanted = { repository, tag: version, reference: version }
  const found = await resolveBase(client, wanted, [leg.platform], {
    copyFor: none,
    nearest: none,
  })
  const base = 'bases' in found ? found.bases.get(leg.platform) : undefined
  if (!base) throw new Error(`${version} is no base`)
  return { ...leg, base }
}

/** Stages and publishes an image on a base, without its content. */
async function publish(
  version: string,
  nixl: string,
  { tags, index }: { tags: readonly [string, ...string[]]; index: boolean },
): Promise<void> {
  const leg = await onBase(version, nixl)
  const facts = factsOf(leg)
  facts.image.nixl.distributions = { nixl, 'nixl-cu13': nixl }
  const labels = labelsOf(leg, facts, new Map())
  const candidate = `candidate-${nixl}`
  await publishImages(namespace, [
    { repository: 'vllm-openai', tags, labels, index },
    { repository: 'image-cache', tags: [candidate], labels, index },
  ])
  const digest = parseDigest((await digestOf(`${namespace}/image-cache`, candidate)) ?? '')
  const report = serialiseReport(makeOutcomeReport(leg, facts, { digest }))
  await createStore(client, parseRepository(`${registry}/${namespace}/image-cache`)).legs.stage(
    leg,
    digest,
    report,
  )
}

function list(
  host: string,
  more: Record<string, string> = {},
  options: TestOptions = {},
): Promise<ActionRun> {
  return runAction(
    {
      ...{ command: 'list', engine: 'vllm', registry: host, namespace },
      ...{ 'base-registry': `${registry}/${namespace}`, 'package-index': wheels.url },
      'aibrix-repository': join(folder, 'aibrix.git'),
      ...more,
    },
    options,
  )
}

function inventoryOf({ outputs }: ActionRun): Inventory {
  return v.parse(inventorySchema, JSON.parse(readFileSync(outputs['list-path'] ?? '', 'utf8')))
}

async function behind<T>(door: Door, work: (proxy: RegistryProxy) => Promise<T>): Promise<T> {
  const proxy = await openRegistryProxy(door)
  try {
    return await work(proxy)
  } finally {
    await proxy.close()
  }
}

const tagsOf = ({ images }: Inventory): (string | undefined)[] => images.map(({ tags }) => tags[0]).sort()

describe('a list of a real registry', () => {
  it('has what is published, in file, summary and outputs', async () => {
    const run = await list(registry)
    expect(errorsOf(run)).toEqual([])
    const inventory = inventoryOf(run)
    expect(inventory.warnings).toEqual([])
    expect(tagsOf(inventory)).toEqual([
      'theirs',
      'v0.21.0-nixl-0.7.0-20251101',
      'v0.21.0-nixl-0.7.1-20251123',
    ])
    const stable = inventory.images.find(({ tags }) => tags.includes('stable'))
    expect(stable).toMatchObject({
      digest: await digestOf(`${namespace}/vllm-openai`, 'stable'),
      engine: 'vllm',
      platforms: [
        {
          platform: 'linux/amd64',
          components: { nixl: '0.7.1' },
          why: null,
          base: { state: 'current' },
        },
      ],
    })
    expect(JSON.parse(run.outputs.behind ?? '')).toEqual([
      { what: 'vllm', published: '0.21.0', newer: ['v0.22.0'] },
      { what: 'aibrix', published: '0.7.0', newer: ['v0.8.0'] },
      { what: 'nixl', published: '0.7.1', newer: ['0.8.0'] },
    ])
    expect(run.summary).toContain('| ✅ current |')
    expect(readFileSync(run.outputs['summary-path'] ?? '', 'utf8')).toBe(run.summary)
  })

  it('reads no image a second time', async () => {
    await behind({}, async (proxy) => {
      const first = await list(proxy.host)
      const before = proxy.seen.length
      const second = await list(proxy.host)
      expect(errorsOf(second)).toEqual([])
      expect(inventoryOf(second).images).toEqual(inventoryOf(first).images)
      const reads = (seen: string[]) => seen.filter((one) => /^GET .*\/vllm-openai\/manifests/.test(one))
      expect(reads(proxy.seen.slice(0, before)).length).toBeGreaterThanOrEqual(3)
      expect(reads(proxy.seen.slice(before))).toEqual([])
      expect(proxy.seen.slice(before).filter((one) => /^(PUT|POST) /.test(one))).toEqual([])
    })
  })

  it.each([
    ['nixl=0.7.1', ['v0.21.0-nixl-0.7.1-20251123']],
    ['nixl<0.7.1 engine>=0.20', ['v0.21.0-nixl-0.7.0-20251101']],
    ['engine!=vllm', ['theirs']],
    ['base=gone', []],
  ])('has only what the filter lets through: %s', async (where, expected) => {
    const run = await list(registry, { where })
    expect(errorsOf(run)).toEqual([])
    expect(tagsOf(inventoryOf(run))).toEqual(expected)
  })

  it('is an error before any request if the filter is wrong', async () => {
    await behind({}, async (proxy) => {
      const run = await list(proxy.host, { where: 'nixl=newest colour=red' })
      expect(errorsOf(run)).toHaveLength(1)
      expect(run.log).toMatch(/where: "nixl=newest" is not allowed; use a version such as/)
      expect(run.log).toMatch(/where: "colour=red" is not allowed; use terms such as/)
      expect(proxy.seen).toEqual([])
    })
  })

  it('needs no right to push, but then keeps nothing, and says so', async () => {
    await behind({ readOnly: true }, async (proxy) => {
      const run = await list(proxy.host)
      expect(errorsOf(run)).toEqual([])
      expect(inventoryOf(run).images).toHaveLength(3)
      expect(inventoryOf(run).warnings).toEqual([expect.stringContaining('It could not be stored')])
      const quiet = await list(proxy.host, { push: 'false' })
      expect(inventoryOf(quiet).warnings).toEqual([])
    })
  })

  it('is an error if nothing may be read', async () => {
    await behind({ credentials: { user: 'robot', password: 'canary-list-77' } }, async (proxy) => {
      const run = await list(proxy.host)
      expect(run.code).toBe(1)
      expect(errorsOf(run)).toEqual([expect.stringContaining('401')])
    })
  })

  it('tells that a base has moved', async () => {
    const env = { repository: 'vllm/vllm-openai', tag: 'v0.21.0', index: true, onBuild: ['RUN x'] }
    await publishBases(namespace, [env])
    const run = await list(registry, { where: 'base=moved' })
    expect(tagsOf(inventoryOf(run))).toEqual(['v0.21.0-nixl-0.7.0-20251101', 'v0.21.0-nixl-0.7.1-20251123'])
    expect(run.summary).toContain('| 🔁 moved |')
  })
})

describe('10,000 tags', () => {
  /** Writes a Node process's peak memory (proc(5): VmHWM) when it ends. */
  const measuring = (file: string): NodeJS.ProcessEnv => {
    const script = `import { readFileSync, writeFileSync } from 'node:fs'
process.on('exit', () => writeFileSync(${JSON.stringify(file)}, /VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]))`
    return { NODE_OPTIONS: `--import=data:text/javascript;base64,${Buffer.from(script).toString('base64')}` }
  }

  /** @returns the peaks of a first and a second list, in MB */
  async function listTwice(): Promise<[first: number, second: number]> {
    const memory = await openRegistryInMemory(
      imagesInMemory('many/vllm-openai', 'many/image-cache', { images: 2000, tags: 5 }),
    )
    const proxy = await openRegistryProxy({ upstream: memory.host })
    const peakOf = async (name: string): Promise<number> => {
      const file = join(folder, name)
      const inputs = { namespace: 'many', registry: proxy.host }
      const run = await list(proxy.host, inputs, { environment: measuring(file) })
      expect(errorsOf(run)).toEqual([])
      const { images } = inventoryOf(run)
      expect(images).toHaveLength(2000)
      expect(images.every(({ tags, platforms }) => tags.length === 5 && platforms[0]?.gates)).toBe(true)
      expect(Buffer.byteLength(run.summary)).toBeLessThan(1024 * 1024)
      const peak = Number(readFileSync(file, 'utf8')) / 1000
      console.log(
        `a ${name} list of 10,000 tags: ${(run.duration / 1000).toFixed(1)} s, ${peak.toFixed()} MB, ${proxy.seen.splice(0).length} requests`,
      )
      return peak
    }
    try {
      const peaks: [number, number] = [await peakOf('first'), await peakOf('second')]
      expect(proxy.peak()).toBeLessThanOrEqual(8)
      return peaks
    } finally {
      await proxy.close()
      await memory.close()
    }
  }

  it(
    'of 2,000 images are listed in 150 MB, with at most 8 requests in flight',
    async () => {
      // Other load delays the collection of garbage, so the smallest of three counts.
      let smallest = Infinity
      for (let attempt = 0; attempt < 3 && smallest >= 150; attempt += 1)
        smallest = Math.min(smallest, Math.max(...(await listTwice())))
      expect(smallest).toBeLessThan(150)
    },
    5 * minutes,
  )
})
