import {
  excludedOf,
  impossibleNamed,
  impossibleSentence,
  pendingLegs,
  type Plan,
  type PlannedImage,
  type PlannedLeg,
} from '../plan/index.ts'
import type { LegOutcome } from '../report/index.ts'
import type { RunWorld } from './world/run-world.ts'

/** A leg that only the facts of its base showed to be impossible. `reason` has no full stop. */
export type ImpossibleLeg = { leg: PlannedLeg; state: 'impossible'; reason: string }

/** What became of a leg when it was built. */
export type LegResult = LegOutcome | ImpossibleLeg

/**
 * Leaves out the images of impossible legs, since no image is published without all its platforms.
 * A named version that would lose its only images stays and fails. An image stays, too, if another
 * leg of it failed, so that the failure is shown; its impossible leg is skipped.
 * @returns what is left of the plan, what the plan or this run left out, and the legs' outcomes
 */
export function leaveOutImpossible(plan: Plan, results: readonly LegResult[]) {
  const found = plan.images.flatMap((image) => impossibleOf(image, results) ?? [])
  const others = plan.images.filter((image) => !found.some((one) => one.image === image))
  const inVain = impossibleNamed(
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

function impossibleOf(image: PlannedImage, results: readonly LegResult[]) {
  const own = results.filter(({ leg }) => image.legs.some(({ id }) => id === leg.id))
  const impossible = own.find((result) => result.state === 'impossible')
  if (!impossible || own.some(({ state }) => state === 'failed')) return undefined
  return { image, leg: impossible.leg, reason: impossible.reason }
}

function outcomeOf(result: LegResult, inVain: readonly PlannedLeg[]): LegOutcome {
  if (result.state !== 'impossible') return result
  const { leg, reason } = result
  if (!inVain.includes(leg)) return { leg, state: 'skipped' }
  const error = impossibleSentence(excludedOf({ ...leg, why: '' }, leg.platform, reason), true)
  return { leg, state: 'failed', error, report: undefined }
}

/** @returns legs that nobody has staged and that another runner may have found to be impossible */
export async function findImpossible(
  plan: Plan,
  { store, objectionTo }: Pick<RunWorld, 'store' | 'objectionTo'>,
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
