import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { defaultWaits, readWaits } from '../../../src/inputs/waits.ts'
import { UserError } from '../../../src/errors.ts'

const read = (text: string) => readWaits({ IMAGE_ACTION_WAITS: text })

describe('time-outs and delays', () => {
  it('have defaults', () => {
    expect(readWaits({})).toEqual({
      request: 60_000,
      stall: 300_000,
      build: 7_200_000,
      retry: 1000,
      longest: 30_000,
      settle: 2000,
      budget: 600_000,
    })
    expect(read('')).toEqual(defaultWaits)
    expect(read('{}')).toEqual(defaultWaits)
  })

  it('can be set one by one', () => {
    expect(read('{"retry":0,"stall":500}')).toEqual({ ...defaultWaits, retry: 0, stall: 500 })
  })

  it.each([
    ['{', 'it is not JSON'],
    ['[]', 'its top'],
    ['5', 'its top'],
    ['null', 'its top'],
    ['{"retries":3}', 'retries'],
    ['{"request":0}', 'request'],
    ['{"request":"60s"}', 'request'],
    ['{"retry":-1}', 'retry'],
    ['{"budget":1.5}', 'budget'],
    ['{"stall":2147483648}', 'stall'],
  ])('are refused: %s', (text, what) => {
    expect(() => read(text)).toThrow(UserError)
    expect(() => read(text)).toThrow(
      new RegExp(`^The environment variable IMAGE_ACTION_WAITS is not valid \\(${what}`),
    )
  })

  it('are valid or a UserError, for any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        try {
          for (const value of Object.values(read(text))) expect(value).toBeGreaterThanOrEqual(0)
        } catch (error) {
          expect(error).toBeInstanceOf(UserError)
        }
      }),
    )
  })
})
