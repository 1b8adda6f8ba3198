import type { Leg } from './plan.ts'

type Named = Pick<Leg, 'buildId' | 'architecture'>

/** Built and pushed, not judged to the end. */
export function candidateTag({ buildId, architecture }: Named): string {
  return `candidate-${buildId}-${architecture}`
}

/** Judged. Only this tag means verified. */
export function stagedTag({ buildId, architecture }: Named): string {
  return `build-${buildId}-${architecture}`
}

export function reportTag({ buildId, architecture }: Named): string {
  return `report-${buildId}-${architecture}`
}
