/** Names of the gates, as a user writes them in `allow-failed`. */
export const gateNames = [
  'engine-version',
  'torch-untouched',
  'aibrix-version',
  'extension',
  'gpu-architectures',
  'cuda-major',
  'nixl-variant',
  'nixl-ucx',
  'second-libucp',
  'ucx-tools',
  'as-it-runs',
  'environment-untouched',
  'pip-check',
  'engine-demands',
  'integration',
  'nixl-transfer',
  'kvcache-round-trip',
  'ucx-loopback',
  'entrypoint',
  'debug-tools',
  'image-config',
  'added-bytes',
  'media-types',
] as const

export type GateName = (typeof gateNames)[number]

/** One judgement. Only `fail` and `undetermined` block publishing. */
export type Gate = { name: GateName; expected: string; actual: string } & (
  | { state: 'pass' }
  | { state: 'fail'; hint: string }
  /** Failed or undetermined, and accepted by the user */
  | { state: 'waived'; hint: string; reason: string }
  /** It applies and could not be judged */
  | { state: 'undetermined'; hint: string }
  /** There is nothing that it could judge */
  | { state: 'not applicable'; reason: string }
  /** Another gate failed for the same cause, and says what to do */
  | { state: 'follows'; from: GateName; reason: string }
)

export type GateState = Gate['state']

export type Judgement = { expected: string; actual: string }

export function passed(name: GateName, judgement: Judgement): Gate {
  return { name, ...judgement, state: 'pass' }
}

/** @param hint one sentence that names the cause and what to do */
export function failed(name: GateName, judgement: Judgement, hint: string): Gate {
  return { name, ...judgement, state: 'fail', hint }
}

/** @param why it could not be judged, a sentence without its end */
export function undetermined(name: GateName, { expected, actual }: Judgement, why: string): Gate {
  const hint = `It could not be judged: ${why}; mend that, or ${waiverHint(name)}.`
  return { name, expected, actual, state: 'undetermined', hint }
}

/** @param reason why there is nothing to judge */
export function notApplicable(name: GateName, judgement: Judgement, reason: string): Gate {
  return { name, ...judgement, state: 'not applicable', reason }
}

/** @param from the gate that fails for the same cause. @param reason what is missing because of it */
export function follows(
  name: GateName,
  { expected, actual }: Judgement,
  from: GateName,
  reason: string,
): Gate {
  return { name, expected, actual, state: 'follows', from, reason }
}

/** A gate that blocks publishing. */
export type BlockingGate = Extract<Gate, { state: 'fail' | 'undetermined' }>

export function isBlocking(gate: Gate): gate is BlockingGate {
  return gate.state === 'fail' || gate.state === 'undetermined'
}

/**
 * Turns failed and undetermined gates that the user accepts into waived ones. The others stay what they are.
 * @param waivers gate → why, as given in `allow-failed`
 */
export function waive(gates: Gate[], waivers: ReadonlyMap<GateName, string>): Gate[] {
  return gates.map((found) => {
    const gate = standsForItself(found, waivers)
    const reason = waivers.get(gate.name)
    return isBlocking(gate) && reason !== undefined ? { ...gate, state: 'waived', reason } : gate
  })
}

/** Who accepts a cause does not say that the image need not start for that. */
function standsForItself(gate: Gate, waivers: ReadonlyMap<GateName, string>): Gate {
  if (gate.name !== 'entrypoint' || gate.state !== 'follows' || !waivers.has(gate.from)) return gate
  const why = `${gate.from} is accepted, and that may be why: ${gate.reason}`
  return failed(
    gate.name,
    { expected: gate.expected, actual: gate.actual },
    `The image does not start as its base does (${why}); mend that, or ${waiverHint(gate.name)}.`,
  )
}

/** @returns `fail` if a gate failed or is undetermined, and was not waived */
export function verdict(gates: readonly Gate[]): 'pass' | 'fail' {
  return gates.some(isBlocking) ? 'fail' : 'pass'
}

/** The end of a hint about what only this action can have done: its user has no step to change. */
export const reportHint = "report it as a fault of this action, with this build's log"

/** The end of a hint for gates where the base itself may be the cause. */
export function waiverHint(name: GateName): string {
  return `accept it with allow-failed: ${name}=<why>`
}

/** @returns the hint of a gate that was accepted, without the advice to accept it */
export function acceptedHint({ name, hint }: Pick<BlockingGate, 'name' | 'hint'>): string {
  return hint.replace(`, or ${waiverHint(name)}`, '').replace(`; ${waiverHint(name)}`, '')
}
