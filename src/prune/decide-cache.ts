import type { Digest } from '../registry/index.ts'
import type { Content, Entry } from './content.ts'
import type { KeptBecause, PrunePlan } from './model.ts'
import { verifiedImages } from './needs.ts'
import { newestOf } from './newest.ts'
import { referredIn } from './referred.ts'
import { isYoung, type PruneSettings } from './settings.ts'
import { rootsOf, settle } from './settle.ts'

/** What the cache repository is kept for. */
export type CacheRoots = {
  /** All digests that stay public, of images and of their parts */
  published: ReadonlySet<Digest>
  /** Tags of what is kept about public repositories */
  inventories: ReadonlySet<string>
}

/** Decides what of the cache repository goes. A digest goes only with all of its tags. */
export function decidePrune(
  content: Content,
  { published, inventories }: CacheRoots,
  settings: PruneSettings,
  now: Date,
): PrunePlan {
  const newest = newestOf(content.entries.values(), settings.keep)
  const referred = referredIn(content)
  const reasonOf = (entry: Entry): KeptBecause | undefined => {
    const { digest, kind, engines, parts, tags } = entry
    if (kind === null) return 'foreign'
    if (!engines.every((engine) => settings.engines.includes(engine))) return 'unselected'
    // A part stays with its index, unless something refers to it itself.
    if (kind === 'part') return referred.has(digest) ? 'referred' : undefined
    if ([digest, ...parts, ...verifiedImages(tags)].some((one) => published.has(one))) return 'public'
    if (isYoung(entry, settings, now)) return 'young'
    if (newest.has(digest)) return 'newest'
    if (referred.has(digest)) return 'referred'
    return tags.some((tag) => inventories.has(tag)) ? 'needed' : undefined
  }
  return settle(content, rootsOf(content, reasonOf))
}
