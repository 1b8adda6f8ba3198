import type { Contents } from './content.ts'
import type { PrunePlan } from './model.ts'
import type { PruneSettings } from './settings.ts'

/**
 * Decides what goes: in public repositories first, then in the cache repository by what stays public.
 * @returns a plan for each repository, in the order of deletion: the cache repository is the last
 */
export function planPrune(_contents: Contents, _settings: PruneSettings, _now: Date): PrunePlan[] {
  throw new Error('not yet')
}
