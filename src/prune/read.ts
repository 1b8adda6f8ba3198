import { type Digest, formatRepository } from '../registry/index.ts'
import type { Content, Contents, Published } from './content.ts'
import { planPrune } from './plan-prune.ts'
import { readCache } from './read-cache.ts'
import { readPruned, readPublished } from './read-published.ts'
import { withReferrers } from './referrers.ts'
import type { PruneSettings } from './settings.ts'
import type { PruneRequest, PruneWorld } from './world.ts'

/**
 * Reads what a prune decides by: all tags, manifests and what they name, the reports of legs, young
 * plans, and what refers to what would go. The cache repository is read first, so that what is
 * published meanwhile keeps its legs.
 * @throws UserError if anything of it cannot be read: nothing is deleted then
 */
export async function readForPrune(request: PruneRequest, world: PruneWorld): Promise<Contents> {
  const { cacheRepository, prunePublic } = request
  const cache = await readCache(cacheRepository, request, world)
  const pruned: Content[] = []
  for (const repository of prunePublic) pruned.push(await readPruned(repository, world))
  const names = prunePublic.map(formatRepository)
  const others = request.published.filter((repository) => !names.includes(formatRepository(repository)))
  const known = new Map<Digest, readonly Digest[]>()
  const published: Published[] = []
  for (const repository of others) published.push(await readPublished(repository, world, known))
  const contents = { cache, pruned, published }
  return asked(contents, request, world)
}

/** Asks for referrers of what would go without them. */
async function asked(contents: Contents, settings: PruneSettings, world: PruneWorld): Promise<Contents> {
  const plans = planPrune(contents, settings, world.now)
  const all = [...contents.pruned, contents.cache]
  const answered: Content[] = []
  for (const [index, plan] of plans.entries()) {
    const content = all[index]
    if (content) answered.push(await withReferrers(content, plan, world))
  }
  const cache = answered.pop() ?? contents.cache
  return { ...contents, pruned: answered, cache }
}
