import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Ended } from '../../support/in-process/act.ts'
import {
  cache,
  type Cache,
  type Name,
  openPromotions,
  type Promotions,
  publicTags,
  repositories,
  tagIndex,
} from '../../support/in-process/promotions.ts'

// Plans and promotions of staged legs in this process. integration/promotion.test.ts has whole runs.

const minutes = 60_000

let place: Promotions
let tags: Promotions['tags']

beforeAll(async () => {
  place = await openPromotions()
  tags = place.tags
}, minutes)
afterAll(() => place.close())
beforeEach(() => {
  place.begin()
})

/** Returns the digest that a run has published. */
function digestOf(engine: keyof typeof repositories): string {
  return place.published.get(repositories[engine])?.tags.get(publicTags[engine]) ?? ''
}

/** Returns what is public now: `acme/sglang:v0.5.11` → digest */
function publicNow(): Record<string, string> {
  return Object.fromEntries(
    Object.values(repositories).flatMap((path) =>
      [...place.registry.tagsOf(path)].map(([tag, digest]) => [`${path}:${tag}`, digest]),
    ),
  )
}

/** Asserts that a promotion failed with these sentences among its errors, without a stack trace. */
function expectRed({ code, errors }: Ended, ...sentences: (string | RegExp)[]): void {
  expect(code).toBe(1)
  for (const sentence of sentences) expect(errors.join('\n')).toMatch(sentence)
  expect(errors.join('\n')).not.toMatch(/\n\s+at .+:\d+:\d+/)
}

const vllmName = `${repositories.vllm}:${publicTags.vllm}`
const sglangName = `${repositories.sglang}:${publicTags.sglang}`

it('staged legs are promoted to the digests of one run', async () => {
  const run = await place.promote(await place.plan())
  expect(run.errors).toEqual([])
  expect(run.outputs?.changed).toBe('true')
  expect(publicNow()).toEqual({ [vllmName]: digestOf('vllm'), [sglangName]: digestOf('sglang') })
})

describe('nothing is tagged', () => {
  it('while legs are missing, even if they have candidates, and each missing leg is named', async () => {
    place.begin((own) => {
      own.tags.delete(tags['vllm-arm64'])
      own.tags.delete(tags['sglang-amd64'])
    })
    const run = await place.promote(await place.plan())
    expectRed(
      run,
      `${tags['vllm-arm64']} does not exist: no runner has built and verified`,
      `${tags['sglang-amd64']} does not exist: no runner has built and verified`,
    )
    expect(run.titles).toEqual([
      expect.stringMatching(/^vLLM v0\.21\.0.*arm64/),
      expect.stringMatching(/^SGLang v0\.5\.11.*amd64/),
    ])
    expect(run.summary).toContain(tags['vllm-arm64'])
    expect(publicNow()).toEqual({})
  })

  const named = ({ tags: all }: Cache, tag: string): string => all.get(tag) ?? ''

  it.each<[string, (own: Cache) => void, Name, RegExp]>([
    [
      'names a leg with another build id',
      (own) => own.tags.set(tags['vllm-amd64'], named(own, tags['sglang-amd64'])),
      'vllm-amd64',
      /was built from something else than planned: its build id is [0-9a-f]{64}/,
    ],
    [
      'names the leg of the other platform',
      (own) => {
        tagIndex(own, tags['vllm-amd64'], named(own, tags['vllm-arm64']), 'arm64')
      },
      'vllm-amd64',
      /holds no image for linux\/amd64/,
    ],
    [
      'names only the image of another platform',
      (own) => own.tags.set(tags['vllm-amd64'], named(own, tags['vllm-arm64'])),
      'vllm-amd64',
      /is for linux\/arm64, and linux\/amd64 was planned/,
    ],
    [
      'names a report',
      (own) =>
        own.tags.set(tags['sglang-arm64'], named(own, tags['sglang-arm64'].replace('build', 'report'))),
      'sglang-arm64',
      /holds no image for linux\/arm64/,
    ],
    [
      'names the finished image of all platforms',
      (own) => {
        tagFinished(own)
      },
      'vllm-amd64',
      /holds more than one image/,
    ],
  ])('while the tag of a verified leg %s', async (_, change, name, sentence) => {
    place.begin(change)
    const run = await place.promote(await place.plan())
    expectRed(run, sentence)
    // Before the legs are read, an index is known by the leg that it would hold.
    expect(run.errors.join() + run.summary).toMatch(
      new RegExp(`${tags[name]}|The leg for linux/amd64, sha256:`),
    )
    expect(publicNow()).toEqual({})
  })

  it('if the plan in the registry was replaced by another one', async () => {
    const [plan, other] = [await place.plan(), await place.plan({ date: '20251124' })]
    const tagIn = (reference: string) => reference.slice(reference.lastIndexOf(':') + 1)
    const content = place.registry.content()
    const own = content.get(cache)
    own?.tags.set(tagIn(plan), named(own, tagIn(other)))
    place.registry.become(content)
    expectRed(await place.promote(plan), /is not the plan that its tag names/)
    expect(publicNow()).toEqual({})
  })
})

