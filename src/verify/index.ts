export { layerSizes } from './added-bytes.ts'
export { judgeAgain, type Rules, unjudgedGates } from './again.ts'
export { baseNixl } from './base-nixl.ts'
export { heldClaims } from './base-tag.ts'
export type { Candidate } from './candidate.ts'
export { type ComponentName, componentSchema, componentsOf, nixlPlugin } from './components.ts'
export { type Condition, conditionSchema, conditionsOf } from './conditions.ts'
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
  type BlockingGate,
  type Gate,
  type GateName,
  gateNames,
  type GateState,
  isBlocking,
  notApplicable,
  verdict,
  waive,
} from './gate.ts'
export { expectedArchitectures, toolkitObjection } from './gpu-architectures.ts'
export { packagesObjection, warningsOf } from './integration.ts'
export { judgeBase, judgeFacts } from './judge.ts'
export { conditionsLabel, labelsOf, waivedLabel } from './labels.ts'
export { judgeManifest } from './manifest.ts'
export { fittingLocalParts, localPart } from './versions.ts'
