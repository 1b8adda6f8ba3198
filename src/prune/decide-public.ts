import { isDay } from '../plan/index.ts'
import type { Digest } from '../registry/index.ts'
import type { Content, Entry } from './content.ts'
import type { KeptBecause, PrunePlan } from './model.ts'
import { newestOf } from './newest.ts'
import { referredIn } from './referred.ts'
import { endOfDay, isYoung, latest, type PruneSettings } from './settings.ts'
import { rootsOf, settle } from './settle.ts'

/** When legs were built: digest of a leg or of its image → time in RFC 3339, UTC */
export type BuildTimes = ReadonlyMap<Digest, string>

/** @returns when the legs of a cache repository were built, by their reports */
export function buildTimesIn({ entries }: Content): BuildTimes {
  const times = new Map<Digest, string>()
  for (const { digest, kind, parts, created } of entries.values())
    if (kind === 'build' && created !== null) for (const one of [digest, ...parts]) times.set(one, created)
  return times
}

/**
 * Decides what of a public repository goes: images of this action under no other than dated tags. An
 * image is as old as the youngest of its legs or its configurations, and not older than its tags.
 */
export function decidePublic(
  content: Content,
  times: BuildTimes,
  settings: PruneSettings,
  now: Date,
): PrunePlan {
  const dated = new Map([...content.entries].map(([digest, entry]) => [digest, datedBy(entry, times)]))
  const newest = newestOf(dated.values(), settings.keep)
  const referred = referredIn(content)
  const reasonOf = (entry: Entry): KeptBecause | undefined => {
    const { digest, kind, tags } = entry
    if (kind === null) return 'foreign'
    if (kind === 'part') return referred.has(digest) ? 'referred' : undefined
    if (!tags.every((tag) => datedTag(tag))) return 'public'
    const published = { created: publishedAt(entry), configured: null }
    if ([entry, published].some((dated) => isYoung(dated, settings, now))) return 'young'
    if (newest.has(digest)) return 'newest'
    return referred.has(digest) ? 'referred' : undefined
  }
  const all = { ...content, entries: dated }
  return settle(all, rootsOf(all, reasonOf))
}

function datedBy(entry: Entry, times: BuildTimes): Entry {
  if (entry.kind !== 'image') return entry
  const tags = entry.tags.flatMap((tag) => datedTag(tag) ?? [])
  const built = [entry.digest, ...entry.parts].map((digest) => times.get(digest) ?? null)
  const created = latest([...built, entry.configured]) ?? publishedAt(entry)
  return { ...entry, created, families: tags.map(({ family }) => family) }
}

/** @returns the end of the latest day in its tags */
function publishedAt({ tags }: Entry): string | null {
  return latest(tags.flatMap((tag) => datedTag(tag) ?? []).map(({ day }) => endOfDay(day)))
}

/** @returns the tag without its date, and the date; undefined for a tag that does not end in one */
export function datedTag(tag: string): { family: string; day: string } | undefined {
  const [, family, day] = /^(.+)-(\d{8})$/.exec(tag) ?? []
  return family !== undefined && day !== undefined && isDay(day) ? { family, day } : undefined
}
