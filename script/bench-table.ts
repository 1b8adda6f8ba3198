// The tables that script/bench prints.
import { humanBytes } from '../src/text.ts'
import type { Verdict } from './bench-limits.ts'
import type { Measured } from './bench-run.ts'

/** One row, measured on both sides, or on ours only. */
export type Line = {
  title: string
  /** How often our side was measured; the median counts */
  times: number
  floor: Measured
  ours: Measured
  theirs: Measured | undefined
  images: number
  verdict: Verdict
}

const costTitles = [
  ...['', 's', '× the floor', 'without measuring, s', '× the floor', 'nvcc, ld, make, s', 'at most, s'],
  ...[
    'build-push-action, s',
    '× the floor',
    '× ours',
    '× ours without measuring',
    'at least, ×',
    'within the limits',
  ],
]
const trafficTitles = [
  ...['', 'of', 'from the registry', 'to the registry', 'layers moved', 'requests per image', 'memory'],
  'compiled',
]

/** Returns both tables: seconds as ratios with the limits, and what was moved. */
export function tables(floors: readonly Floor[], lines: readonly Line[]): string {
  return [costTable(floors, lines), trafficTable(lines)].map(markdown).join('\n\n')
}

export type Floor = { title: string; measured: Measured }

function costTable(floors: readonly Floor[], lines: readonly Line[]): string[][] {
  const pulls = floors.map(({ title, measured }) => [
    title,
    secondsOf(measured),
    '1.00',
    ...costTitles.slice(3).map(() => '–'),
  ])
  return [costTitles, ...pulls, ...lines.map(costCells)]
}

/** Returns one row of the first table. */
export function costCells({ title, times, floor, ours, theirs, verdict }: Line): string[] {
  const ratio = (seconds: number, to: number): string => (seconds / to).toFixed(2)
  const ownSeconds = ours.seconds - ours.measuring
  const hasFailed = ours.failed || (theirs?.failed ?? false)
  const compared = theirs === undefined || hasFailed ? undefined : theirs.seconds
  return [
    times > 1 ? `${title} (median of ${times})` : title,
    secondsOf(ours),
    ratio(ours.seconds, floor.seconds),
    ownSeconds.toFixed(1),
    ratio(ownSeconds, floor.seconds),
    ours.compiling.toFixed(1),
    verdict.limit.toFixed(1),
    theirs ? secondsOf(theirs) : '–',
    compared === undefined ? '–' : ratio(compared, floor.seconds),
    compared === undefined ? '–' : ratio(compared, ours.seconds),
    compared === undefined ? '–' : ratio(compared, ownSeconds),
    theirs ? String(verdict.against) : '–',
    hasFailed ? 'failed' : verdict.misses.join('; ') || 'yes',
  ]
}

function trafficTable(lines: readonly Line[]): string[][] {
  return [
    trafficTitles,
    ...lines.flatMap(({ title, ours, theirs, images }) => [
      [title, 'ours', ...trafficCells(ours, images)],
      ...(theirs ? [['', 'build-push-action', ...trafficCells(theirs, images)]] : []),
    ]),
  ]
}

function trafficCells({ traffic, memory, compiled }: Measured, images: number): string[] {
  return [
    humanBytes(traffic.down),
    humanBytes(traffic.up),
    String(traffic.layers.length),
    (traffic.requests.length / images).toFixed(1),
    `${memory.toFixed(0)} MB`,
    compiled.join(', ') || 'nothing',
  ]
}

function secondsOf({ seconds, failed }: Measured): string {
  return failed ? `failed after ${seconds.toFixed(1)}` : seconds.toFixed(1)
}

function markdown([titles = [], ...rows]: readonly (readonly string[])[]): string {
  return [titles, titles.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}
