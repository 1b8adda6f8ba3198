import { excludedOf } from '../plan/combination.ts'
import type { Excluded, Plan, PlannedImage, PlannedLeg } from '../plan/plan.ts'
import type { LegOutcome } from '../report/outcome.ts'

/** A leg of which only the facts of its base said that it can't be built. `reason` is a sentence without its end. */
export type ImpossibleLeg = { leg: PlannedLeg; state: 'impossible'; reason: string }

/** What is left of a plan, and what was left out of it, by the plan itself or now. */
export type Narrowed = { left: Plan; excluded: Excluded[]; built: LegOutcome[] }

/**
 * Leaves out the images of impossible legs, since no image is published without one of its platforms. An image of which
 * another leg failed stays: that has to be seen, and its impossible leg counts as not begun.
 */
export function leaveOut(plan: Plan, results: readonly (LegOutcome | ImpossibleLeg)[]): Narrowed {
  const resultOf = new Map(results.map((result) => [result.leg.id, result]))
  const left: PlannedImage[] = []
  const excluded = [...plan.excluded]
  for (const image of plan.images) {
    const states = image.legs.flatMap(({ id }) => resultOf.get(id) ?? [])
    const impossible = states.find((result) => result.state === 'impossible')
    if (!impossible || states.some(({ state }) => state === 'failed')) left.push(image)
    else
      excluded.push(
        excludedOf({ ...impossible.leg, why: image.why }, impossible.leg.platform, impossible.reason),
      )
  }
  const built = results.map((result): LegOutcome =>
    result.state === 'impossible' ? { leg: result.leg, state: 'skipped' } : result,
  )
  return { left: { ...plan, images: left }, excluded, built }
}

/**
 * The legs of a plan that another runner may have found to be impossible.
 * @param objectionTo what stored facts of a leg's base say against it; undefined if nothing, or if there are none
 */
export async function findImpossible(
  { images }: Plan,
  objectionTo: (leg: PlannedLeg) => Promise<string | undefined>,
): Promise<ImpossibleLeg[]> {
  const open = images
    .filter(({ published }) => published.kind === 'absent')
    .flatMap(({ legs }) => legs)
    .filter(({ feasibility, wanted }) => feasibility === 'unknown' && wanted === 'matched')
  const found = await Promise.all(
    open.map(async (leg): Promise<ImpossibleLeg[]> => {
      const reason = await objectionTo(leg)
      return reason === undefined ? [] : [{ leg, state: 'impossible', reason }]
    }),
  )
  return found.flat()
}
