import type { Leg } from '../plan/index.ts'
import { mayRunOtherwise } from './as-it-runs.ts'
import { isOnlyOfAdded } from './environment.ts'
import type { LegFacts } from './facts.ts'
import { type Gate, type GateName, isBlocking, rejudge } from './gate.ts'

/** A reason why a gate may fail that is the business of another gate. */
type Explanation = {
  from: readonly GateName[]
  /** What is missing because of it */
  reason: string
  /** Whether it concerns this gate. Default: always */
  concerns?: (leg: Leg, facts: LegFacts) => boolean
}

/** @param used the modules and commands that a gate uses */
const otherwise = (used: RegExp): Explanation => ({
  from: ['as-it-runs'],
  reason: 'what runs is not what was measured',
  concerns: (leg, facts) => mayRunOtherwise(leg, facts, used),
})

const badTool: Explanation = { from: ['ucx-tools'], reason: 'ucx_perftest is not as it should be' }
const badEngine: Explanation = {
  from: ['engine-version', 'torch-untouched', 'aibrix-version', 'environment-untouched'],
  reason: 'what the engine starts with is not as it should be',
}

/** Of gates that say what is wrong with a package that the build added */
const badPackage: Explanation = {
  from: [
    ...(['aibrix-version', 'extension', 'gpu-architectures', 'cuda-major', 'integration'] as const),
    ...(['nixl-variant', 'nixl-ucx', 'nixl-transfer', 'kvcache-round-trip', 'extra-contents'] as const),
  ],
  reason: 'a file of an added package is not what pip installed',
  concerns: isOnlyOfAdded,
}

/**
 * For gates on what the image does: if a part that they use is already at fault, their failure is
 * only a consequence. A gate whose own subject is missing reports that itself.
 */
const explanations = new Map<GateName, readonly Explanation[]>([
  ['environment-untouched', [badPackage]],
  ['nixl-transfer', [otherwise(/^(?:nixl|torch)/)]],
  ['kvcache-round-trip', [otherwise(/^(?:aibrix_kvcache|torch)/)]],
  ['ucx-loopback', [badTool, otherwise(/^ucx_/)]],
  ['entrypoint', [badEngine, otherwise(/^(?:vllm|sglang|torch|nixl|aibrix_kvcache)/)]],
])

/** @returns the gates, where those that block for the reason of another one follow from that one */
export function attributed(leg: Leg, facts: LegFacts, gates: readonly Gate[]): Gate[] {
  const blocks = (name: GateName) => gates.some((gate) => gate.name === name && isBlocking(gate))
  return gates.map((gate) => {
    if (!isBlocking(gate)) return gate
    for (const { from, reason, concerns = () => true } of explanations.get(gate.name) ?? []) {
      const source = from.find(blocks)
      if (source && concerns(leg, facts)) return rejudge(gate).follows(source, reason)
    }
    return gate
  })
}

/**
 * A gate can only follow from one that failed, is undetermined or waived, or follows from such a one.
 * @returns the gates, where those that would follow from another are undetermined
 */
export function grounded(gates: readonly Gate[]): Gate[] {
  const explains = (name: GateName, seen: readonly GateName[] = []): boolean => {
    const gate = gates.find((candidate) => candidate.name === name)
    if (!gate || seen.includes(name)) return false
    if (gate.state === 'follows') return explains(gate.from, [...seen, name])
    return gate.state === 'waived' || isBlocking(gate)
  }
  return gates.map((gate) =>
    gate.state === 'follows' && !explains(gate.from) ? rejudge(gate).undetermined(gate.reason) : gate,
  )
}
