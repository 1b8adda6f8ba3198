import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import pLimit from 'p-limit'
import { killAt } from '../support/in-process/kill.ts'
import { type Attempt, attemptPrune } from '../support/prune/faults.ts'
import {
  build,
  expectBuilt,
  expectCompleted,
  expectNothingLost,
  expectPruned,
  expectRight,
  expectSkipped,
  expectWhole,
  type Journey,
  prepare,
  prune,
} from '../support/prune/journey.ts'
import { cache, openPlace, type Place, published } from '../support/prune/place.ts'
import { endDays } from '../support/prune/time.ts'

const minutes = 60_000

let place: Place
let journey: Journey
let tried = 0
let survived = 0

beforeAll(async () => {
  place = await openPlace()
  journey = await prepare(place)
}, minutes)

afterAll(async () => {
  await place.close()
  endDays()
  process.stdout.write(`prune matrix: ${tried} tried, ${survived} survived\n`)
})

/** Calls `work` with 1, 2, … until it returns undefined. @returns what it returned before */
async function each(work: (nth: number) => Promise<string | undefined>): Promise<string[]> {
  const all: string[] = []
  for (let nth = 1; ; nth += 1) {
    const one = await work(nth).catch((cause: unknown) => {
      throw new Error(`at request ${nth}, after ${all.at(-1) ?? 'none'}`, { cause })
    })
    if (one === undefined) return all
    tried += 1
    survived += 1
    all.push(one)
  }
}

describe.each(['before', 'after'] as const)('a prune that is killed %s any of its requests', (when) => {
  it(
    'loses nothing, and a second one completes it',
    async () => {
      const requests = await each(async (nth) => {
        place.registry.become(journey.begin)
        const isDeletion = (seen: string): boolean => seen.startsWith('DELETE ')
        const at = await killAt(place, { nth, when }, isDeletion, (signal) => prune(place, signal))
        if (at !== undefined) await expectCompleted(place, journey)
        return at
      })
      expect(requests.length).toBeGreaterThan(when === 'before' ? 30 : 6)
    },
    5 * minutes,
  )
})

describe('a whole run at any request of a prune', () => {
  it.each(['old', 'recent', 'fresh'] as const)(
    'of the image that is %s is right, and loses nothing that it wrote',
    async (image) => {
      await each(async (nth) => {
        place.registry.become(image === 'old' ? journey.staged : journey.begin)
        let left = nth
        let at: string | undefined
        let written: [path: string, tag: string, digest: string][] = []
        place.door.before = async (seen) => {
          if ((left -= 1) !== 0) return undefined
          at = seen
          const before = place.registry.content()
          await expectBuilt(place, image)
          written = writtenSince(before)
          return undefined
        }
        const ended = await prune(place)
        delete place.door.before
        if (at === undefined) return undefined
        expectRight(ended)
        for (const [path, tag, digest] of written)
          expect([tag, place.registry.tagsOf(path).get(tag)]).toEqual([tag, digest])
        expectWhole(place)
        expectNothingLost(place, journey)
        await expectSkipped(place, image)
        await expectPruned(place)
        await expectSkipped(place, 'recent')
        return at
      })
    },
    5 * minutes,
  )
})

function writtenSince(before: ReturnType<Place['registry']['content']>): [string, string, string][] {
  return [cache, published].flatMap((path) =>
    [...place.registry.tagsOf(path)].flatMap(([tag, digest]): [string, string, string][] =>
      before.get(path)?.tags.get(tag) === digest ? [] : [[path, tag, digest]],
    ),
  )
}

describe('a whole prune at any request of a run', () => {
  it.each(['old', 'recent', 'fresh'] as const)(
    'of the image that is %s: the run is right, or is red with one sentence and right when started again',
    async (image) => {
      await each(async (nth) => {
        place.registry.become(image === 'old' ? journey.staged : journey.begin)
        let left = nth
        let at: string | undefined
        place.door.before = async (seen) => {
          if ((left -= 1) !== 0) return undefined
          at = seen
          delete place.door.before
          await expectPruned(place)
          return undefined
        }
        const ended = await build(place, image, true)
        delete place.door.before
        if (at === undefined) return undefined
        for (const error of ended.errors) expect(error).toMatch(/^[^\n]{20,900}\.$/)
        expectWhole(place)
        if (image !== 'old') expectRight(ended)
        await expectBuilt(place, image)
        await expectSkipped(place, image)
        expectNothingLost(place, journey)
        return at
      })
    },
    5 * minutes,
  )
})

describe('a prune with a fault at any of its requests', () => {
  /** They mostly wait. */
  const several = pLimit(24)

  it.each<[string, Pick<Attempt, 'moment' | 'times'>]>([
    ['before the registry sees it, three times', { moment: 'before', times: 3 }],
    ['before the registry sees it, for ever', { moment: 'before', times: Infinity }],
    ['in its answer, three times', { moment: 'after', times: 3 }],
    ['in its answer, for ever', { moment: 'after', times: Infinity }],
  ])(
    '%s, is right or red, deletes nothing that must stay, and a second one completes it',
    async (_, how) => {
      let isBeyond = false
      const attempts = Array.from({ length: 300 }, (__, index) =>
        several(async () => {
          if (isBeyond) return
          const at = await attemptPrune({ nth: index + 1, ...how }, journey)
          if (at === undefined) isBeyond = true
          else {
            tried += 1
            survived += 1
          }
        }),
      )
      await Promise.all(attempts)
      expect(isBeyond).toBe(true)
    },
    10 * minutes,
  )
})
