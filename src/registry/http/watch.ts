import { Silence } from './no-answer.ts'

/** All in milliseconds. */
export type Timeouts = {
  /** From the start of a request to the end of its answer, if both fit into memory */
  request: number
  /** How long a streamed blob may be slower than `slowest`, or the registry may work after it */
  stall: number
}

/** Bytes a second. At this rate, a layer of 1 GB takes 12 days. */
const slowest = 1024

/** Guards one request: ends it when it takes too long, or when everything is cancelled. */
export type Watch = {
  /** Counts bytes that moved */
  progress: (bytes: number) => void
  /** Restarts the time-out for a new phase of the request, however few bytes had moved */
  milestone: () => void
  stop: () => void
  /** Why it ended the request, if it did */
  reason: () => Error | undefined
  /** Rejects with the reason */
  expired: Promise<never>
}

/** @param end called once with the reason, unless `stop` is called before */
export function startWatch(
  kind: keyof Timeouts,
  timeouts: Timeouts,
  signal: AbortSignal | undefined,
  end: (error: Error) => void,
): Watch {
  const milliseconds = timeouts[kind]
  const expiry = Promise.withResolvers<never>()
  expiry.promise.catch(() => undefined)
  let reason: Error | undefined
  let stopped = false
  const stop = (): void => {
    stopped = true
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
  const expire = (error: Error): void => {
    stop()
    reason = error
    expiry.reject(error)
    end(error)
  }
  const what = kind === 'request' ? 'no complete answer' : 'almost no data moved'
  const timer = setTimeout(() => expire(new Silence(what, milliseconds)), milliseconds)
  const abort = (): void => expire(new Error('cancelled'))
  signal?.addEventListener('abort', abort)
  if (signal?.aborted) abort()
  let moved = 0
  const milestone = (): void => {
    moved = 0
    if (kind === 'stall' && !stopped) timer.refresh()
  }
  const progress = (bytes: number): void => {
    moved += bytes
    if (moved >= (slowest * milliseconds) / 1000) milestone()
  }
  return { progress, milestone, stop, reason: () => reason, expired: expiry.promise }
}
