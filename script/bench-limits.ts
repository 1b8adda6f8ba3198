// What each row of script/bench may take at most, and whether it does.

export const rowIds = ['cold', 'same', 'nixl', 'aibrix', 'aibrix-python', 'engine'] as const
export type RowId = (typeof rowIds)[number]

/** What was measured for one row. Undefined: not measured */
export type Figures = {
  seconds: number
  /** Seconds of `docker pull` of the same bases */
  floor: number
  /** Seconds in which nvcc or ld of the wheel, or make of UCX ran */
  compiling: number
  requestsPerImage: number
  /** MB */
  memory: number
  /** Seconds of build-push-action for the same images */
  theirs: number | undefined
}

type Limit = {
  seconds: (floor: number, compiling: number) => number
  /** How many times as long build-push-action takes, on an engine without the fault, and with it */
  against: { without: number; with: number }
  requestsPerImage?: number
}

const limits: Record<RowId, Limit> = {
  cold: {
    seconds: (floor, compiling) => floor + 1.15 * compiling + 45,
    against: { without: 1, with: 1 },
  },
  same: { seconds: () => 0.6, against: { without: 100, with: 100 }, requestsPerImage: 12 },
  nixl: { seconds: (floor) => 1.35 * floor + 15, against: { without: 1, with: 1.2 } },
  aibrix: {
    seconds: (floor, compiling) => floor + 1.15 * compiling + 40,
    against: { without: 1, with: 1.1 },
  },
  'aibrix-python': { seconds: (floor) => 1.35 * floor + 20, against: { without: 1.6, with: 1.9 } },
  engine: { seconds: (floor) => 1.35 * floor + 20, against: { without: 1.6, with: 1.9 } },
}

const memoryLimit = 150

/** A value this close to its limit says little, when measured once. */
const closeness = 0.1

export type Verdict = {
  /** Seconds */
  limit: number
  /** How many times as long build-push-action must take */
  against: number
  /** What is beyond its limit, in words; empty if all limits are met */
  misses: string[]
  /** Whether the seconds, or the comparison, are close to their limits */
  isClose: { seconds: boolean; against: boolean }
}

/** Compares a row with its limits. @param hasFault of the engine that both sides ran on */
export function judge(id: RowId, figures: Figures, hasFault: boolean): Verdict {
  const { seconds, floor, compiling, requestsPerImage, memory, theirs } = figures
  const limit = limits[id].seconds(floor, compiling)
  const against = limits[id].against[hasFault ? 'with' : 'without']
  const ratio = theirs === undefined ? undefined : theirs / seconds
  const requests = limits[id].requestsPerImage ?? Infinity
  return {
    limit,
    against,
    misses: [
      ...(seconds > limit ? [`${(seconds - limit).toFixed(1)} s too slow`] : []),
      ...(ratio !== undefined && ratio < against ? [`only ${ratio.toFixed(2)} × faster`] : []),
      ...(requestsPerImage > requests ? [`${requestsPerImage.toFixed(1)} requests, not ${requests}`] : []),
      ...(memory > memoryLimit ? [`${memory.toFixed(0)} MB, not ${memoryLimit}`] : []),
    ],
    isClose: {
      seconds: isClose(seconds, limit),
      against: ratio !== undefined && isClose(ratio, against),
    },
  }
}

function isClose(value: number, limit: number): boolean {
  return Math.abs(value - limit) <= closeness * limit
}

/** Returns the middle one by seconds; of an even number, the slower one in the middle. */
export function median<T extends { seconds: number }>(all: readonly [T, ...T[]]): T {
  const sorted = all.toSorted((left, right) => left.seconds - right.seconds)
  return sorted[Math.floor(sorted.length / 2)] ?? all[0]
}
