/** Clock and timer, in milliseconds. `every` returns a function that stops it. */
export type Timers = { now: () => number; every: (interval: number, action: () => void) => () => void }

export const systemTimers: Timers = {
  now: () => Date.now(),
  every: (interval, action) => {
    const timer = setInterval(action, interval)
    return () => clearInterval(timer)
  },
}
