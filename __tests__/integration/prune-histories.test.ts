import { afterAll, afterEach, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { type Counts, event, live } from '../support/prune/history.ts'
import { endDays } from '../support/prune/time.ts'

const minutes = 60_000

const counts: Counts = { prunes: 0, digests: 0, runs: 0 }
let histories = 0

afterEach(endDays)
afterAll(() => {
  const { prunes, digests, runs } = counts
  process.stdout.write(
    `prune histories: ${histories} of ${runs} runs and ${prunes} prunes, which deleted ${digests} digests\n`,
  )
})

it(
  'after any prune of any history, every public tag pulls, every skip is right, and nothing is built twice that was not pruned',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 10, maxLength: 20, size: 'max' }), async (events) => {
        histories += 1
        await live(events, counts)
      }),
      { numRuns: 30, endOnFailure: true },
    )
    expect(counts.prunes).toBeGreaterThan(histories)
    expect(counts.digests).toBeGreaterThan(histories)
  },
  10 * minutes,
)
