import { jest } from '@jest/globals'

const start = Date.UTC(2025, 0, 1, 3)
const day = 86_400_000

/** Everything but `Date` stays as it is: requests and delays take real time. */
const real = [
  ...(['hrtime', 'nextTick', 'performance', 'queueMicrotask', 'setImmediate', 'clearImmediate'] as const),
  ...(['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] as const),
]

/** Sets the date to a number of days after the first of January. */
export function setDay(days: number): void {
  jest.useFakeTimers({ doNotFake: [...real], now: start + days * day })
}

/** Returns to the date of the machine. */
export function endDays(): void {
  jest.useRealTimers()
}

/** Returns the date of the tags of a day: `20250101` */
export function dateOf(days: number): string {
  return new Date(start + days * day).toISOString().slice(0, 10).replaceAll('-', '')
}
