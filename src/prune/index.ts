/** Tidies repositories: which digests go, and why the others stay. */
export type { Content, Contents } from './content.ts'
export { datedTag } from './decide-public.ts'
export { tagsOfBase } from './entries.ts'
export {
  type Gone,
  type KeptBecause,
  keptBecause,
  type PrunedKind,
  type PrunePlan,
  storedKinds,
} from './model.ts'
export { planPrune } from './plan-prune.ts'
export { readForPrune } from './read.ts'
export type { PruneSettings } from './settings.ts'
export type { PruneRequest, PruneWorld } from './world.ts'
