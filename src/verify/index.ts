export { layerSizes } from './added-bytes.ts'
export { baseNixl } from './base-nixl.ts'
export { checkClaims } from './base-tag.ts'
export type { Candidate } from './candidate.ts'
export { completed } from './completed.ts'
export { type ComponentName, componentSchema, componentsOf, nixlPlugin } from './components.ts'
export { conditionSchema, conditionsOf } from './conditions.ts'
export { packagesObjection } from './debug-tools.ts'
export { addedPackages, replacedPackages } from './environment.ts'
export {
  type BaseFacts,
  baseFactsSchema,
  type Facts,
  factsSchema,
  integrationModes,
  type LegFacts,
} from './facts.ts'
export {
  acceptedHint,
  allGateNames,
  type BlockingGate,
  type Gate,
  type GateName,
  gateNames,
  type GateState,
  isBlocking,
  rejudge,
  verdict,
  waive,
} from './gate.ts'
export { extraContents } from './extra-contents.ts'
export { type GpuFacts, probeAnswers, type Probed, type ProbeName, probeNames } from './gpu/gpu-facts.ts'
export { gpuGates } from './gpu/judge-gpu.ts'
export { expectedArchitectures, toolkitObjection } from './gpu-architectures.ts'
export { warningsOf } from './integration.ts'
export { judgeBase, judgeFacts } from './judge.ts'
export { type ExistingFacts, type Expectation, judgeExisting, type KnownOfBase } from './judge-existing.ts'
export { conditionsLabel, labelsOf, waivedLabel } from './labels.ts'
export { type LabelledLeg, readLabelledLeg, sourceOf } from './labelled-leg.ts'
export { judgeManifest } from './manifest.ts'
export { type Labelled, readLabels } from './read-labels.ts'
export { applyRules, applyRulesToReport, type Rules, unjudgedGates } from './rules.ts'
export { fittingLocalParts, localPart } from './versions.ts'
