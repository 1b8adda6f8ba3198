import { copyWarning, type Excluded, type PlannedImage, type PlannedLeg } from '../plan/index.ts'
import { familiarReference, type Repository } from '../registry/index.ts'
import type { MovedTag } from './roll-back.ts'
import type { LegReport } from '../store/index.ts'
import type { Retried } from '../system/index.ts'

/** How a leg ended. */
export type LegState =
  /** Built and verified in this run; also staged, if anything is pushed. */
  | { state: 'built'; report: LegReport }
  /** Built and verified by an earlier run or another runner; the report is the stored one, if any. */
  | { state: 'staged'; report: LegReport | undefined }
  /** A gate (see the report) or the build failed, or it is not what was planned. `error` is one sentence. */
  | { state: 'failed'; error: string; report: LegReport | undefined }
  /** Not started, because another one failed, or because this run builds others. */
  | { state: 'skipped' }

/**
 * @param command builds the same by hand; undefined if nothing was built
 * @param digest of this platform's manifest in the index of the public tags; undefined if they name no
 * index. It differs from the report's if the leg was built with attestations, since it is an index then.
 * @param warnings about the leg in this run, in sentences; those about its content are in its report
 */
export type LegOutcome = {
  leg: PlannedLeg
  command?: string
  digest?: string
  warnings?: readonly string[]
} & LegState

/** The public tags that a mirror of an image has, and those of them that this run has created. */
export type MirrorOutcome = { repository: Repository; tags: string[]; added: string[] }

/** How an image ended. */
export type ImageState =
  /** Every leg is verified, and the public tags name `digest`. Default of `tags`: today's */
  | {
      state: 'published'
      digest: string
      /** This run made the digest public; without it, only tags are new */
      isNew?: true
      tags?: string[]
      mirrors?: MirrorOutcome[]
      /** The tags that named another image before */
      moved?: readonly MovedTag[]
    }
  /** Public tags, perhaps of another date, already name this content. */
  | { state: 'unchanged'; digest: string; tags?: string[]; mirrors?: MirrorOutcome[] }
  /** Built and verified; nothing is pushed. */
  | { state: 'built' }
  /** Verified and staged, without public tags: this run creates none, or another image failed. */
  | { state: 'staged' }
  /** A leg failed, which has the error, or the promotion did: `error` */
  | { state: 'failed'; error?: string }
  | { state: 'skipped' }

/** The legs are those of this run: the image's, or for `command: build` some of them. */
export type ImageOutcome = { image: PlannedImage; legs: LegOutcome[] } & ImageState

/**
 * The result of a run. `duration` in milliseconds; `error` is a sentence that concerns no single image.
 * @param command `build` stages legs for a later `promote`
 * @param retried transient failures
 * @param excluded by the plan, or because of the measured facts of a base
 */
export type Run = {
  command: 'run' | 'build' | 'promote'
  outcomes: ImageOutcome[]
  excluded: Excluded[]
  duration: number
  error?: string
  retried?: readonly Retried[]
}

/** @returns the worst state that prevents publishing; undefined if every leg is verified */
export function unfinishedState(legs: readonly LegOutcome[]): 'failed' | 'skipped' | undefined {
  return (['failed', 'skipped'] as const).find((state) => legs.some((leg) => leg.state === state))
}

export function reportOf(outcome: LegOutcome): LegReport | undefined {
  return outcome.state === 'skipped' ? undefined : outcome.report
}

/** @returns the warnings about a leg and its content */
export function warningsAbout(outcome: LegOutcome): string[] {
  const ofReport = reportOf(outcome)?.warnings ?? []
  return [copyWarning(outcome.leg.base) ?? [], outcome.warnings ?? [], ofReport].flat()
}

/** @returns the digest that the public tags of the image name; undefined if there are none */
export function publicDigest(outcome: ImageOutcome): string | undefined {
  return outcome.state === 'published' || outcome.state === 'unchanged' ? outcome.digest : undefined
}

/** @returns the digest to pull this leg by: the public one if there is one, else the staged one */
export function legDigest(image: ImageOutcome, outcome: LegOutcome): string | undefined {
  const alone = image.image.legs.length === 1 ? publicDigest(image) : undefined
  return outcome.digest ?? alone ?? reportOf(outcome)?.digest ?? undefined
}

/** @returns the public tags for a pull command, except those that this run did not check */
export function publicTags(outcome: ImageOutcome): string[] {
  if (publicDigest(outcome) === undefined) return []
  return tagNames(outcome).map((tag) => familiarReference({ ...outcome.image.repository, tag }))
}

/** @returns what its mirrors have; none before its public tags exist */
export function mirrorsOf(outcome: ImageOutcome): MirrorOutcome[] {
  return ('mirrors' in outcome ? outcome.mirrors : undefined) ?? []
}

/** @returns the public tags that this run moved from other images */
export function movedTags(outcome: ImageOutcome): readonly MovedTag[] {
  return (outcome.state === 'published' ? outcome.moved : undefined) ?? []
}

/** @returns the names of the public tags that the image has, or would have */
export function tagNames(outcome: ImageOutcome): string[] {
  return ('tags' in outcome ? outcome.tags : undefined) ?? outcome.image.tags
}

/** @returns whether no gate was judged, as with `verify: false` */
export function isUnverified(legs: readonly LegOutcome[]): boolean {
  const reports = legs.flatMap((leg) => reportOf(leg) ?? [])
  return reports.some(
    ({ gates }) => gates.length > 0 && gates.every(({ state }) => state === 'not applicable'),
  )
}
