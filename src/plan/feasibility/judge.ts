import type { Catalogue } from './catalogue.ts'
import { type Feasibility, judgeFeasibility, type Wanted } from './feasibility.ts'
import type { KnownBase } from './known-base.ts'
import type { NixlIndex } from '../nixl/nixl-index.ts'

/** What a leg is judged by. */
export type JudgeWorld = { catalogue: Catalogue; nixl: NixlIndex }

/**
 * As `judgeFeasibility`, with the answer of pip, which takes a second of a core: it is asked only where nothing else speaks
 * against the leg. Where pip can't answer the catalogue decides.
 */
export async function judgeLeg(
  leg: Wanted,
  base: KnownBase,
  { catalogue, nixl }: JudgeWorld,
): Promise<Feasibility> {
  const withWheel = judgeFeasibility(leg, base, catalogue, { versions: [leg.nixl] })
  // What the base has, pip has not to have, and what is not known it can't be asked for.
  if (leg.nixlFrom === 'base') return withWheel
  if (withWheel.state === 'impossible' || base.python === undefined || base.cuda === undefined)
    return judgeFeasibility(leg, base, catalogue, 'unknown')
  const answer = await nixl.versions(base, leg.platform)
  return judgeFeasibility(leg, base, catalogue, answer.state === 'known' ? answer : 'unknown')
}
