import type { Part } from '../fit.ts'
import { gantt } from './gantt.ts'
import { codeBlock } from '../markdown.ts'
import type { Run } from '../outcome.ts'
import type { TitledLeg } from '../titles.ts'

/** Most milliseconds between builds for one promotion: about the longest time of a job. */
const together = 12 * 60 * 60 * 1000

/** The legs that this run built, or for a promotion that other runners built recently. */
export function builtLegs(command: Run['command'], legs: readonly TitledLeg[]): TitledLeg[] {
  const own = legs.filter(({ outcome }) => outcome.state === 'built' || outcome.state === 'failed')
  if (command !== 'promote') return own
  const promoted = legs.filter(({ image }) => image.state !== 'unchanged')
  const startOf = ({ report }: TitledLeg): number => report?.steps[0]?.started ?? 0
  const latest = Math.max(0, ...promoted.map(startOf))
  return promoted.filter((leg) => latest - startOf(leg) < together)
}

/** Legs in the chart, so that it can still be read. */
const mostCharted = 50

/** Milliseconds from the first step to the end of the last one */
function lengthOf({ report }: TitledLeg): number {
  const steps = report?.steps ?? []
  const ends = steps.map(({ started, duration }) => started + duration)
  return Math.max(0, ...ends) - (steps[0]?.started ?? 0)
}

/** A chart of the steps of each leg from `builtLegs`; of many legs, only the slowest. */
export function timePart(command: Run['command'], built: readonly TitledLeg[]): Part[] {
  const slowest = new Set(
    built.toSorted((left, right) => lengthOf(right) - lengthOf(left)).slice(0, mostCharted),
  )
  const charted = built.filter((leg) => slowest.has(leg))
  const chart = gantt(charted.map(({ title, report }) => ({ title, steps: report?.steps ?? [] })))
  if (chart === undefined) return []
  const what = charted.length < built.length ? `, the ${charted.length} slowest of ${built.length} legs` : ''
  const heading = command === 'promote' ? '### When it was built' : '### Time'
  return [{ text: heading + what }, { text: codeBlock(chart, 'mermaid'), drop: 'timing chart' }]
}
