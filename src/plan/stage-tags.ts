import type { BaseImage, Leg } from './plan.ts'

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

/** What was measured in a base, on the platform that its manifest is for. */
export function factsTag({ manifestDigest }: Pick<BaseImage, 'manifestDigest'>): string {
  return `facts-${manifestDigest.replace('sha256:', '')}`
}

/** @param sha256 of the plan's document, 64 hexadecimal digits */
export function planTag(sha256: string): string {
  return `plan-${sha256}`
}
