import { withoutFullStop } from '../../text.ts'
import { acceptedHint, type BlockingGate, type Gate, type GateState, isBlocking } from '../../verify/index.ts'
import type { Part } from '../fit.ts'
import { bullets, code, escaped, wrappingTable } from '../markdown.ts'
import { boldTitles, type TitledLeg } from '../titles.ts'

/** A leg whose gates are shown */
type JudgedLeg = Pick<TitledLeg, 'title' | 'report'>

const marks = { fail: '❌', undetermined: '❓', waived: '⚠️' } as const
const words = {
  fail: 'failed',
  undetermined: 'undetermined',
  waived: 'waived',
  follows: 'following from another',
  'not applicable': 'not applicable',
} as const
const unusualStates = Object.keys(words) as (keyof typeof words)[]

/** @returns `17 of 17 gates passed`, `14 of 17 gates passed, 1 failed, 2 not applicable` */
export function tally(gates: readonly Gate[]): string {
  const count = (state: GateState): number => gates.filter((gate) => gate.state === state).length
  const others = unusualStates
    .filter((state) => count(state) > 0)
    .map((state) => `, ${count(state)} ${words[state]}`)
  return `${count('pass')} of ${gates.length} gates passed${others.join('')}`
}

type Unusual = { title: string; gate: BlockingGate | Extract<Gate, { state: 'waived' }> }

function explanation({ gate }: Unusual, limit: number): string {
  if (isBlocking(gate)) return escaped(gate.hint, limit)
  return `Waived: ${escaped(withoutFullStop(gate.reason), limit)}. ${escaped(acceptedHint(gate), limit)}`
}

function unusualTable(all: readonly Unusual[], several: boolean, limit: number): string {
  return wrappingTable(
    ['', ...(several ? ['Image'] : []), 'Gate', 'Expected', 'Actual', 'Why, and what to do'],
    all.map((one) => [
      marks[one.gate.state],
      ...(several ? [escaped(one.title, 120)] : []),
      code(one.gate.name),
      escaped(one.gate.expected, limit),
      escaped(one.gate.actual, limit),
      explanation(one, limit),
    ]),
  )
}

/** Why gates were not judged, once for each reason. */
function notJudgedLines(legs: readonly JudgedLeg[], limit: number): string[] {
  const all = legs.flatMap(({ title, report }) => {
    const some = (report?.gates ?? []).flatMap((gate) => {
      if (gate.state !== 'not applicable' && gate.state !== 'follows') return []
      const state = gate.state === 'follows' ? `follows from ${code(gate.from)}` : gate.state
      return [{ name: gate.name, why: `${state}: ${escaped(gate.reason, limit)}` }]
    })
    return [...Map.groupBy(some, ({ why }) => why)].map(([why, gates]) => {
      const names = gates.map(({ name }) => code(name)).join(', ')
      return { title, text: `${names} ${why}` }
    })
  })
  return [...Map.groupBy(all, ({ text }) => text)].map(
    ([text, group]) => `⏭️ ${boldTitles(group.map(({ title }) => title))}: ${text}`,
  )
}

/**
 * The gates that need attention, failed ones first; those that passed are in the details of their image.
 * @param limit characters of a cell
 */
export function gatesPart(legs: readonly JudgedLeg[], limit: number): Part[] {
  const all = legs.flatMap(({ title, report }) =>
    (report?.gates ?? []).flatMap((gate): Unusual[] =>
      isBlocking(gate) || gate.state === 'waived' ? [{ title, gate }] : [],
    ),
  )
  const unusual = [
    ...all.filter(({ gate }) => isBlocking(gate)),
    ...all.filter(({ gate }) => gate.state === 'waived'),
  ]
  const notJudged = notJudgedLines(legs, limit)
  if (unusual.length + notJudged.length === 0) return []
  return [
    { text: '### Gates' },
    ...(unusual.length === 0 ? [] : [{ text: unusualTable(unusual, legs.length > 1, limit) }]),
    ...(notJudged.length === 0 ? [] : [{ text: bullets(notJudged) }]),
  ]
}

/** @returns the gates that passed, in Markdown; undefined if none did */
export function passedTable(gates: readonly Gate[], limit: number): string | undefined {
  const passed = gates.filter(({ state }) => state === 'pass')
  if (passed.length === 0) return undefined
  return wrappingTable(
    ['Gate', 'Expected', 'Actual'],
    passed.map((gate) => [code(gate.name), escaped(gate.expected, limit), escaped(gate.actual, limit)]),
  )
}
