import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import pLimit from 'p-limit'
import type { RegistryClient } from '../../src/registry/client.ts'
import { copyManifest } from '../../src/registry/copy.ts'
import { type ActionRun, digestOf, errorsOf, registry, runAction, tagsOf } from './action.ts'
import { type FaultProxy, login, openFaultProxy } from './fault-proxy.ts'
import { type Combination, combinations } from './faults-matrix.ts'
import { useStandIns } from './stand-in-inputs.ts'
import { openTestClient } from './test-client.ts'
import { type Image, imageType, type Index, indexType, readRegistry, stateOf } from './two-platforms.ts'

const minutes = 60_000

/** Milliseconds; `build` is far longer than anything lasts that BuildKit has in its cache */
const waits = { build: 20_000, request: 600, stall: 600, retry: 10, longest: 50, budget: 8000 }

/** Combinations at a time; each has a proxy and a namespace of its own */
const limit = pLimit(3)

const world = useStandIns()

/** One image that gets two tags. */
const wanted = {
  engine: 'vllm',
  versions: 'v0.21.0',
  'aibrix-version': 'v0.7.0',
  'gpu-architectures': '9.0',
  // On an engine with a long history, exporting it takes longer than all the rest
  cache: 'off',
  tags: '{{engine-version}}-aibrix-{{aibrix}}-nixl-{{nixl}}-{{date}}\n{{engine-version}}',
}

/** What a run gives that nothing disturbs */
let undisturbed: { namespace: string; state: Record<string, unknown>; cache: [string, string | null][] }

let client: RegistryClient
let tried = 0
const survived = new Set<string>()

function act(namespace: string, more: Record<string, string>, waiting = {}): Promise<ActionRun> {
  const environment = { IMAGE_ACTION_WAITS: JSON.stringify(waiting) }
  return runAction(world().inputs({ ...wanted, namespace, ...more }), { environment })
}

/** Has in the cache repository what the undisturbed run has, as far as its tags match. */
async function fill(namespace: string, pattern: RegExp): Promise<void> {
  const repositoryOf = (name: string) => ({ registry, path: `${name}/image-cache` })
  const [from, to] = [repositoryOf(undisturbed.namespace), repositoryOf(namespace)]
  for (const [tag, digest] of undisturbed.cache)
    if (digest !== null && pattern.test(tag)) await copyManifest(client, { from, to, digest, tag })
}

/** A public tag can be pulled: everything that it leads to is there. */
async function expectWhole(namespace: string): Promise<void> {
  const repository = `${namespace}/vllm-openai`
  for (const tag of await tagsOf(repository)) {
    const index = await readRegistry<Index>(`${repository}/manifests/${tag}`, indexType)
    for (const { digest } of index.manifests) {
      const { config, layers } = await readRegistry<Image>(`${repository}/manifests/${digest}`, imageType)
      for (const blob of [config, ...layers]) {
        const answer = await fetch(`http://${registry}/v2/${repository}/blobs/${blob.digest}`, {
          method: 'HEAD',
        })
        expect([blob.digest, answer.status]).toEqual([blob.digest, 200])
      }
    }
  }
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
  const { trouble, tokens, mounts, staged, ends } = combination
  const namespace = `${world().namespace}-${(tried += 1)}`
  await fill(namespace, staged ? /./ : /^(?:facts|wheel|ucx)-/)
  const proxy = await openFaultProxy(trouble, { tokens, mounts })
  const inputs = { registry: proxy.host, ...(tokens && login) }
  try {
    const run = await act(namespace, inputs, waits)
    expect(proxy.seen.filter(({ fault }) => fault)).not.toEqual([])
    expectOrder(proxy, staged)
    const isRight = run.code === 0
    if (isRight) await expectRight(namespace, run)
    else await expectRed(namespace, run, combination)
    expect(isRight ? 'right' : `red: ${errorsOf(run).join()}`).toMatch(ends)
    if (isRight) return
    proxy.heal()
    await expectRight(namespace, await act(namespace, inputs, waits))
    expectOrder(proxy, staged)
  } finally {
    await proxy.close()
  }
}

beforeAll(async () => {
  client = openTestClient()
  const namespace = `${world().namespace}-undisturbed`
  const run = await act(namespace, {})
  expect(errorsOf(run)).toEqual([])
  const name = `${namespace}/image-cache`
  const tags = await tagsOf(name)
  const cache = await Promise.all(
    tags.map(async (tag): Promise<[string, string | null]> => [tag, await digestOf(name, tag)]),
  )
  undisturbed = { namespace, state: await stateOf(namespace), cache }
  expect(Object.keys(undisturbed.state)).toHaveLength(2)
}, 15 * minutes)

afterAll(() => {
  client.close()
  process.stdout.write(`fault matrix: ${tried} tried, ${survived.size} survived\n`)
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
