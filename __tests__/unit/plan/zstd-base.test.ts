import { describe, expect, it } from '@jest/globals'
import { baseName } from '../../../src/plan/base.ts'
import { makePlan } from '../../../src/plan/make-plan.ts'
import type { PlanRequest } from '../../../src/plan/request.ts'
import { readBasesIn } from '../../../src/store/bases.ts'
import { namedCopiesTag } from '../../../src/store/contents.ts'
import { type Images, registryOf, request, selectors, world } from '../../support/plan-world.ts'

const both: [string, string] = ['linux/amd64', 'linux/arm64']
const tag = 'vllm/vllm-openai:v0.10.2'
const inZstd = `${tag}-x86_64-zstd`
const copyOf = (name: string) => `aibrix/image-cache:${namedCopiesTag(`docker.io/${name}`)}`

const plain: Images = { [tag]: { 'linux/amd64': {}, 'linux/arm64': {} } }
const published: Images = { ...plain, [inZstd]: { 'linux/amd64': {} } }
/** Makes an index of what has a copy for one platform only. */
const amd64 = { 'linux/amd64': {}, 'linux/riscv64': {} }

/** @returns the names of the bases of a plan, by platform, and what the registry was asked */
async function basesOf(images: Images, asked: Partial<PlanRequest>) {
  const { registry, requests } = registryOf(images)
  const { copyOf: copyOfBase } = readBasesIn(registry, request().cacheRepository)
  const wanted = request({ baseCompression: 'zstd', platforms: both, ...asked })
  const plan = await makePlan(wanted, world({}, { registry, copyOfBase }))
  const legs = plan.images.flatMap((image) => image.legs)
  return {
    names: Object.fromEntries(legs.map(({ platform, base }) => [platform, baseName(base)])),
    versions: legs.map(({ version }) => version.tag),
    tags: plan.images.flatMap(({ tags }) => tags),
    requests,
  }
}

describe('with base-compression: zstd, a base is', () => {
  it.each<[string, Images, Partial<PlanRequest>, Record<string, string>]>([
    [
      "upstream's tag in zstd, on the platform that has one",
      published,
      {},
      { 'linux/amd64': inZstd, 'linux/arm64': tag },
    ],
    [
      'the tag of the version, if upstream has no other',
      plain,
      {},
      { 'linux/amd64': tag, 'linux/arm64': tag },
    ],
    [
      'the tag of the version, if the other one is for another platform',
      { ...plain, [inZstd]: { 'linux/arm64': {}, 'linux/riscv64': {} } },
      {},
      { 'linux/amd64': tag, 'linux/arm64': tag },
    ],
    [
      'the copy of the tag in zstd, if both are gone',
      { [copyOf(inZstd)]: amd64, [copyOf(tag)]: amd64 },
      { platforms: ['linux/amd64'] },
      { 'linux/amd64': inZstd },
    ],
    [
      'the copy of the tag of the version, if nothing else is left',
      { [copyOf(tag)]: amd64 },
      { platforms: ['linux/amd64'] },
      { 'linux/amd64': tag },
    ],
  ])('%s', async (_, images, asked, expected) => {
    expect((await basesOf(images, asked)).names).toEqual(expected)
  })
})

it('the tags and versions of an image do not depend on the compression of its base', async () => {
  const [one, other] = await Promise.all(
    (['zstd', 'as-published'] as const).map((baseCompression) => basesOf(published, { baseCompression })),
  )
  expect(one?.versions).toEqual(other?.versions)
  expect(one?.tags).toEqual(other?.tags)
})

it.each<[string, Partial<PlanRequest>]>([
  ['without the input', { baseCompression: 'as-published' }],
  [
    'for a version that names a variant',
    {
      engines: [{ engine: 'vllm', versions: selectors('engine', 'v0.10.2-x86_64') }],
      platforms: ['linux/amd64'],
    },
  ],
  [
    'for an engine that has none',
    {
      engines: [{ engine: 'sglang', versions: selectors('engine', 'v0.5.5.post3') }],
      platforms: ['linux/amd64'],
    },
  ],
])('nobody asks for a tag in zstd %s', async (_, asked) => {
  const images: Images = {
    ...published,
    [`${tag}-x86_64`]: { 'linux/amd64': {} },
    'lmsysorg/sglang:v0.5.5.post3': { 'linux/amd64': {} },
  }
  const { requests } = await basesOf(images, asked)
  expect(requests.join()).not.toContain('zstd')
})
