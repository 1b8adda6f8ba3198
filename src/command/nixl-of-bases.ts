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

/** @returns one leg for each base whose NIXL a pending leg uses and nobody has measured */
export function unmeasuredLegs(plan: Plan, { own, read }: KnownFacts): PlannedLeg[] {
  const open = pendingLegs(plan).filter(
    (leg) => isOfBase(leg) && !own.has(leg.base.manifestDigest) && !read.has(leg.base.manifestDigest),
  )
  return [...new Map(open.map((leg) => [leg.base.manifestDigest, leg])).values()]
}

/** Whether planning again, with what was measured, would give another plan. */
export function isPlanOutdated(plan: Plan, { own }: KnownFacts): boolean {
  return pendingLegs(plan).some((leg) => {
    const base = own.get(leg.base.manifestDigest)
    return base !== undefined && isOutdated(leg, knownFrom(base, leg.engine))
  })
}

/**
 * @param push whether the facts of the base are stored for the next plan
 * @returns a reason: what the plan did not know of a base, and what to do; undefined if it knew all
 */
export function whyOutdated(leg: Leg, base: BaseFacts, push: boolean): string | undefined {
  const known = knownFrom(base, leg.engine)
  if (!isOutdated(leg, known)) return undefined
  const none = known.brokenNixl === undefined ? 'no NIXL' : `no NIXL that works (${known.brokenNixl})`
  const ships = known.nixl == null ? none : `NIXL ${known.nixl}`
  const planned = isNixlKnown(leg) ? `the plan assumed ${leg.nixl}` : 'the plan could not know that'
  const next = push
    ? 'what was measured is stored, so the next plan is right: plan again'
    : 'without push nothing is stored for the next plan: use command: run, or plan with push: true'
  return `its base ships ${ships}${known.ucx === undefined ? '' : ` with UCX ${known.ucx}`}, but ${planned}; ${next}`
}
