import { knownErrors } from '../../../src/command/world/transient.ts'
import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { UserError } from '../../../src/errors.ts'
import { RegistryRefusal } from '../../../src/registry/http/failure.ts'
import { networkFailure, Silence } from '../../../src/registry/http/no-answer.ts'
import { createRetry, type RetrySettings, systemWait } from '../../../src/system/retry.ts'

const busy = (retryAfter?: number) =>
  new RegistryRefusal('registry docker.io refused the pull of x: 429 too many requests', 'try later', {
    ...{ status: 429, code: undefined, retryAfter },
  })

/** A retry that records its delays instead of waiting, and work that fails a number of times. */
function scene(settings: Partial<RetrySettings> = {}, error: () => Error = busy, failures = Infinity) {
  const delays: number[] = []
  const lines: string[] = []
  let tries = 0
  const retry = createRetry({
    ...knownErrors,
    retries: 3,
    waits: { retry: 1000, longest: 30_000, budget: 300_000 },
    signal: new AbortController().signal,
    log: (line) => lines.push(line),
    random: () => 0.5,
    wait: (delay) => {
      delays.push(delay)
      return Promise.resolve()
    },
    ...settings,
  })
  const work = () => {
    tries += 1
    return tries > failures ? Promise.resolve('done') : Promise.reject(error())
  }
  return { retry, work, delays, lines, tries: () => tries }
}

async function messageOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'no error',
    (error: unknown) => (error as Error).message,
  )
}

describe('work that fails', () => {
  it('is retried until it succeeds, with delays that double', async () => {
    const { retry, work, delays, lines } = scene({}, busy, 3)
    expect(await retry.run(work)).toBe('done')
    expect(delays).toEqual([1000, 2000, 4000])
    expect(lines).toEqual(
      [1, 2, 3].map(
        (count) =>
          `registry docker.io refused the pull of x: 429 too many requests; retry ${count} of 3 in ${[1, 2, 4][count - 1] ?? 0}.0 s`,
      ),
    )
  })

  it('throws its last error with the number of attempts', async () => {
    const { retry, work, tries } = scene()
    expect(await messageOf(retry.run(work))).toBe(
      'registry docker.io refused the pull of x: 429 too many requests; try later; gave up after 4 attempts.',
    )
    expect(tries()).toBe(4)
  })

  it('is not retried with retries: 0, and its error is unchanged', async () => {
    const { retry, work, delays, lines } = scene({ retries: 0 })
    expect(await messageOf(retry.run(work))).toBe(busy().message)
    expect([delays, lines]).toEqual([[], []])
  })

  it('is not retried after a permanent error', async () => {
    const error = new UserError('The password is wrong.')
    const { retry, work, tries } = scene({}, () => error)
    await expect(retry.run(work)).rejects.toBe(error)
    expect(tries()).toBe(1)
    expect(retry.retried()).toEqual([])
  })

  it('throws any other value unchanged', async () => {
    const { retry } = scene()
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    await expect(retry.run(() => Promise.reject('text'))).rejects.toBe('text')
  })

  it('is counted by reason', async () => {
    const { retry, work } = scene()
    await messageOf(retry.run(work))
    const lost = () => Promise.reject(busy(0))
    await messageOf(retry.run(lost))
    expect(retry.retried()).toEqual([
      { problem: 'registry docker.io refused the pull of x: 429 too many requests', times: 6 },
    ])
  })

  it('is not retried by an outer retry after its last attempt', async () => {
    const { retry, work, tries } = scene()
    await messageOf(retry.run(() => retry.run(work)))
    expect(tries()).toBe(4)
  })

  it('states the attempts once if several callers get the same error', async () => {
    const error = busy()
    const { retry } = scene({}, () => error)
    const failed = await Promise.all([1, 2].map(() => messageOf(retry.run(() => Promise.reject(error)))))
    expect(failed[1]).toBe(`${busy().message.slice(0, -1)}; gave up after 4 attempts.`)
  })
})

