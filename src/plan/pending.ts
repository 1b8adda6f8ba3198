import type { Plan, PlannedImage, PlannedLeg } from './plan.ts'

/** The legs that have to be built before an image can be published. */
export function pendingLegsOf({ published, legs }: PlannedImage): PlannedLeg[] {
  return published.kind === 'absent' ? legs.filter(({ existing }) => existing === 'nothing') : []
}

/** The legs that have to be built before everything of a plan can be published. */
export function pendingLegs({ images }: Pick<Plan, 'images'>): PlannedLeg[] {
  return images.flatMap(pendingLegsOf)
}
