import type { Leg } from '../plan/index.ts'
import { gateOfSize } from './added-bytes.ts'
import type { Candidate } from './candidate.ts'
import { type Gate, type GateName, gateNames, isBlocking, waive } from './gate.ts'
import { judgeManifest } from './manifest.ts'

/** What a run accepts. */
export type Rules = {
  /** gate → reason, as given in `allow-failed` */
  waivers: ReadonlyMap<GateName, string>
  /** bytes, compressed */
  addedBytesLimit: number
}

type SeenImage = Extract<Candidate, { known: 'manifest' }>

/** The verdict of an earlier run, by its rules. Sizes in bytes; null if not known. */
type Earlier = { gates: readonly Gate[]; sizes: { added: number } | null }

/** @returns gates that the version of the action which ran earlier did not have */
export function unjudgedGates({ gates }: Pick<Earlier, 'gates'>): GateName[] {
  return gateNames.filter((name) => !gates.some((gate) => gate.name === name))
}

/**
 * Applies the rules of this run to the verdict of an earlier one: measurements stay, its waivers
 * are dropped, and what the registry shows of the image is judged again.
 * @param seen the image in the registry
 * @returns gates; the hint of one that fails says why it was accepted before
 */
export function applyRules(leg: Leg, earlier: Earlier, seen: SeenImage, rules: Rules): Gate[] {
  return judgedAgain(earlier, judgeManifest(leg, seen, { addedBytes: rules.addedBytesLimit }), rules)
}

/**
 * Does what `applyRules` does where nothing is planned that the image could be compared with: what
 * the earlier run saw of it counts.
 */
export function applyRulesToReport(earlier: Earlier, rules: Rules): Gate[] {
  const { sizes } = earlier
  // Without sizes the base's layers were not the image's lowest ones, and that verdict stays.
  const ofSize = sizes ? [gateOfSize(sizes.added, { addedBytes: rules.addedBytesLimit })] : []
  return judgedAgain(earlier, ofSize, rules)
}

/** @param fresh the gates that are judged anew */
function judgedAgain(earlier: Earlier, fresh: readonly Gate[], rules: Rules): Gate[] {
  return earlier.gates.map((before) => {
    const now = fresh.find(({ name }) => name === before.name) ?? withoutWaiver(before)
    const [gate = now] = waive([now], rules.waivers)
    return isBlocking(gate) ? { ...gate, hint: `${gate.hint} ${history(before)}` } : gate
  })
}

function withoutWaiver(gate: Gate): Gate {
  if (gate.state !== 'waived') return gate
  const { name, expected, actual, hint } = gate
  return { name, expected, actual, hint, state: 'fail' }
}

function history(before: Gate): string {
  if (before.state !== 'waived') return 'The run that built it accepted that.'
  return `The run that built it waived this: "${before.reason}".`
}
