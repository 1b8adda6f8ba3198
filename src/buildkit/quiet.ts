import type { Timers } from '../system/index.ts'

/** Checks per time-out */
const checks = 10

/**
 * Stops a build without output: BuildKit has no time-out for a registry that does not answer.
 * @param limit milliseconds; undefined: no limit
 * @returns a signal that is aborted when nothing was heard for so long
 */
export function watchQuiet(timers: Timers, limit: number | undefined) {
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
