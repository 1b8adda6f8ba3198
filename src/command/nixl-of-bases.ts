import {
  isNixlKnown,
  isOfBase,
  isOutdated,
  type Leg,
  pendingLegs,
  type Plan,
  type PlannedLeg,
} from '../plan/index.ts'
import { knownFrom } from '../store/index.ts'
import type { BaseFacts } from '../verify/index.ts'
import type { KnownFacts } from './world/plan-world.ts'

/** The legs that have to be built with a NIXL that nobody has measured in their base, one for each base. */
export function unmeasuredLegs(plan: Plan, { own, read }: KnownFacts): PlannedLeg[] {
  const open = pendingLegs(plan).filter(
    (leg) => isOfBase(leg) && !own.has(leg.base.manifestDigest) && !read.has(leg.base.manifestDigest),
  )
  return [...new Map(open.map((leg) => [leg.base.manifestDigest, leg])).values()]
}

/** Whether a plan that is made again, with what was measured, would be another one. */
export function isPlanOutdated(plan: Plan, { own }: KnownFacts): boolean {
  return pendingLegs(plan).some((leg) => {
    const base = own.get(leg.base.manifestDigest)
    return base !== undefined && isOutdated(leg, knownFrom(base, leg.engine))
  })
}

/**
 * @param push whether the facts of the base are stored, by which the next plan knows
 * @returns what the plan of a leg did not know of its base, and what to do, a sentence without its end; undefined if it knew all
 */
export function whyOutdated(leg: Leg, base: BaseFacts, push: boolean): string | undefined {
  const known = knownFrom(base, leg.engine)
  if (!isOutdated(leg, known)) return undefined
  const none = known.brokenNixl === undefined ? 'no NIXL' : `no NIXL that works (${known.brokenNixl})`
  const brings = known.nixl == null ? none : `NIXL ${known.nixl}`
  const planned = isNixlKnown(leg) ? `the plan took it for ${leg.nixl}` : 'the plan could not know that'
  const next = push
    ? 'what was measured is stored, so the next plan is right: plan again'
    : 'without push nothing is stored by which the next plan would know it: use command: run, or plan with push: true'
  return `its base brings ${brings}${known.ucx === undefined ? '' : ` with UCX ${known.ucx}`}, and ${planned}; ${next}`
}
