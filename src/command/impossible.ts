import {
  type Excluded,
  excludedOf,
  impossibleSentence,
  namedInVain,
  pendingLegs,
  type Plan,
  type PlannedImage,
  type PlannedLeg,
} from '../plan/index.ts'
import type { StoreReader } from '../store/index.ts'
import type { LegOutcome } from '../report/index.ts'

/** A leg of which only the facts of its base said that it can't be built. `reason` is a sentence without its end. */
export type ImpossibleLeg = { leg: PlannedLeg; state: 'impossible'; reason: string }

export type ObjectionWorld = {
  store: StoreReader
  /** What stored facts of a leg's base say against it; undefined if nothing, or if there are none */
  objectionTo: (leg: PlannedLeg) => Promise<string | undefined>
}

/** What is left of a plan, what was left out of it, by the plan itself or now, and how the legs of what is left ended. */
export type Narrowed = { left: Plan; excluded: Excluded[]; built: LegOutcome[] }

/**
 * Leaves out the images of impossible legs, since no image is published without one of its platforms. What was named, and of
 * which nothing would be left, stays and has failed. An image of which another leg failed stays, too: that has to be seen, and its
 * impossible leg counts as not begun.
 */
export function leaveOut(plan: Plan, results: readonly (LegOutcome | ImpossibleLeg)[]): Narrowed {
  const found = plan.images.flatMap((image) => impossibleOf(image, results) ?? [])
  const others = plan.images.filter((image) => !found.some((one) => one.image === image))
  const inVain = namedInVain(
    found.map(({ leg }) => leg),
    others.map(({ legs }) => legs[0]),
  )
  const leftOut = found.filter(({ leg }) => !inVain.includes(leg))
  const excluded = leftOut.map(({ image, leg, reason }) =>
    excludedOf({ ...leg, why: image.why }, leg.platform, reason),
  )
  return {
    left: { ...plan, images: plan.images.filter((image) => !leftOut.some((one) => one.image === image)) },
    excluded: [...plan.excluded, ...excluded],
    built: results.map((result) => outcomeOf(result, inVain)),
  }
}

function impossibleOf(image: PlannedImage, results: readonly (LegOutcome | ImpossibleLeg)[]) {
  const own = results.filter(({ leg }) => image.legs.some(({ id }) => id === leg.id))
  const impossible = own.find((result) => result.state === 'impossible')
  if (!impossible || own.some(({ state }) => state === 'failed')) return undefined
  return { image, leg: impossible.leg, reason: impossible.reason }
}

function outcomeOf(result: LegOutcome | ImpossibleLeg, inVain: readonly PlannedLeg[]): LegOutcome {
  if (result.state !== 'impossible') return result
  const { leg, reason } = result
  if (!inVain.includes(leg)) return { leg, state: 'skipped' }
  const error = impossibleSentence(excludedOf({ ...leg, why: '' }, leg.platform, reason), true)
  return { leg, state: 'failed', error, report: undefined }
}

/** The legs of a plan that another runner may have found to be impossible, of those that nobody has staged. */
export async function findImpossible(
  plan: Plan,
  { store, objectionTo }: ObjectionWorld,
): Promise<ImpossibleLeg[]> {
  const open = pendingLegs(plan).filter(({ feasibility }) => feasibility !== 'forced')
  const found = await Promise.all(
    open.map(async (leg): Promise<ImpossibleLeg[]> => {
      if (await store.legs.has(leg, open.length)) return []
      const reason = await objectionTo(leg)
      return reason === undefined ? [] : [{ leg, state: 'impossible', reason }]
    }),
  )
  return found.flat()
}
