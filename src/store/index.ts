export { openActionsCache } from './artifacts/actions-cache.ts'
export { openModes } from './artifacts/archive.ts'
export type { ArtifactStore } from './artifacts/artifact-store.ts'
export { artifactProblem, contentFolder, determinantsFile, determinantsText } from './artifacts/check.ts'
export { knownFrom } from './facts.ts'
export type { Inventories } from './inventories.ts'
export { type LayerCache, type Layers, pinLayers } from './layers.ts'
export { failedGates, type LegReport, serialiseReport, type StepTime } from './leg-report.ts'
export type { CandidatePlace } from './legs.ts'
export { readReportHead, type ReportHead, tagsOfPlan } from './needs.ts'
export { type PlanPlace, readPlan, type StoredPlan } from './plans.ts'
export {
  copyTag,
  documents,
  factsTag,
  inventoryTag,
  layersTag,
  parseTag,
  type ReportedLeg,
  reportTag,
  stagedTag,
  type StoredTag,
  type Verification,
  verifiedTag,
} from './contents.ts'
export { type FoundReport, isUnreadable, type Subject } from './reports.ts'
export type { AgedLeg, Staged } from './staged-leg.ts'
export { createStore, createStoreReader, type Store, type StoreReader } from './store.ts'
export { isPassing, type VerifiedRecord } from './verified.ts'
