import { Silence } from './failure.ts'

/** All in milliseconds. */
export type Timeouts = {
  /** From the start of a request to the end of its answer, where both fit into memory */
  request: number
  /** For blobs that are streamed: how long nothing may move, including the registry's own work after the last byte */
  stall: number
}

/** Guards one request: ends it when it takes too long, or when everything is cancelled. */
export type Watch = {
  /** Something moved */
  progress: () => void
  stop: () => void
  /** Why it ended the request, if it did */
  reason: () => Error | undefined
  /** Rejects with the reason */
  expired: Promise<never>
}

/** @param end called once, with the reason, unless `stop` is called before */
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
  const what = kind === 'request' ? 'no complete answer' : 'nothing moved'
  const timer = setTimeout(() => {
    expire(new Silence(`${what} for ${milliseconds / 1000} s`))
  }, milliseconds)
  const abort = (): void => {
    expire(new Error('cancelled'))
  }
  signal?.addEventListener('abort', abort)
  if (signal?.aborted) abort()
  const progress = (): void => {
    if (kind === 'stall' && !stopped) timer.refresh()
  }
  return { progress, stop, reason: () => reason, expired: expiry.promise }
}
