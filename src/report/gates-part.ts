import type { Gate } from '../verify/gate.ts'
import { code, escaped, folded, table } from './markdown.ts'
import { type ImageOutcome, reportOf, titleOf } from './outcome.ts'

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

export type GatesPart = { heading: string; table: string | undefined; passed: string | undefined }

/**
 * The gates of one image: what needs a reader's eye as a table, failed ones first, what passed folded.
 * @param limit characters of a cell
 */
export function gatesPart(outcome: ImageOutcome, limit: number): GatesPart | undefined {
  const gates = reportOf(outcome)?.gates ?? []
  if (gates.length === 0) return undefined
  const worst = order.find((state) => gates.some((gate) => gate.state === state)) ?? 'pass'
  const unusual = order.slice(0, 3).flatMap((state) => gates.filter((gate) => gate.state === state))
  const passed = gates.filter(({ state }) => state === 'pass')
  return {
    heading: `**${escaped(titleOf(outcome))}** ${marks[worst]} ${tally(gates)}`,
    table:
      unusual.length === 0
        ? undefined
        : table(
            ['', 'Gate', 'Expected', 'Actual', 'Why, and what to do'],
            unusual.map((gate) => [
              marks[gate.state],
              code(gate.name),
              escaped(gate.expected, limit),
              escaped(gate.actual, limit),
              explanation(gate, limit),
            ]),
          ),
    passed:
      passed.length === 0
        ? undefined
        : folded(
            `${passed.length} of ${gates.length} gates passed`,
            table(
              ['Gate', 'Expected', 'Actual'],
              passed.map((gate) => [
                code(gate.name),
                escaped(gate.expected, limit),
                escaped(gate.actual, limit),
              ]),
            ),
          ),
  }
}
