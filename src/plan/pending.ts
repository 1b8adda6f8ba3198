import type { Plan, PlannedImage, PlannedLeg } from './plan.ts'

/** The legs to build before an image can be published. */
export function pendingLegsOf({ published, legs }: PlannedImage): PlannedLeg[] {
  return published.kind === 'absent' ? legs.filter(({ existing }) => existing === 'nothing') : []
}

/** The legs to build before all images of a plan can be published. */
export function pendingLegs({ images }: Pick<Plan, 'images'>): PlannedLeg[] {
  return images.flatMap(pendingLegsOf)
}
