import type { Timers } from '../system/index.ts'

/** Stops a build without output: BuildKit has no time-out for a registry that does not answer. */
export type QuietWatch = {
  /** Aborted when the limit is reached */
  signal: AbortSignal
  heard: () => void
  stop: () => void
}

/** Checks per time-out */
const checks = 10

/** @param limit milliseconds; undefined: no limit */
export function watchQuiet(timers: Timers, limit: number | undefined): QuietWatch {
  const controller = new AbortController()
  let last = timers.now()
  const stop =
    limit === undefined
      ? () => undefined
      : timers.every(Math.ceil(limit / checks), () => {
          if (timers.now() - last >= limit) controller.abort()
        })
  const heard = (): void => {
    last = timers.now()
  }
  return { signal: controller.signal, heard, stop }
}
