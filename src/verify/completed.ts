import type { Leg } from '../plan/index.ts'
import { engineOf, type LegFacts } from './facts.ts'
import type { Expectation } from './judge-existing.ts'

/**
 * Fills in what nothing was expected of with what was measured, so that the other gates can be judged.
 * @returns what an image without labels is judged by; an image with labels is described by them
 */
export function completed(expected: Expectation, { image }: LegFacts): Expectation {
  if (expected.labelled) return expected
  const { leg, given } = expected
  const found = engineOf(leg, image)?.version ?? 'unknown'
  const { distributions } = image.nixl
  const more: Partial<Leg> = {
    ...(!given.engine && { version: { tag: `v${found}`, release: found } }),
    ...(!given.nixl && { nixl: Object.values(distributions)[0] ?? '0' }),
  }
  return { ...expected, leg: { ...leg, ...more } }
}