describe('Retry-After', () => {
  it.each([
    ['is the delay', 20, [21_000, 22_000, 24_000]],
    ['may exceed our own longest delay', 90, [91_000, 92_000, 94_000]],
    ['of 0 s means our own delay', 0, [1000, 2000, 4000]],
    ['beyond the budget ends the retries', 301, []],
    ['of the whole budget is the delay', 300, [300_000]],
    ['is the delay until the budget is used up', 140, [141_000, 142_000]],
  ])('%s', async (_, seconds, expected) => {
    const { retry, work, delays } = scene({}, () => busy(seconds))
    await messageOf(retry.run(work))
    expect(delays).toEqual(expected)
  })

  it('that is too long is an error at once', async () => {
    const { retry, work, tries } = scene({}, () =>
      Object.assign(busy(3600), { message: 'it asks to try again in 3600 s.' }),
    )
    expect(await messageOf(retry.run(work))).toBe('it asks to try again in 3600 s.')
    expect(tries()).toBe(1)
  })
})

describe('the time of a time-out', () => {
  const silent = (seconds: number) => () =>
    networkFailure(
      { registry: 'docker.io', action: 'the pull of x' },
      'docker.io',
      new Silence('nothing', seconds * 1000),
    )
  it.each([
    ['is charged to the budget', 100, [1000, 2000]],
    ['may use up the budget', 300, []],
    ['is 0 if an answer came', 0, [1000, 2000, 4000]],
  ])('%s', async (_, seconds, expected) => {
    const { retry, work, delays } = scene({}, silent(seconds))
    await messageOf(retry.run(work))
    expect(delays).toEqual(expected)
  })
})

it('respects the budget and the number of retries, with jitter', async () => {
  const setting = fc.integer({ min: 0, max: 100_000 })
  await fc.assert(
    fc.asyncProperty(
      fc.record({ retry: setting, longest: setting, budget: setting }),
      fc.nat(10),
      fc.option(fc.nat(500), { nil: undefined }),
      fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), {
        minLength: 11,
        maxLength: 11,
      }),
      async (waits, retries, after, chances) => {
        let next = 0
        const random = () => chances[next++] ?? 0
        const { retry, work, delays, tries } = scene({ waits, retries, random }, () => busy(after))
        await messageOf(retry.run(work))
        expect(tries()).toBe(delays.length + 1)
        expect(delays.length).toBeLessThanOrEqual(retries)
        expect(delays.reduce((sum, delay) => sum + delay, 0)).toBeLessThanOrEqual(waits.budget)
        for (const delay of delays) {
          if (after === undefined) expect(delay).toBeLessThanOrEqual(waits.longest)
          else expect(delay).toBeGreaterThanOrEqual(after * 1000)
        }
      },
    ),
  )
  const first = (chance: number) => {
    const { retry, work, delays } = scene({ random: () => chance }, busy, 1)
    return retry.run(work).then(() => delays[0])
  }
  expect(await Promise.all([0, 0.5, 0.99].map(first))).toEqual([750, 1000, 1245])
})

describe('a cancel', () => {
  it('ends a delay at once', async () => {
    const cancel = new AbortController()
    const reason = new UserError('The run was cancelled.')
    // Longer than a test may take
    const waits = { retry: 200_000, longest: 200_000, budget: 300_000 }
    const { retry, work, tries } = scene({ signal: cancel.signal, wait: systemWait, waits })
    const ended = retry.run(work)
    setTimeout(() => {
      cancel.abort(reason)
    }, 10)
    await expect(ended).rejects.toBe(reason)
    expect(tries()).toBe(1)
  })

  it('is followed by no further attempt', async () => {
    const cancel = new AbortController()
    const { retry, tries, work } = scene({ signal: cancel.signal })
    const cancelled = () => {
      cancel.abort()
      return work()
    }
    expect(await messageOf(retry.run(cancelled))).toBe(busy().message)
    expect(tries()).toBe(1)
  })
})

it('the real delay takes its time', async () => {
  const started = performance.now()
  await systemWait(30, new AbortController().signal)
  expect(performance.now() - started).toBeGreaterThanOrEqual(29)
})
