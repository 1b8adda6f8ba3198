import type { Gate } from '../verify/gate.ts'
import type { Part } from './fit.ts'
import { code, escaped, folded, table } from './markdown.ts'
import { many, type TitledLeg } from './titles.ts'

const marks = { fail: '❌', waived: '⚠️', skipped: '⏭️', pass: '✅' } as const
const words = { fail: 'failed', waived: 'waived', skipped: 'skipped', pass: 'passed' } as const
const order = ['fail', 'waived', 'skipped', 'pass'] as const

/** @returns `1 failed, 2 skipped, 14 passed` */
export function tally(gates: readonly Gate[]): string {
  return order
    .map((state) => ({ state, count: gates.filter((gate) => gate.state === state).length }))
    .filter(({ count }) => count > 0)
    .map(({ state, count }) => `${count} ${words[state]}`)
    .join(', ')
}

function explanation(gate: Gate, limit: number): string {
  if (gate.state === 'fail') return escaped(gate.hint, limit)
  if (gate.state === 'waived')
    return `Waived: ${escaped(gate.reason.replace(/\.$/, ''), limit)}. ${escaped(gate.hint, limit)}`
  return gate.state === 'skipped' ? `Could not be told: ${escaped(gate.reason, limit)}` : ''
}

function worst(gates: readonly Gate[]): Gate['state'] {
  return order.find((state) => gates.some((gate) => gate.state === state)) ?? 'pass'
}

function unusualTable(gates: readonly Gate[], limit: number): string {
  return table(
    ['', 'Gate', 'Expected', 'Actual', 'Why, and what to do'],
    gates.map((gate) => [
      marks[gate.state],
      code(gate.name),
      escaped(gate.expected, limit),
      escaped(gate.actual, limit),
      explanation(gate, limit),
    ]),
  )
}

function passedTable(gates: readonly Gate[], limit: number): string {
  return table(
    ['Gate', 'Expected', 'Actual'],
    gates.map((gate) => [code(gate.name), escaped(gate.expected, limit), escaped(gate.actual, limit)]),
  )
}

type Judged = TitledLeg & { gates: Gate[] }

/** What needs a reader's eye as a table, failed gates first; what passed is folded. */
function partsOfLeg({ title, gates }: Judged, limit: number): Part[] {
  const unusual = order.slice(0, 3).flatMap((state) => gates.filter((gate) => gate.state === state))
  const passed = gates.filter(({ state }) => state === 'pass')
  return [
    { text: `**${escaped(title, 120)}** ${marks[worst(gates)]} ${tally(gates)}` },
    ...(unusual.length === 0 ? [] : [{ text: unusualTable(unusual, limit) }]),
    ...(passed.length === 0
      ? []
      : [
          {
            text: folded(`${passed.length} of ${gates.length} gates passed`, passedTable(passed, limit)),
            drop: 'passed gates',
          },
        ]),
  ]
}

/**
 * The gates of all legs, legs with failed ones first. Of many legs, those with nothing failed or waived are one fold.
 * @param limit characters of a cell
 */
export function gatesPart(legs: readonly TitledLeg[], limit: number): Part[] {
  const judged = legs
    .map((leg) => ({ ...leg, gates: leg.report?.gates ?? [] }))
    .filter(({ gates }) => gates.length > 0)
    .toSorted((left, right) => order.indexOf(worst(left.gates)) - order.indexOf(worst(right.gates)))
  if (judged.length === 0) return []
  const heading = { text: '### Gates' }
  if (judged.length < many) return [heading, ...judged.flatMap((leg) => partsOfLeg(leg, limit))]
  const isQuiet = ({ gates }: Judged): boolean => ['skipped', 'pass'].includes(worst(gates))
  const quiet = judged.filter(isQuiet)
  const rest = judged.filter((leg) => !isQuiet(leg))
  return [
    heading,
    ...rest.flatMap((leg) => partsOfLeg(leg, limit)),
    ...(quiet.length === 0 ? [] : [quietFold(quiet, judged.length, limit)]),
  ]
}

function quietFold(quiet: readonly Judged[], all: number, limit: number): Part {
  const gates = quiet.flatMap((leg) => leg.gates)
  const text = quiet.flatMap((leg) => partsOfLeg(leg, limit)).map((part) => part.text)
  const title = `${marks[worst(gates)]} ${quiet.length} of ${all} legs, gates: ${tally(gates)}`
  return { text: folded(title, text.join('\n\n')), drop: 'passed gates' }
}
