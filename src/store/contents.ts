import type { BaseImage, Leg } from '../plan/index.ts'

/** What a staged leg is known by. */
export type NamedLeg = Pick<Leg, 'buildId' | 'architecture'>

const mebibyte = 1024 * 1024

/**
 * Documents of the cache repository: the media type of each, and the most bytes that are read of it. docs/cache.md has the
 * same table for people.
 */
export const documents = {
  /** A plan of 256 legs has about 2 MB */
  plan: { type: 'application/vnd.aibrix.image-action.plan.v1+json', limit: 16 * mebibyte },
  /** Those of a base with 500 packages have about 60 kB */
  facts: { type: 'application/vnd.aibrix.image-action.facts.v1+json', limit: 4 * mebibyte },
  /** A report has about 50 kB */
  report: { type: 'application/vnd.aibrix.image-action.report.v1+json', limit: 4 * mebibyte },
  /** A stage artifact is in memory as a whole; real wheels and UCX have a few MB */
  artifact: { type: 'application/vnd.aibrix.image-action.artifact.v1.tar+gzip', limit: 128 * mebibyte },
} as const

/** Tells when something is written. */
export type Now = () => Date

/** Version of what a document has in it; another one is not read. */
export const formats = { plan: 1, report: 2 } as const

/**
 * Built and pushed, not judged to the end. Each run has one of its own: on one engine, the first of two runs to end would
 * remove the other's image by its name.
 * @param run 8 hexadecimal digits
 */
export function candidateTag({ buildId, architecture }: NamedLeg, run: string): string {
  return `candidate-${buildId}-${architecture}-${run}`
}

/** Judged. Only this tag means verified. */
export function stagedTag({ buildId, architecture }: NamedLeg): string {
  return `build-${buildId}-${architecture}`
}

export function reportTag({ buildId, architecture }: NamedLeg): string {
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
