import type { BaseImage, Leg } from '../plan/plan.ts'

type Named = Pick<Leg, 'buildId' | 'architecture'>

/**
 * Built and pushed, not judged to the end. Each run has one of its own: on one engine, the first of two runs to end would
 * remove the other's image by its name.
 * @param run 8 hexadecimal digits
 */
export function candidateTag({ buildId, architecture }: Named, run: string): string {
  return `candidate-${buildId}-${architecture}-${run}`
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

/**
 * The layer cache. A base is for one platform, and BuildKit takes a layer only on top of the very same base: legs on one base share
 * it as they share their first layers, and another NIXL or AIBrix finds what the one before left.
 */
export function layersTag({ manifestDigest }: Pick<BaseImage, 'manifestDigest'>): string {
  return `layers-${manifestDigest.replace('sha256:', '')}`
}

/** @param sha256 of the plan's document, 64 hexadecimal digits */
export function planTag(sha256: string): string {
  return `plan-${sha256}`
}
