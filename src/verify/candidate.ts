import type { ImageConfig, ImageLayer } from '../registry/index.ts'
import { follows, type Gate, type GateName, notApplicable } from './gate.ts'

/**
 * What is known of the built image. Without a push the engine can be asked for the configuration, but the layers have
 * no compressed form yet. `reason` says why something is not known; `because` names the gate that kept the image from being made.
 */
export type Candidate =
  | { known: 'nothing'; reason: string; because?: GateName }
  | { known: 'config'; config: ImageConfig; reason: string }
  | { known: 'manifest'; mediaType: string; config: ImageConfig; layers: ImageLayer[] }

/** @param addedBytes how much the image may add to its base, in bytes, compressed */
export type Limits = { addedBytes: number }

/** What a gate says of a part of the image that there is not. */
export function notSeen(
  name: GateName,
  expected: string,
  candidate: Exclude<Candidate, { known: 'manifest' }>,
): Gate {
  const judgement = { expected, actual: 'unknown' }
  const because = candidate.known === 'nothing' ? candidate.because : undefined
  return because === undefined
    ? notApplicable(name, judgement, candidate.reason)
    : follows(name, judgement, because, candidate.reason)
}