/** Puts the finished image of vLLM in the place of one of its legs. */
function tagFinished(own: Cache): void {
  const digest = digestOf('vllm')
  const index = place.published.get(repositories.vllm)?.manifests.get(digest)
  if (index) own.manifests.set(digest, index)
  own.tags.set(tags['vllm-amd64'], digest)
}

describe('with fail-fast: false', () => {
  const slow = { 'fail-fast': 'false' }

  it('a complete image is published without one that lacks a platform, and the step fails', async () => {
    place.begin((own) => own.tags.delete(tags['sglang-arm64']))
    const run = await place.promote(await place.plan(), slow)
    expectRed(run, tags['sglang-arm64'])
    expect(run.errors).toHaveLength(1)
    expect(publicNow()).toEqual({ [vllmName]: digestOf('vllm') })
    expect(run.outputs?.tags).not.toContain('sglang')
  })

  it('a complete image is published even if the staged leg of another one is wrong', async () => {
    place.begin(tagFinished)
    expectRed(await place.promote(await place.plan(), slow), /holds more than one image/)
    expect(Object.keys(publicNow())).toEqual([sglangName])
  })
})

describe('a public tag that was moved to something else since the plan', () => {
  /** Gives the tag of vLLM to the image of SGLang. */
  function take(): string {
    const content = new Map(place.registry.content())
    const other = place.published.get(repositories.sglang)
    if (!other) throw new Error('SGLang is not published')
    const digest = digestOf('sglang')
    content.set(repositories.vllm, { ...other, tags: new Map([[publicTags.vllm, digest]]) })
    place.registry.become(content)
    return digest
  }

  it('is an error that names it, is not moved, and no other image is published', async () => {
    const plan = await place.plan()
    const other = take()
    const run = await place.promote(plan)
    expectRed(run, `${vllmName} already names a different image`)
    expect(publicNow()).toEqual({ [vllmName]: other })
  })

  it('is moved if the plan has overwrite-tags', async () => {
    const plan = await place.plan({ 'overwrite-tags': 'true' })
    take()
    const run = await place.promote(plan)
    expect(run.errors).toEqual([])
    expect(publicNow()[vllmName]).toBe(digestOf('vllm'))
  })
})

it('a promotion that fails between two tags names the tags that exist, and the next one completes it with the same digests', async () => {
  const isTag = /^PUT \/v2\/.+\/(?:vllm-openai|sglang)\/manifests\/(?!sha256:)/
  let count = 0
  place.door.before = (seen) => (isTag.test(seen) && (count += 1) > 1 ? 500 : undefined)
  const more = { tags: '{{engine-version}}\n{{engine-version}}-aibrix-{{aibrix}}-nixl-{{nixl}}-{{date}}' }
  try {
    const plan = await place.plan(more)
    const red = await place.promote(plan, more)
    const made = Object.keys(publicNow())
    expect(made).toHaveLength(1)
    expectRed(
      red,
      new RegExp(
        `Promotion stopped at .*500.*These tags were created: ${place.proxy.host}/${made[0] ?? ''}; run it again to complete it`,
      ),
    )
    const again = await place.promote(plan, more)
    expectRed(again, /Promotion stopped at .*No public tag was created/)
    expect(Object.keys(publicNow())).toEqual(made)
    // No tag of an image is reported while another one is missing.
    expect(JSON.parse(again.outputs?.tags ?? '')).toEqual([])
    delete place.door.before
    const green = await place.promote(plan, more)
    expect(green.errors).toEqual([])
    expect(green.outputs?.changed).toBe('true')
    expect(JSON.parse(green.outputs?.tags ?? '')).toHaveLength(4)
    const now = publicNow()
    expect(Object.keys(now)).toHaveLength(4)
    for (const [name, digest] of Object.entries(now))
      expect(digest).toBe(digestOf(name.startsWith(repositories.sglang) ? 'sglang' : 'vllm'))
  } finally {
    delete place.door.before
  }
})
