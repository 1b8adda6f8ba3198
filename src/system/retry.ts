import { setTimeout } from 'node:timers/promises'
import { UserError } from '../errors.ts'
import { withoutFullStop } from '../text.ts'

/** A failure, as a reason, and the number of its retries */
export type Retried = { problem: string; times: number }

/** Says that an error is transient. */
export type Transience = {
  /** Milliseconds of delay that the other side asks for; undefined if it does not */
  after: number | undefined
  /** Milliseconds that a time-out took already; 0 if the error was no time-out */
  waited: number
}

/** Knowledge of errors (`command/transient.ts`) */
export type KnownErrors = {
  /** @returns undefined for an error that is not transient */
  transience: (error: unknown) => Transience | undefined
  /** @returns what failed, for a log: a reason */
  reasonOf: (error: unknown) => string
}

/**
 * Runs idempotent work, with retries.
 * @throws its last error, or the reason of the aborted signal
 */
export type WithRetries = <Result>(work: () => Promise<Result>) => Promise<Result>

export type Retry = {
  run: WithRetries
  /** The retries until now */
  retried: () => Retried[]
}

/** Resolves after milliseconds; rejects with the signal's reason if it is aborted before. */
export type Wait = (milliseconds: number, signal: AbortSignal) => Promise<void>

export const systemWait: Wait = async (milliseconds, signal) => {
  await setTimeout(milliseconds, undefined, { signal }).catch((error: unknown) => {
    signal.throwIfAborted()
    throw error
  })
}

export type RetrySettings = KnownErrors & {
  /** Retries of one operation */
  retries: number
  /** Milliseconds: the first delay, the longest, and all delays and time-outs together */
  waits: { retry: number; longest: number; budget: number }
  signal: AbortSignal
  log: (line: string) => void
  /** From 0 to 1, as `Math.random` */
  random: () => number
  wait: Wait
}

/**
 * Exponential backoff with jitter, so that clients hit by one outage do not return together. The
 * other side may ask for a longer delay, which counts if the budget allows it.
 *
 * Not the package p-retry: it has no delay that the other side asks for, its budget covers the work
 * as well as the delays (and a blob may take an hour), and its clock and random numbers cannot be
 * injected.
 */
export function createRetry(settings: RetrySettings): Retry {
  const { retries, waits, signal, log, random, wait, transience, reasonOf } = settings
  const counts = new Map<string, number>()
  const finished = new WeakSet<Error>()
  const delayOf = (retry: number, after: number | undefined, left: number): number => {
    const own = Math.min(waits.longest, waits.retry * 2 ** (retry - 1) * (0.75 + random() / 2))
    return after === undefined ? own : Math.min(after + own, Math.max(after, left))
  }
  // Several callers may get an error, which is final and has the number of attempts then.
  const finish = (error: UserError, tries: number): void => {
    finished.add(error)
    if (tries > 1) error.message = `${withoutFullStop(error.message)}; gave up after ${tries} attempts.`
  }
  const run = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    let left = waits.budget
    for (let retry = 1; ; retry++) {
      try {
        return await work()
      } catch (error) {
        const isFinal = signal.aborted || (error instanceof Error && finished.has(error))
        const transient = isFinal ? undefined : transience(error)
        if (transient === undefined) throw error
        left -= transient.waited
        const delay = delayOf(retry, transient.after, left)
        if (retry > retries || delay > left) {
          if (error instanceof UserError) finish(error, retry)
          throw error
        }
        const problem = reasonOf(error)
        counts.set(problem, (counts.get(problem) ?? 0) + 1)
        log(`${problem}; retry ${retry} of ${retries} in ${(delay / 1000).toFixed(1)} s`)
        left -= delay
        await wait(delay, signal)
      }
    }
  }
  return { run, retried: () => [...counts].map(([problem, times]) => ({ problem, times })) }
}
