import { timeText } from '../inventory/index.ts'
import type { Engine } from '../plan/index.ts'

/** Which of what could go stays. */
export type PruneSettings = {
  /** Those whose public repositories are read */
  engines: readonly Engine[]
  /** Days, at least 1: what is younger stays */
  keepDays: number
  /** How many of each family stay, the newest ones */
  keep: number
  /** Whether what has no date may go; otherwise it counts as young */
  undated: boolean
}

const day = 24 * 60 * 60 * 1000

/** Times in RFC 3339, UTC; see `Entry` */
type Dated = { created: string | null; configured: string | null }

/**
 * @returns whether it stays because of its age. A time in the future is young, too: a clock was wrong
 */
export function isYoung(
  { created, configured }: Dated,
  { keepDays, undated }: Pick<PruneSettings, 'keepDays' | 'undated'>,
  now: Date,
): boolean {
  const isRecent = (time: string): boolean => now.getTime() - Date.parse(time) < keepDays * day
  if (created !== null) return isRecent(created)
  return !undated || (configured !== null && isRecent(configured))
}

/** @returns the end of a day that a tag names (`20251123`), in RFC 3339, UTC */
export function endOfDay(text: string): string {
  const start = Date.UTC(Number(text.slice(0, 4)), Number(text.slice(4, 6)) - 1, Number(text.slice(6)))
  return new Date(start + day).toISOString()
}

/** @returns the time in RFC 3339, UTC; null if the text is none */
export function timeOf(text: string | undefined): string | null {
  return timeText(Date.parse(text ?? ''))
}

/** @returns the latest of times in RFC 3339, UTC; null without any */
export function latest(times: readonly (string | null)[]): string | null {
  return times.reduce((left, right) => ((left ?? '') > (right ?? '') ? left : right), null)
}
