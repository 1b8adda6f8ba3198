import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import pLimit from 'p-limit'
import type { RegistryClient } from '../../src/registry/client.ts'
import { copyManifest } from '../../src/registry/copy.ts'
import { type ActionRun, digestOf, errorsOf, registry, runAction, tagsOf } from '../support/action.ts'
import { type FaultProxy, login, openFaultProxy, type Trouble } from '../support/faults/proxy.ts'
import { type Combination, combinations } from '../support/faults/matrix.ts'
import { useStandIns } from '../support/stand-in-inputs.ts'
import { openTestClient } from '../support/test-client.ts'
import {
  type Image,
  imageType,
  type Index,
  indexType,
  readRegistry,
  stateOf,
} from '../support/two-platforms.ts'

const minutes = 60_000

/** Milliseconds; `build` is far longer than anything lasts that BuildKit has in its cache, and leaves enough for a second try */
const waits = { build: 20_000, request: 5000, stall: 5000, retry: 10, longest: 50, budget: 60_000 }

/** Combinations at a time; each has a proxy and a namespace of its own */
const limit = pLimit(4)

const world = useStandIns()

/** One image that gets two tags. */
const wanted = {
  engine: 'vllm',
  versions: 'v0.21.0',
  'aibrix-version': 'v0.7.0',
  'gpu-architectures': '9.0',
  tags: '{{engine-version}}-aibrix-{{aibrix}}-nixl-{{nixl}}-{{date}}\n{{engine-version}}',
}

/** What a run gives that nothing disturbs: public tags, and those of the cache repository */
let undisturbed: { namespace: string; state: Record<string, unknown>; cache: [tag: string, digest: string][] }

let client: RegistryClient
let tried = 0
/** Milliseconds */
let began: number
const survived = new Set<string>()

function runHere(namespace: string, more: Record<string, string>, waiting = {}): Promise<ActionRun> {
  const environment = { IMAGE_ACTION_WAITS: JSON.stringify(waiting) }
  return runAction(world().inputs({ ...wanted, namespace, ...more }), { environment })
}

/** Has in the cache repository what the undisturbed run has, as far as its tags match. */
async function fill(namespace: string, pattern: RegExp): Promise<void> {
  const repositoryOf = (name: string) => ({ registry, path: `${name}/image-cache` })
  const [from, to] = [repositoryOf(undisturbed.namespace), repositoryOf(namespace)]
  for (const [tag, digest] of undisturbed.cache)
    if (pattern.test(tag)) await copyManifest(client, { from, to, digest, tag })
}

/** @returns the trouble, where it is meant so with what is stored under one tag alone */
async function troubleOf({ trouble, contentOf }: Combination): Promise<Trouble> {
  if (contentOf === undefined) return trouble
  const [tag = contentOf] = undisturbed.cache.flatMap(([name]) => (name.startsWith(contentOf) ? name : []))
  const { config, layers } = await readRegistry<Image>(
    `${undisturbed.namespace}/image-cache/manifests/${tag}`,
    imageType,
  )
  // What describes layers is their configuration; an artifact has an empty one, and one layer.
  const { digest } = (layers.length === 1 ? layers[0] : undefined) ?? config
  return { ...trouble, on: (seen) => seen.url.endsWith(digest) && trouble.on(seen) }
}

/** A public tag can be pulled: everything that it leads to is there. */
async function expectWhole(namespace: string): Promise<void> {
  const repository = `${namespace}/vllm-openai`
  const digests = new Set<string>()
  for (const tag of await tagsOf(repository)) {
    const index = await readRegistry<Index>(`${repository}/manifests/${tag}`, indexType)
    for (const { digest } of index.manifests) digests.add(digest)
  }
  const images = [...digests].map((digest) =>
    readRegistry<Image>(`${repository}/manifests/${digest}`, imageType),
  )
  const blobs = (await Promise.all(images)).flatMap(({ config, layers }) => [config, ...layers])
  const missing = blobs.map(async ({ digest }) => {
    const { ok } = await fetch(`http://${registry}/v2/${repository}/blobs/${digest}`, { method: 'HEAD' })
    return ok ? [] : digest
  })
  expect((await Promise.all(missing)).flat()).toEqual([])
}

async function expectRight(namespace: string, run: ActionRun): Promise<void> {
  expect(errorsOf(run)).toEqual([])
  expect(run.code).toBe(0)
  expect(await stateOf(namespace)).toEqual(undisturbed.state)
  await expectWhole(namespace)
}

