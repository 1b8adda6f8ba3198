import { describe, expect, it } from '@jest/globals'
import { mediaTypes } from '../../../src/registry/content/media-types.ts'
import { namedCopiesTag } from '../../../src/store/contents.ts'
import { createStore } from '../../../src/store/store.ts'
import { cache, createMemory, type Memory, putImage } from '../../support/memory-client.ts'
import { makeLeg } from '../../support/verified-leg.ts'

const upstream = { registry: 'docker.io', path: 'vllm/vllm-openai' }
const tag = 'v0.21.0'
const named = namedCopiesTag(`docker.io/vllm/vllm-openai:${tag}`)
const [amd64, arm64] = ['linux/amd64', 'linux/arm64'] as const

type BasedLeg = Awaited<ReturnType<typeof stateOf>>[typeof amd64]

/** Publishes a state of the base upstream: an index of both platforms. @returns a leg on each */
async function stateOf(memory: Memory, content: string, repository = upstream) {
  const put = async (platform: string) => {
    const leg = makeLeg({ platform })
    return putImage(memory, repository, `${content}-${platform.slice(-5)}`, leg, { labels: { content } })
  }
  const digests = { [amd64]: await put(amd64), [arm64]: await put(arm64) }
  const manifests = [amd64, arm64].map((platform) => {
    const [os, architecture] = platform.split('/')
    return {
      mediaType: mediaTypes.ociManifest,
      digest: digests[platform],
      size: 1,
      platform: { os, architecture },
    }
  })
  const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }))
  const digest = await memory.client.putManifest(repository, tag, index, mediaTypes.ociIndex)
  const legOn = (platform: typeof amd64 | typeof arm64) => {
    const leg = makeLeg({ platform })
    return { ...leg, base: { ...leg.base, repository, tag, digest, manifestDigest: digests[platform] } }
  }
  return { [amd64]: legOn(amd64), [arm64]: legOn(arm64) }
}

function open(memory: Memory) {
  const { bases } = createStore(memory.client, cache, () => new Date(0))
  const copyOf = async (platform: string, repository = upstream) =>
    (await bases.copyOf({ ...repository, tag, platform }))?.top.digest
  return { keep: bases.keep, copyOf }
}

const copyTagOf = ({ base }: BasedLeg): string => `base-${base.manifestDigest.replace('sha256:', '')}`

it('stores a copy of a base by its digest, and finds it by its name upstream', async () => {
  const memory = createMemory()
  const { keep, copyOf } = open(memory)
  const { [amd64]: leg } = await stateOf(memory, 'one')
  expect(await copyOf(amd64)).toBeUndefined()
  expect(await keep(leg)).toBe(true)
  expect(Object.keys(memory.tagsOf(cache)).sort()).toEqual([copyTagOf(leg), named].sort())
  memory.remove(upstream, tag)
  expect(await copyOf(amd64)).toBe(leg.base.manifestDigest)
  expect(await copyOf(arm64)).toBeUndefined()
})

it('asks one question about a base whose copy exists', async () => {
  const memory = createMemory()
  const { keep } = open(memory)
  const { [amd64]: leg } = await stateOf(memory, 'one')
  await keep(leg)
  const from = memory.seen.length
  expect(await keep(leg)).toBe(false)
  expect(memory.seen.slice(from)).toEqual([`get aibrix/image-cache:${named}`])
})

it('does not take the copy of another repository for this one', async () => {
  const memory = createMemory()
  const { keep, copyOf } = open(memory)
  await keep((await stateOf(memory, 'one'))[amd64])
  expect(await copyOf(amd64, { ...upstream, registry: 'mirror.example' })).toBeUndefined()
})

describe('a base that moved upstream', () => {
  it('has copies of both states, and its name finds the later one on the platforms of that alone', async () => {
    const memory = createMemory()
    const { keep, copyOf } = open(memory)
    const first = await stateOf(memory, 'one')
    await keep(first[amd64])
    await keep(first[arm64])
    const second = await stateOf(memory, 'two')
    await keep(second[amd64])
    expect(await copyOf(amd64)).toBe(second[amd64].base.manifestDigest)
    expect(await copyOf(arm64)).toBeUndefined()
    expect(Object.keys(memory.tagsOf(cache)).sort()).toEqual(
      [first[amd64], first[arm64], second[amd64]].map(copyTagOf).concat(named).sort(),
    )
    await keep(second[arm64])
    expect(await copyOf(arm64)).toBe(second[arm64].base.manifestDigest)
  })

  it('is not named by the base of an older plan, of which the copy is kept', async () => {
    const memory = createMemory()
    const { keep, copyOf } = open(memory)
    const first = await stateOf(memory, 'one')
    const second = await stateOf(memory, 'two')
    await keep(second[amd64])
    expect(await keep(first[amd64])).toBe(true)
    expect(await keep(first[amd64])).toBe(false)
    expect(await copyOf(amd64)).toBe(second[amd64].base.manifestDigest)
    expect(Object.keys(memory.tagsOf(cache))).toContain(copyTagOf(first[amd64]))
  })
})

it('copies nothing for a leg on a copy', async () => {
  const memory = createMemory()
  const { [amd64]: leg } = await stateOf(memory, 'one', cache)
  const from = memory.seen.length
  expect(await open(memory).keep(leg)).toBe(false)
  expect(memory.seen.slice(from)).toEqual([])
})

it('gives a copy no name before its content is there', async () => {
  for (const broken of ['mount aibrix/image-cache', `put aibrix/image-cache:${named}`]) {
    const memory = createMemory((request) => request === broken)
    const { keep, copyOf } = open(memory)
    await expect(keep((await stateOf(memory, 'one'))[amd64])).rejects.toThrow('refused')
    expect(await copyOf(amd64)).toBeUndefined()
  }
})

it("stores a copy of a user's own base by its own name, or by its digest alone if it has no tag", async () => {
  const memory = createMemory()
  const { keep, copyOf } = open(memory)
  const acme = { registry: 'ghcr.io', path: 'acme/vllm' }
  const { [amd64]: leg } = await stateOf(memory, 'one', acme)
  const given = (name: string) => ({ ...leg, base: { ...leg.base, tag: 'v9', given: name } })
  expect(await keep(given('ghcr.io/acme/vllm'))).toBe(true)
  expect(Object.keys(memory.tagsOf(cache))).toEqual([copyTagOf(leg)])
  expect(await keep(given('ghcr.io/acme/vllm'))).toBe(false)
  expect(await keep(given(`ghcr.io/acme/vllm:${tag}`))).toBe(true)
  expect(await copyOf(amd64, acme)).toBe(leg.base.manifestDigest)
})
