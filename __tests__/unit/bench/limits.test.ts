import { describe, expect, it } from '@jest/globals'
import { type Figures, judge, median, type RowId } from '../../../script/bench-limits.ts'

const figures = (changes: Partial<Figures>): Figures => ({
  seconds: 1,
  floor: 40,
  compiling: 100,
  requestsPerImage: 10,
  memory: 100,
  theirs: undefined,
  ...changes,
})

describe('the limit of a row', () => {
  it.each<[RowId, number]>([
    ['cold', 40 + 115 + 45],
    ['same', 0.6],
    ['nixl', 54 + 15],
    ['aibrix', 40 + 115 + 40],
    ['aibrix-python', 54 + 20],
    ['engine', 54 + 20],
  ])('%s may take %d s on a floor of 40 s with 100 s of compilers', (id, limit) => {
    expect(judge(id, figures({}), false).limit).toBeCloseTo(limit)
    expect(judge(id, figures({ seconds: limit - 0.01 }), false).misses).toEqual([])
    expect(judge(id, figures({ seconds: limit + 0.1 }), false).misses).toEqual(['0.1 s too slow'])
  })

  it.each<[RowId, number, number]>([
    ['cold', 1, 1],
    ['same', 100, 100],
    ['nixl', 1, 1.2],
    ['aibrix', 1, 1.1],
    ['aibrix-python', 1.6, 1.9],
    ['engine', 1.6, 1.9],
  ])(
    '%s is %d times as fast as build-push-action, %d times on an engine with the fault',
    (id, without, withFault) => {
      for (const [hasFault, least] of [
        [false, without],
        [true, withFault],
      ] as const) {
        const on = (theirs: number) => judge(id, figures({ seconds: 0.5, theirs }), hasFault)
        expect(on(0.5 * least).misses).toEqual([])
        expect(on(0.5 * least - 0.01).misses).toEqual([`only ${(least - 0.02).toFixed(2)} × faster`])
        expect(on(1).against).toBe(least)
      }
    },
  )

  it('includes 150 MB of memory for each row, and 12 requests an image if nothing is new', () => {
    expect(judge('nixl', figures({ memory: 151, requestsPerImage: 99 }), false).misses).toEqual([
      '151 MB, not 150',
    ])
    expect(judge('same', figures({ seconds: 0.5, requestsPerImage: 12.5 }), false).misses).toEqual([
      '12.5 requests, not 12',
    ])
  })
})

it.each([
  [62, false],
  [62.2, true],
  [69, true],
  [75.8, true],
  [76, false],
])('%d s is close to a limit of 69 s: %s', (seconds, close) => {
  expect(judge('nixl', figures({ seconds }), false).isClose.seconds).toBe(close)
})

it('a comparison is close within a tenth, and never without build-push-action', () => {
  const against = (theirs: number | undefined) =>
    judge('engine', figures({ seconds: 10, theirs }), false).isClose.against
  expect([against(14), against(15), against(17.5), against(18), against(undefined)]).toEqual([
    false,
    true,
    true,
    false,
    false,
  ])
})

it('the median is the middle one, and the slower one of two', () => {
  const of = (...all: [number, ...number[]]) =>
    median(all.map((seconds) => ({ seconds })) as [{ seconds: number }, ...{ seconds: number }[]]).seconds
  expect([of(3, 1, 2), of(5), of(2, 1)]).toEqual([2, 5, 2])
})
