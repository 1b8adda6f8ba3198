import type { Catalogue } from './catalogue.ts'
import { type Feasibility, impossible, nameOf, possible, type Wanted } from './feasibility.ts'
import { judgeAibrix } from './judge-aibrix.ts'
import { judgeNixl, type Offered } from './judge-nixl.ts'
import type { KnownBase } from './known-base.ts'
import { tagObjection } from '../versions/variant.ts'
import type { PlanWorld } from '../world.ts'

/**
 * Judges whether an image can be built, as far as that is known without building it. What is
 * impossible here fails in the build or at a gate, with one exception: `auto` with a vLLM that
 * AIBrix has nothing for would be built without integration.
 * @param offered the NIXL versions with wheels for this base, or `unknown` if pip was not asked
 */
export function judgeFeasibility(
  wanted: Wanted,
  base: KnownBase,
  catalogue: Catalogue,
  offered: Offered | 'unknown',
): Feasibility {
  // The gate `engine-version` checks all else that the tag claims.
  const objection = tagObjection(nameOf(wanted), wanted.version.tag, wanted.platform)
  const found = [
    objection === undefined ? possible : impossible(objection),
    ...judgeAibrix(wanted, base, catalogue),
    judgeNixl(wanted, base, catalogue, offered),
  ]
  const first = (state: Feasibility['state']) => found.find((one) => one.state === state)
  return first('impossible') ?? first('unknown') ?? possible
}

export type JudgeWorld = Pick<PlanWorld, 'catalogue' | 'nixl'>

/**
 * As `judgeFeasibility`, with the answer of pip. That takes a second of a core, so pip is asked
 * only if nothing else makes the leg impossible. If pip cannot answer, the catalogue decides.
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
