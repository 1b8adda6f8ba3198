import type { PlanWorld } from '../world.ts'
import { type Feasibility, judgeFeasibility, type Wanted } from './feasibility.ts'
import type { KnownBase } from './known-base.ts'

/** What a leg is judged by. */
export type JudgeWorld = Pick<PlanWorld, 'catalogue' | 'nixl'>

/**
 * As `judgeFeasibility`, with the answer of pip. That takes a second of a core, so pip is asked only
 * if nothing else makes the leg impossible. If pip cannot answer, the catalogue decides.
 */
export async function judgeLeg(
  leg: Wanted,
  base: KnownBase,
  { catalogue, nixl }: JudgeWorld,
): Promise<Feasibility> {
  const withWheel = judgeFeasibility(leg, base, catalogue, { versions: [leg.nixl] })
  // pip need not have the base's own NIXL.
  if (leg.nixlFrom === 'base') return withWheel
  if (withWheel.state === 'impossible' || base.python === undefined || base.cuda === undefined)
    return judgeFeasibility(leg, base, catalogue, 'unknown')
  const answer = await nixl.versions(base, leg.platform)
  return judgeFeasibility(leg, base, catalogue, answer.state === 'known' ? answer : 'unknown')
}
