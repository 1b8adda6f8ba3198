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
  'environment-untouched',
  'pip-check',
  'integration',
  'debug-tools',
  'image-config',
  'added-bytes',
  'media-types',
] as const

export type GateName = (typeof gateNames)[number]

/** One judgement. `skipped` means that it could not be told, never that it is fine. */
export type Gate = { name: GateName; expected: string; actual: string } & (
  | { state: 'pass' }
  | { state: 'fail'; hint: string }
  | { state: 'waived'; hint: string; reason: string }
  | { state: 'skipped'; reason: string }
)

export type Judgement = { expected: string; actual: string }

export function passed(name: GateName, judgement: Judgement): Gate {
  return { name, ...judgement, state: 'pass' }
}

/** @param hint one sentence that names the cause and what to do */
export function failed(name: GateName, judgement: Judgement, hint: string): Gate {
  return { name, ...judgement, state: 'fail', hint }
}

/** @param reason why it can't be told */
export function skipped(name: GateName, judgement: Judgement, reason: string): Gate {
  return { name, ...judgement, state: 'skipped', reason }
}

/**
 * Turns failed gates that the user accepts into waived ones. Gates that passed or were skipped stay what they are.
 * @param waivers gate → why, as given in `allow-failed`
 */
export function waive(gates: Gate[], waivers: ReadonlyMap<GateName, string>): Gate[] {
  return gates.map((gate) => {
    const reason = waivers.get(gate.name)
    return gate.state === 'fail' && reason !== undefined ? { ...gate, state: 'waived', reason } : gate
  })
}

/** @returns `fail` if a gate failed and was not waived */
export function verdict(gates: Gate[]): 'pass' | 'fail' {
  return gates.some(({ state }) => state === 'fail') ? 'fail' : 'pass'
}

/** The end of a hint about what only this action can have done: its user has no step to change. */
export const reportHint = "report it as a fault of this action, with this build's log"

/** The end of a hint for gates where the base itself may be the cause. */
export function waiverHint(name: GateName): string {
  return `accept it with allow-failed: ${name}=<why>`
}

/** Joins up to `most` items, and says how many were left out. */
export function listed(items: readonly string[], most = 5): string {
  if (items.length === 0) return 'none'
  const rest = items.length - most
  return items.slice(0, most).join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}
