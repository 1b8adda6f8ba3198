import type { Leg } from '../plan/index.ts'
import { judgeSizes } from './added-bytes.ts'
import type { Candidate } from './candidate.ts'
import { type Gate, type GateName, gateNames, isBlocking, waive } from './gate.ts'
import { judgeManifest } from './manifest.ts'

/** What a run lets through. */
export type Rules = {
  /** gate → why, as given in `allow-failed` */
  waivers: ReadonlyMap<GateName, string>
  /** bytes, compressed */
  addedBytesLimit: number
}

/** What an earlier run has judged, by rules of its own. Sizes in bytes; null if it did not know them. */
export type Earlier = { gates: readonly Gate[]; sizes: { added: number } | null }

/** @returns gates about which an earlier run says nothing, since its version of the action did not have them */
export function unjudgedGates({ gates }: Pick<Earlier, 'gates'>): GateName[] {
  return gateNames.filter((name) => !gates.some((gate) => gate.name === name))
}

/**
 * A verdict is only as good as the rules of the run that gave it. So what an earlier run let through is judged by the rules of this one:
 * what was measured stays, its waivers count no longer, and what can be seen of the image is looked at again.
 * @param seen the image as the registry has it; where it is not known, what the earlier run saw counts
 * @returns gates whose hints say, where they fail, why they were let through before
 */
export function judgeAgain(leg: Leg, earlier: Earlier, seen: Candidate, rules: Rules): Gate[] {
  const limits = { addedBytes: rules.addedBytesLimit }
  const looked = seen.known === 'manifest' ? judgeManifest(leg, seen, limits) : ofSizes(earlier, limits)
  return earlier.gates.map((before) => {
    const now = looked.find(({ name }) => name === before.name) ?? withoutWaiver(before)
    const [gate = now] = waive([now], rules.waivers)
    return isBlocking(gate) ? { ...gate, hint: `${gate.hint} ${history(before)}` } : gate
  })
}

/** Without sizes the base's layers were not the image's lowest ones, and what the gate said of that stays. */
function ofSizes({ sizes }: Earlier, limits: { addedBytes: number }): Gate[] {
  return sizes ? [judgeSizes(sizes.added, limits)] : []
}

function withoutWaiver(gate: Gate): Gate {
  if (gate.state !== 'waived') return gate
  const { name, expected, actual, hint } = gate
  return { name, expected, actual, hint, state: 'fail' }
}

function history(before: Gate): string {
  if (before.state !== 'waived') return 'The run that built it let that pass.'
  return `The run that built it waived this: "${before.reason}".`
}
