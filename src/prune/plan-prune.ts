import type { Digest } from '../registry/index.ts'
import { inventoryTag } from '../store/index.ts'
import type { Content, Contents } from './content.ts'
import { decidePrune } from './decide-cache.ts'
import { buildTimesIn, decidePublic } from './decide-public.ts'
import type { PrunePlan } from './model.ts'
import type { PruneSettings } from './settings.ts'

/**
 * Decides what goes: in public repositories first, then in the cache repository by what stays public.
 * @returns a plan for each repository, in the order of deletion: the cache repository is the last
 */
export function planPrune(
  { cache, pruned, published }: Contents,
  settings: PruneSettings,
  now: Date,
): PrunePlan[] {
  const times = buildTimesIn(cache)
  const plans = pruned.map((content) => ({ content, plan: decidePublic(content, times, settings, now) }))
  const digests = [
    ...published.flatMap((one) => [...one.digests]),
    ...plans.flatMap(({ content, plan }) => stayingIn(content, plan)),
  ]
  const repositories = [...published, ...pruned].map(({ repository }) => repository)
  const inventories = new Set(repositories.map(inventoryTag))
  const roots = { published: new Set(digests), inventories }
  return [...plans.map(({ plan }) => plan), decidePrune(cache, roots, settings, now)]
}

function stayingIn({ entries }: Content, { gone }: PrunePlan): Digest[] {
  const going = new Set(gone.map(({ digest }) => digest))
  return [...entries.keys()].filter((digest) => !going.has(digest))
}
