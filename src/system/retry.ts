import { setTimeout } from 'node:timers/promises'
import { sentenceOf, UserError } from '../errors.ts'
import { withoutFullStop } from '../text.ts'

/** What failed and was tried again: a sentence without its end, and how often */
export type Retried = { problem: string; times: number }

/** An error that can be gone on a second try. */
export type Transience = {
  /** Milliseconds that the other side asks us to wait; undefined if it does not say */
  after: number | undefined
  /** Milliseconds that were waited without success already; 0 if the error came by itself */
  waited: number
}

/** What is known of errors (`command/transient.ts`). */
export type KnownErrors = {
  /** @returns undefined for an error that is not transient */
  transience: (error: unknown) => Transience | undefined
  /** @returns what happened, for a log: a reason */
  problemOf: (error: unknown) => string
}

export type Retry = {
  /** Does work, again after errors that can pass. @throws its last error, or what the signal was aborted with */
  run: <Result>(work: () => Promise<Result>) => Promise<Result>
  /** What was tried again until now */
  retried: () => Retried[]
}

/** Resolves after so many milliseconds; rejects with its reason if the signal is aborted before. */
export type Wait = (milliseconds: number, signal: AbortSignal) => Promise<void>

export const systemWait: Wait = async (milliseconds, signal) => {
  await setTimeout(milliseconds, undefined, { signal }).catch((error: unknown) => {
    signal.throwIfAborted()
    throw error
  })
}

export type RetrySettings = KnownErrors & {
  /** How often one operation is tried again */
  retries: number
  /** Milliseconds: the first wait, the longest, and all of one operation together, with those for answers that did not come */
  waits: { retry: number; longest: number; budget: number }
  signal: AbortSignal
  log: (line: string) => void
  /** From 0 to 1, as `Math.random` */
  random: () => number
  wait: Wait
}

/**
 * Waits twice as long from one try to the next, and never all the same: those whom one fault hit together would come back
 * together. Who is asked may want a longer wait, which counts if there is enough left of the budget.
 *
 * Not the package p-retry: it knows no wait that the other side asks for, its budget is of the whole time instead of the waits
 * (and a blob may take an hour), and its clock and its chance can't be given.
 */
export function createRetry(settings: RetrySettings): Retry {
  const { retries, waits, signal, log, wait, transience, problemOf } = settings
  const counts = new Map<string, number>()
  const finished = new WeakSet<Error>()
  const run = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    let left = waits.budget
    for (let retry = 1; ; retry++) {
      try {
        return await work()
      } catch (error) {
        const transient = signal.aborted || isIn(finished, error) ? undefined : transience(error)
        if (transient === undefined) throw error
        left -= transient.waited
        const delay = delayOf(retry, transient.after, left, settings)
        if (retry > retries || delay > left) {
          if (error instanceof UserError) finish(finished, error, retry)
          throw error
        }
        const problem = problemOf(error)
        counts.set(problem, (counts.get(problem) ?? 0) + 1)
        log(`${problem}; trying again in ${(delay / 1000).toFixed(1)} s (${retry} of ${retries})`)
        left -= delay
        await wait(delay, signal)
      }
    }
  }
  return { run, retried: () => [...counts].map(([problem, times]) => ({ problem, times })) }
}

/** @returns milliseconds */
function delayOf(
  retry: number,
  after: number | undefined,
  left: number,
  { waits, random }: RetrySettings,
): number {
  const own = Math.min(waits.longest, waits.retry * 2 ** (retry - 1) * (0.75 + random() / 2))
  return after === undefined ? own : Math.min(after + own, Math.max(after, left))
}

function isIn(errors: WeakSet<Error>, error: unknown): boolean {
  return error instanceof Error && errors.has(error)
}

/** Keeps an error from being tried again by who called us, and lets it say how often it was. Several may get the same. */
function finish(finished: WeakSet<Error>, error: UserError, tries: number): void {
  finished.add(error)
  if (tries > 1) error.message = `${withoutFullStop(sentenceOf(error))}; it was tried ${tries} times.`
}
