import { afterAll, beforeAll, expect, it } from '@jest/globals'
import {
  expectCompleted,
  expectRight,
  type Journey,
  prepare,
  prune,
  tagsIn,
} from '../../../support/prune/journey.ts'
import { cache, openPlace, type Place, published } from '../../../support/prune/place.ts'
import { endDays } from '../../../support/prune/time.ts'

const minutes = 60_000

let place: Place
let journey: Journey

beforeAll(async () => {
  place = await openPlace()
  journey = await prepare(place)
}, minutes)

afterAll(async () => {
  await place.close()
  endDays()
})

const kinds = (tags: readonly string[]) => new Set(tags.map((tag) => tag.replace(/-[0-9a-f]{64}.*/, '')))

it('a prune deletes an old image with all that it was made of, and nothing else', () => {
  const { begin, left } = journey
  const before = tagsIn(begin)
  const gone = before[cache].filter((tag) => !left[cache].includes(tag))
  // The later image found the wheel, so it does not need what that was made of.
  const made = ['build', 'report', 'candidate', 'extension', 'facts', 'layers', 'base', 'plan']
  expect(kinds(gone)).toEqual(new Set(made))
  expect(before[published].filter((tag) => !left[published].includes(tag))).toEqual([
    expect.stringMatching(/^old-/),
  ])
  for (const kind of ['build', 'report', 'facts', 'layers', 'base', 'base-named', 'wheel', 'ucx'])
    expect(kinds(left[cache])).toContain(kind)
})

it('a second prune finds nothing, and what stays is still skipped', async () => {
  place.registry.become(journey.begin)
  expectRight(await prune(place))
  await expectCompleted(place, journey)
})
