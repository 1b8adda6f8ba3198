import { killAt, type Moment } from '../support/in-process/kill.ts'
import { isWrite } from '../support/registry-proxy.ts'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  expectMirrored,
  failedAt,
  type Failing,
  imageTags,
  type Mirrored,
  openMirrored,
} from '../support/in-process/mirrored.ts'

const minutes = 60_000

let place: Mirrored
let tried = 0

beforeAll(async () => {
  place = await openMirrored()
}, 2 * minutes)

afterAll(async () => {
  await place.close()
  process.stdout.write(`mirrors: ${tried} runs were disturbed\n`)
})

const begins = ['staged', 'published'] as const
type Begin = (typeof begins)[number]

function start(begin: Begin): void {
  place.primary.become(place.begin[begin])
  place.mirror.become(new Map())
  tried += 1
}

/** Asserts that the same run, started again, completes the mirror. */
async function expectCompleted(begin: Begin): Promise<void> {
  expect((await place.act()).errors).toEqual([])
  expectMirrored(place, begin)
}

/** Calls `work` with 1, 2, … until it returns undefined. @returns what it returned before */
async function each(work: (nth: number) => Promise<string | undefined>): Promise<string[]> {
  const all: string[] = []
  for (let nth = 1; ; nth += 1) {
    const one = await work(nth).catch((cause: unknown) => {
      throw new Error(`at request ${nth}, after ${all.at(-1) ?? 'none'}`, { cause })
    })
    if (one === undefined) return all
    all.push(one)
  }
}

describe.each(begins)('an image that is %s', (begin) => {
  it(
    'is mirrored, and stays as it is in the next run',
    async () => {
      start(begin)
      await expectCompleted(begin)
      const [primary, mirror] = [place.primary.content(), place.mirror.content()]
      const from = place.proxy.seen.length
      await expectCompleted(begin)
      expect(place.primary.content()).toEqual(primary)
      expect(place.mirror.content()).toEqual(mirror)
      expect(place.proxy.seen.slice(from).filter((seen) => !/^(?:GET|HEAD) /.test(seen))).toEqual([])
    },
    minutes,
  )

  it.each<Moment['when']>(['before', 'after'])(
    'is completed by a second run, if the first was killed %s a request to the mirror',
    async (when) => {
      const requests = await each(async (nth) => {
        start(begin)
        const at = await killAt(place, { nth, when }, isWrite, place.act)
        if (at === undefined) return undefined
        expect(place.mirror.dangling()).toEqual([])
        await expectCompleted(begin)
        return at
      })
      expect(requests.length).toBeGreaterThan(10)
      expect(requests.filter((at) => at.includes('/blobs/uploads/')).length).toBeGreaterThan(3)
    },
    5 * minutes,
  )

  // How a mirror fails depends on the request, and not on what it has: one kind for each is enough.
  const failing: Pick<Failing, 'status' | 'times'> =
    begin === 'published' ? { status: 403, times: Infinity } : { status: 500, times: Infinity }
  it(
    `is red with what exists, if the mirror answers ${failing.status} from any request on, and a second run completes it`,
    async () => {
      const requests = await each(async (nth) => {
        start(begin)
        const { at, ended } = await failedAt(place, { nth, ...failing })
        if (at === undefined) return undefined
        // A refused mount or a cache of answers may be made up for.
        if (ended.code === 0) {
          expectMirrored(place, begin)
          return at
        }
        const [sentence = '', ...more] = ended.errors
        expect(more).toEqual([])
        expect(sentence).toMatch(/\.$/)
        expect(sentence).not.toMatch(/undefined|\[object|TypeError|node:|\n/)
        const made = Object.keys(imageTags(place))
        const isPublic = [...place.primary.tagsOf('acme/vllm-openai').keys()].some(
          (tag) => !tag.startsWith('sha256'),
        )
        if (isPublic && begin === 'staged')
          expect(sentence).toMatch(/^Mirroring stopped at .* The public tags exist: /)
        const stoppedAt = /Mirroring stopped at [^ ]+:([^: ]+): /.exec(sentence)?.[1]
        for (const tag of made.filter((tag) => tag !== stoppedAt)) expect(sentence).toMatch(`:${tag}`)
        expect(place.mirror.dangling()).toEqual([])
        await expectCompleted(begin)
        return at
      })
      expect(requests.length).toBeGreaterThan(10)
    },
    5 * minutes,
  )
})

it(
  'an image is mirrored, if the mirror is broken three times at any request',
  async () => {
    await each(async (nth) => {
      start('published')
      const { at, ended } = await failedAt(place, { nth, status: 500, times: 3 })
      if (at === undefined) return undefined
      expect(ended.errors).toEqual([])
      expectMirrored(place, 'published')
      return at
    })
  },
  5 * minutes,
)
