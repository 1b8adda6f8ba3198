export { annotationsOf } from './annotations.ts'
export { newlyPublished, newlyTagged } from './attestation/newly-published.ts'
export type { Statement, TestedImage } from './attestation/test-result.ts'
export { summaryLimit } from './fit.ts'
export { makeReport, stepTimes } from './make-report.ts'
export { matrixOutput, type RunsOn, verifyMatrixOutput } from './matrix.ts'
export {
  type ImageOutcome,
  type LegOutcome,
  type LegState,
  publicDigest,
  type Run,
  unfinishedState,
} from './outcome.ts'
export { outputsOf } from './outputs.ts'
export { updateReleaseNotes } from './release-notes.ts'
export { causeText } from './summary/cause-part.ts'
export { tally } from './summary/gates-part.ts'
export { renderPlanSummary } from './summary/plan-summary.ts'
export { renderSummary } from './summary/summary.ts'
export type { Pruned, PrunedRepository, PruneFate, PruneRun } from './prune/prune-run.ts'
export { annotationsOfTagRun } from './tag/tag-annotations.ts'
export { tagOutputs } from './tag/tag-outputs.ts'
export type { MovedTag } from './roll-back.ts'
export type { TaggedImage, TaggedMirror, TaggedPlatform, TagFate, TagRun } from './tag/tag-run.ts'
export { renderTagSummary } from './tag/tag-summary.ts'
export { annotationsOfVerifyRun } from './verify/verify-annotations.ts'
export type { VerifiedImage, VerifyRun } from './verify/verify-run.ts'
export { renderVerifySummary } from './verify/verify-summary.ts'
export { titledLegs, titlesOf } from './titles.ts'
