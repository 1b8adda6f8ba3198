import type { Leg } from '../plan/index.ts'
import { mayRunOtherwise } from './as-it-runs.ts'
import type { LegFacts } from './facts.ts'
import { follows, type Gate, type GateName, isBlocking, undetermined } from './gate.ts'

/** What may be why a gate does not pass, with a gate of its own. */
type Cause = {
  from: readonly GateName[]
  /** What is missing because of it */
  reason: string
  /** Whether it has to do with this gate; always, where it is not given */
  concerns?: (leg: Leg, facts: LegFacts) => boolean
}

/** @param used the modules and commands that a gate uses */
const otherwise = (used: RegExp): Cause => ({
  from: ['as-it-runs'],
  reason: 'what runs is not what was measured',
  concerns: (leg, facts) => mayRunOtherwise(leg, facts, used),
})

/**
 * Gates on what the image does. Where what they do it with is not as it should be, they are no more than its consequence. A gate that
 * lacks what it looks at says so itself.
 */
const causes = new Map<GateName, readonly Cause[]>([
  ['nixl-transfer', [otherwise(/^(?:nixl|torch)/)]],
  ['kvcache-round-trip', [otherwise(/^(?:aibrix_kvcache|torch)/)]],
  [
    'ucx-loopback',
    [{ from: ['ucx-tools'], reason: 'ucx_perftest is not as it should be' }, otherwise(/^ucx_/)],
  ],
  [
    'entrypoint',
    [
      {
        from: ['engine-version', 'torch-untouched', 'aibrix-version', 'environment-untouched'],
        reason: 'what the engine starts with is not as it should be',
      },
      otherwise(/^(?:vllm|sglang|torch|nixl|aibrix_kvcache)/),
    ],
  ],
])

/** @returns the gates, those that block for what another one has found left to that one */
export function attributed(leg: Leg, facts: LegFacts, gates: readonly Gate[]): Gate[] {
  const blocks = (name: GateName) => gates.some((gate) => gate.name === name && isBlocking(gate))
  return gates.map((gate) => {
    if (!isBlocking(gate)) return gate
    for (const { from, reason, concerns = () => true } of causes.get(gate.name) ?? []) {
      const cause = from.find(blocks)
      if (cause && concerns(leg, facts)) return follows(gate.name, gate, cause, reason)
    }
    return gate
  })
}

/**
 * A gate follows from another only where that one says so itself: failed, undetermined, waived, or following from one that is.
 * @returns the gates, those undetermined that were left to a gate which has nothing to say
 */
export function grounded(gates: readonly Gate[]): Gate[] {
  const speaks = (name: GateName, seen: readonly GateName[] = []): boolean => {
    const gate = gates.find((candidate) => candidate.name === name)
    if (!gate || seen.includes(name)) return false
    if (gate.state === 'follows') return speaks(gate.from, [...seen, name])
    return gate.state === 'waived' || isBlocking(gate)
  }
  return gates.map((gate) =>
    gate.state === 'follows' && !speaks(gate.from) ? undetermined(gate.name, gate, gate.reason) : gate,
  )
}
