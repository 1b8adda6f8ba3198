import type { Excluded, PlannedImage, PlannedLeg } from '../plan/index.ts'
import { familiarReference } from '../registry/index.ts'
import type { LegReport } from '../store/index.ts'
import type { Retried } from '../system/index.ts'

/** How a leg ended. */
export type LegState =
  /** Built and verified in this run; staged as well, if anything is pushed. */
  | { state: 'built'; report: LegReport }
  /** Built and verified by an earlier run or another runner; the report is the stored one, if there is one. */
  | { state: 'staged'; report: LegReport | undefined }
  /** A gate failed (then the report has it), the build did, or it is not what was planned. `error` is one sentence. */
  | { state: 'failed'; error: string; report: LegReport | undefined }
  /** Not begun, because another one failed before, or because this run builds others. */
  | { state: 'skipped' }

/**
 * @param command what a user types to build the same by hand; undefined where nothing was built
 * @param digest of this platform's manifest in the index that the public tags name; undefined where they name no index.
 * It is not the one in the report where the leg was built with attestations, which makes the leg an index of its own.
 * @param warnings about the leg in this run, a sentence or two each; those about its content are in its report
 */
export type LegOutcome = {
  leg: PlannedLeg
  command?: string
  digest?: string
  warnings?: readonly string[]
} & LegState

/** How an image ended, beyond its legs. */
export type ImageState =
  /** Every leg is verified, and the public tags are made: `tags`, today's if left out, which name `digest`. */
  | { state: 'published'; digest: string; tags?: string[] }
  /** Public tags, perhaps of another date, named this content already. */
  | { state: 'unchanged'; digest: string; tags?: string[] }
  /** Built and verified, not pushed because nothing shall be. */
  | { state: 'built' }
  /** Verified and staged, without public tags: they are not the business of this run, or another image failed. */
  | { state: 'staged' }
  /** A leg failed (then that one says why, and `error` is undefined), or its promotion did. */
  | { state: 'failed'; error?: string }
  | { state: 'skipped' }

/** The legs are those that this run has to do with, all of the image's but for `command: build`. */
export type ImageOutcome = { image: PlannedImage; legs: LegOutcome[] } & ImageState

/**
 * A run as it is shown. `duration` in milliseconds, `error` a sentence about what belongs to no image.
 * @param command what was asked for: `build` stages legs for a later `promote`
 * @param retried what failed and was tried again
 * @param excluded what the plan left out, and what turned out to be impossible from the facts of a base
 */
export type Run = {
  command: 'run' | 'build' | 'promote'
  outcomes: ImageOutcome[]
  excluded: Excluded[]
  duration: number
  error?: string
  retried?: readonly Retried[]
}

/** @returns what keeps an image from being published, the worst there is; undefined if every leg is verified */
export function unfinishedState(legs: readonly LegOutcome[]): 'failed' | 'skipped' | undefined {
  return (['failed', 'skipped'] as const).find((state) => legs.some((leg) => leg.state === state))
}

export function reportOf(outcome: LegOutcome): LegReport | undefined {
  return outcome.state === 'skipped' ? undefined : outcome.report
}

/** @returns what is said about a leg and its content */
export function warningsAbout(outcome: LegOutcome): string[] {
  return [...(outcome.warnings ?? []), ...(reportOf(outcome)?.warnings ?? [])]
}

/** @returns the digest that the public tags of the image name; undefined where they name none */
export function publicDigest(outcome: ImageOutcome): string | undefined {
  return outcome.state === 'published' || outcome.state === 'unchanged' ? outcome.digest : undefined
}

/** @returns the digest by which this leg can be pulled: from the public repository if it is there, else as it was staged */
export function legDigest(image: ImageOutcome, outcome: LegOutcome): string | undefined {
  const alone = image.image.legs.length === 1 ? publicDigest(image) : undefined
  return outcome.digest ?? alone ?? reportOf(outcome)?.digest ?? undefined
}

/** @returns the public tags as a pull command takes them; none that this run can't vouch for */
export function publicTags(outcome: ImageOutcome): string[] {
  if (publicDigest(outcome) === undefined) return []
  return tagNames(outcome).map((tag) => familiarReference({ ...outcome.image.repository, tag }))
}

/** @returns the public tags that the image has, or would have */
export function tagNames(outcome: ImageOutcome): string[] {
  const isThere = outcome.state === 'published' || outcome.state === 'unchanged'
  return (isThere ? outcome.tags : undefined) ?? outcome.image.tags
}

/** @returns whether nothing of it was judged, as with `verify: false` */
export function isUnverified(legs: readonly LegOutcome[]): boolean {
  const reports = legs.flatMap((leg) => ('report' in leg && leg.report ? [leg.report] : []))
  return reports.some(
    ({ gates }) => gates.length > 0 && gates.every(({ state }) => state === 'not applicable'),
  )
}
