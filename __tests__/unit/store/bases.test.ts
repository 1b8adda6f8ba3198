import { expect, it } from '@jest/globals'
import { createStore } from '../../../src/store/store.ts'
import { cache, createMemory, type Memory, putImage } from '../../support/memory-client.ts'
import { makeLeg } from '../../support/verified-leg.ts'

const upstream = { registry: 'docker.io', path: 'vllm/vllm-openai' }
const named = { engine: 'vllm', tag: 'v0.21.0', platform: 'linux/amd64' } as const
const newest = 'base-vllm-v0.21.0-linux-amd64'

/** @returns a leg on a base whose content is this text, which the tag upstream names */
async function legOn(memory: Memory, content: string, repository = upstream) {
  const leg = makeLeg()
  const digest = await putImage(memory, repository, leg.base.tag, leg, { labels: { content } })
  return { ...leg, base: { ...leg.base, repository, digest, manifestDigest: digest } }
}

const tagOf = (digest: string): string => `base-${digest.replace('sha256:', '')}`

it('stores a copy of a base by its digest and by its name upstream', async () => {
  const memory = createMemory()
  const { bases } = createStore(memory.client, cache)
  const leg = await legOn(memory, 'one')
  const { manifestDigest } = leg.base
  expect(await bases.copyOf(named)).toBeUndefined()
  expect(await bases.keep(leg)).toBe(true)
  expect(memory.tagsOf(cache)).toEqual({ [tagOf(manifestDigest)]: manifestDigest, [newest]: manifestDigest })
  memory.remove(upstream, leg.base.tag)
  expect(await bases.copyOf(named)).toMatchObject({ repository: cache, top: { digest: manifestDigest } })
})

it('asks one question about a base whose copy exists', async () => {
  const memory = createMemory()
  const { bases } = createStore(memory.client, cache)
  const leg = await legOn(memory, 'one')
  await bases.keep(leg)
  const from = memory.seen.length
  expect(await bases.keep(leg)).toBe(false)
  expect(memory.seen.slice(from)).toEqual([`get aibrix/image-cache:${newest}`])
})

it('keeps the earlier copy of a base that moved, and finds the later one by its name', async () => {
  const memory = createMemory()
  const { bases } = createStore(memory.client, cache)
  const [first, second] = [await legOn(memory, 'one'), await legOn(memory, 'two')]
  await bases.keep(first)
  await bases.keep(second)
  expect(memory.tagsOf(cache)).toEqual({
    [tagOf(first.base.manifestDigest)]: first.base.manifestDigest,
    [tagOf(second.base.manifestDigest)]: second.base.manifestDigest,
    [newest]: second.base.manifestDigest,
  })
})

it('copies nothing for a leg on a copy', async () => {
  const memory = createMemory()
  const leg = await legOn(memory, 'one', cache)
  const from = memory.seen.length
  expect(await createStore(memory.client, cache).bases.keep(leg)).toBe(false)
  expect(memory.seen.slice(from)).toEqual([])
})

it('gives a copy no name before its content is there', async () => {
  for (const broken of ['mount aibrix/image-cache', `put aibrix/image-cache:${newest}`]) {
    const memory = createMemory((request) => request === broken)
    const { bases } = createStore(memory.client, cache)
    await expect(bases.keep(await legOn(memory, 'one'))).rejects.toThrow('refused')
    expect(await bases.copyOf(named)).toBeUndefined()
  }
})

it('finds no copy under a name that no tag can have', async () => {
  const memory = createMemory()
  const { bases } = createStore(memory.client, cache)
  const tag = `v0.21.0-${'x'.repeat(120)}`
  expect(await bases.copyOf({ ...named, tag })).toBeUndefined()
  expect(memory.seen).toEqual([])
})
