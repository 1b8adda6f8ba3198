import type { ImageConfig, ImageLayer } from '../registry/index.ts'
import type { Gate, GateBuilder, GateName } from './gate.ts'

/**
 * What is known of the built image. Without a push the engine can report the configuration, but
 * no layer has a compressed form yet. `reason` says why the rest is unknown; `because` names the
 * gate that stopped the build.
 */
export type Candidate =
  | { known: 'nothing'; reason: string; because?: GateName }
  | { known: 'config'; config: ImageConfig; reason: string }
  | { known: 'manifest'; mediaType: string; config: ImageConfig; layers: ImageLayer[] }

/** @param addedBytes how much the image may add to its base, in bytes, compressed */
export type Limits = { addedBytes: number }

/** @returns the result of a gate on a part of the image that is not known */
export function notSeen(gate: GateBuilder, candidate: Exclude<Candidate, { known: 'manifest' }>): Gate {
  const because = candidate.known === 'nothing' ? candidate.because : undefined
  return because === undefined
    ? gate.notApplicable(candidate.reason)
    : gate.follows(because, candidate.reason)
}
