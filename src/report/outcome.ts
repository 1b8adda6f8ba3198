import { engines } from '../plan/engine.ts'
import type { PlannedImage } from '../plan/plan.ts'
import { familiarReference } from '../registry/reference.ts'
import type { LegReport } from './leg-report.ts'

/** How an image ended. */
export type ImageState =
  /** Built, verified, and its public tags are made. `digest` is what they name. */
  | { state: 'published'; digest: string; report: LegReport }
  /** The tags named this content already; the report is the stored one, if there is one. */
  | { state: 'unchanged'; digest: string; report: LegReport | undefined }
  /** Built and verified, not pushed because nothing shall be. */
  | { state: 'built'; report: LegReport }
  /** Verified and staged, but without public tags, because another image failed. */
  | { state: 'staged'; report: LegReport }
  /** A gate failed (then the report has it), or the build did. `error` is one sentence. */
  | { state: 'failed'; error: string; report: LegReport | undefined }
  /** Not begun, because the run ended before. */
  | { state: 'skipped' }

/** @param command what a user types to build the same image by hand */
export type ImageOutcome = { image: PlannedImage; command?: string } & ImageState

/** A run as it is shown. `duration` in milliseconds, `error` a sentence about what belongs to no image. */
export type Run = { outcomes: ImageOutcome[]; duration: number; error?: string }

/** @returns `vLLM v0.10.2` */
export function titleOf({ image: { leg } }: ImageOutcome): string {
  return `${engines[leg.engine].title} ${leg.version.tag}`
}

export function reportOf(outcome: ImageOutcome): LegReport | undefined {
  return outcome.state === 'skipped' ? undefined : outcome.report
}

/** @returns the digest that the public tags of the image name; undefined where they name none */
export function publicDigest(outcome: ImageOutcome): string | undefined {
  return outcome.state === 'published' || outcome.state === 'unchanged' ? outcome.digest : undefined
}

/** @returns the public tags as a pull command takes them; none that this run can't vouch for */
export function publicTags(outcome: ImageOutcome): string[] {
  if (publicDigest(outcome) === undefined) return []
  return outcome.image.tags.map((tag) => familiarReference({ ...outcome.image.repository, tag }))
}
