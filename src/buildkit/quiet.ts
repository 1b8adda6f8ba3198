import type { Timers } from '../system/index.ts'

/** Ends a build of which nothing is heard: BuildKit itself waits for ever for a registry that does not answer. */
export type QuietWatch = {
  /** Aborted when it was quiet for too long */
  signal: AbortSignal
  heard: () => void
  stop: () => void
}

/** How often within the time is looked, so that it is exceeded by little. */
const looks = 10

/** @param limit milliseconds; undefined: for ever */
export function watchQuiet(timers: Timers, limit: number | undefined): QuietWatch {
  const controller = new AbortController()
  let last = timers.now()
  const stop =
    limit === undefined
      ? () => undefined
      : timers.every(Math.ceil(limit / looks), () => {
          if (timers.now() - last >= limit) controller.abort()
        })
  const heard = (): void => {
    last = timers.now()
  }
  return { signal: controller.signal, heard, stop }
}