/** Red, with one sentence about what happened, and nothing public that is wrong. */
async function expectRed(namespace: string, run: ActionRun, { says }: Combination): Promise<void> {
  const errors = errorsOf(run)
  expect(errors).toHaveLength(1)
  expect(run.code).toBe(1)
  const sentence = errors[0]?.replace(/^::error[^:]*::/, '') ?? ''
  expect(sentence).toMatch(says)
  expect(sentence).toMatch(/\.$/)
  expect(sentence.length).toBeLessThan(700)
  expect(sentence).not.toMatch(/undefined|\[object|TypeError|node:|\n/)
  const made = await tagsOf(`${namespace}/vllm-openai`)
  if (made.length === 0) return
  expect(sentence).toMatch(/Promotion stopped/)
  expect(undisturbed.state).toMatchObject(await stateOf(namespace))
  await expectWhole(namespace)
  // It may have been made, and the answer lost; the others were, as the sentence says.
  const stoppedAt = /Promotion stopped at [^ ]+:([^: ]+): /.exec(sentence)?.[1]
  for (const tag of made.filter((tag) => tag !== stoppedAt))
    expect(sentence).toMatch(new RegExp(`These tags were made: .*:${tag}[,;]`))
}

/** Whatever is public was verified before. */
function expectOrder({ stored }: FaultProxy, isStaged: boolean): void {
  const first = stored.findIndex((path) => /^vllm-openai\/manifests\/(?!sha256:)/.test(path))
  if (first < 0 || isStaged) return
  expect(stored.slice(0, first).some((path) => path.startsWith('image-cache/manifests/build-'))).toBe(true)
}

async function attempt(combination: Combination): Promise<void> {
  const { tokens, mounts, bases, there, isStaged, ends, warns } = combination
  const namespace = `${world().namespace}-${(tried += 1)}`
  await fill(namespace, there)
  const proxy = await openFaultProxy(await troubleOf(combination), { tokens, mounts })
  const inputs = {
    ...{ ...combination.inputs, registry: proxy.host },
    ...(tokens && login),
    ...(bases && { 'base-registry': `${proxy.host}/stand-in` }),
  }
  const act = () => runHere(namespace, inputs, { ...waits, ...combination.waits })
  try {
    const run = await act()
    expect(proxy.seen.filter(({ fault }) => fault)).not.toEqual([])
    expectOrder(proxy, isStaged)
    const isRight = run.code === 0
    if (isRight) await expectRight(namespace, run)
    else await expectRed(namespace, run, combination)
    expect(isRight ? 'right' : `red: ${errorsOf(run).join()}`).toMatch(ends)
    if (warns) expect(run.summary).toMatch(warns)
    if (isRight) return
    proxy.heal()
    await expectRight(namespace, await act())
    expectOrder(proxy, isStaged)
  } finally {
    await proxy.close()
  }
}

beforeAll(async () => {
  client = openTestClient()
  const namespace = `${world().namespace}-undisturbed`
  const run = await runHere(namespace, {})
  expect(errorsOf(run)).toEqual([])
  const name = `${namespace}/image-cache`
  const tags = await tagsOf(name)
  const cache = await Promise.all(
    tags.map(async (tag): Promise<[string, string]> => [tag, (await digestOf(name, tag)) ?? '']),
  )
  undisturbed = { namespace, state: await stateOf(namespace), cache }
  expect(Object.keys(undisturbed.state)).toHaveLength(2)
  began = performance.now()
}, 15 * minutes)

afterAll(() => {
  client.close()
  const seconds = (performance.now() - began) / 1000
  process.stdout.write(`fault matrix: ${tried} tried, ${survived.size} survived\n`)
  process.stdout.write(`It took ${seconds.toFixed()} s.\n`)
})

it('there are at least 60 combinations, each another one', () => {
  expect(combinations.length).toBeGreaterThanOrEqual(60)
  expect(new Set(combinations.map(({ name }) => name)).size).toBe(combinations.length)
})

describe('a run ends right, or red with one clear sentence, at', () => {
  it.concurrent.each(combinations.map((combination) => [combination.name, combination] as const))(
    '%s',
    async (name, combination) => {
      await limit(() => attempt(combination))
      survived.add(name)
    },
    6 * minutes,
  )
})
