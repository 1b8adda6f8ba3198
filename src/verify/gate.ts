/** The names of the gates that a build judges. */
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
  'extra-contents',
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

/** The names of those that only `command: verify` judges: on labels, and on a GPU. */
export const verifyGateNames = [
  'labels',
  'gpu-engine',
  'gpu-cache-operator',
  'gpu-nixl-transfer',
  'gpu-ucx',
] as const

/** All names, as in `allow-failed`. */
export const allGateNames = [...gateNames, ...verifyGateNames] as const

export type GateName = (typeof allGateNames)[number]

/** The result of one gate. Only `fail` and `undetermined` block publishing. */
export type Gate = { name: GateName; expected: string; actual: string } & (
  | { state: 'pass' }
  | { state: 'fail'; hint: string }
  /** Failed or undetermined, and accepted by the user */
  | { state: 'waived'; hint: string; reason: string }
  /** It applies and could not be judged */
  | { state: 'undetermined'; hint: string }
  /** There is nothing to judge */
  | { state: 'not applicable'; reason: string }
  /** Another gate failed for the same reason, and says what to do */
  | { state: 'follows'; from: GateName; reason: string }
)

export type GateState = Gate['state']

/** Builds the results of one gate. A reason has no full stop. */
export type GateBuilder = {
  expected: string
  actual: string
  /** Advice, for gates that can fail for something in the base */
  waiver: string
  /** The same gate with another `actual`, and another `expected` if given */
  with: (actual: string, expected?: string) => GateBuilder
  pass: () => Gate
  /** @param advice what to do; several are alternatives */
  fail: (problem: string, ...advice: [string, ...string[]]) => Gate
  undetermined: (reason: string) => Gate
  notApplicable: (reason: string) => Gate
  /** @param from the gate that fails for the same reason. @param reason what is missing because of it */
  follows: (from: GateName, reason: string) => Gate
}

export function about(name: GateName, expected: string, actual = 'unknown'): GateBuilder {
  const facts = { name, expected, actual }
  const waiver = waiverHint(name)
  return {
    expected,
    actual,
    waiver,
    with: (found, wanted = expected) => about(name, wanted, found),
    pass: () => ({ ...facts, state: 'pass' }),
    fail: (problem, ...advice) => ({ ...facts, state: 'fail', hint: `${problem}; ${alternatives(advice)}.` }),
    undetermined: (reason) => {
      const hint = `Undetermined: ${reason}; fix that, or ${waiver}.`
      return { ...facts, state: 'undetermined', hint }
    },
    notApplicable: (reason) => ({ ...facts, state: 'not applicable', reason }),
    follows: (from, reason) => ({ ...facts, state: 'follows', from, reason }),
  }
}

function alternatives(advice: readonly string[]): string {
  return [...advice.slice(0, -2), advice.slice(-2).join(', or ')].join(', ')
}

/** @returns a builder for another result of a gate that was judged before */
export function rejudge({ name, expected, actual }: Gate): GateBuilder {
  return about(name, expected, actual)
}

/** A gate that blocks publishing. */
export type BlockingGate = Extract<Gate, { state: 'fail' | 'undetermined' }>

export function isBlocking(gate: Gate): gate is BlockingGate {
  return gate.state === 'fail' || gate.state === 'undetermined'
}

/**
 * Turns failed and undetermined gates that the user accepts into waived ones. The others stay.
 * @param waivers gate → reason, as given in `allow-failed`
 */
export function waive(gates: Gate[], waivers: ReadonlyMap<GateName, string>): Gate[] {
  return gates.map((found) => {
    const gate = afterWaiver(found, waivers)
    const reason = waivers.get(gate.name)
    return isBlocking(gate) && reason !== undefined ? { ...gate, state: 'waived', reason } : gate
  })
}

/** Waiving a gate from which `entrypoint` follows does not waive that the image must start. */
function afterWaiver(gate: Gate, waivers: ReadonlyMap<GateName, string>): Gate {
  if (gate.name !== 'entrypoint' || gate.state !== 'follows' || !waivers.has(gate.from)) return gate
  const { fail, waiver } = rejudge(gate)
  const why = `${gate.from} is waived, which may be the reason: ${gate.reason}`
  return fail(`The image does not start as its base does (${why})`, 'fix that', waiver)
}

/** @returns `fail` if a gate failed or is undetermined, and was not waived */
export function verdict(gates: readonly Gate[]): 'pass' | 'fail' {
  return gates.some(isBlocking) ? 'fail' : 'pass'
}

/** Advice where only this action can be at fault, so that no input of its user helps. */
export const reportHint = "report it as a bug in this action, with this build's log"

function waiverHint(name: GateName): string {
  return `accept it with allow-failed: ${name}=<why>`
}

/** @returns the hint of a gate that was accepted, without the advice to accept it */
export function acceptedHint({ name, hint }: Pick<BlockingGate, 'name' | 'hint'>): string {
  return hint.replace(new RegExp(`(?:, or|;) ${waiverHint(name)}`), '')
}
