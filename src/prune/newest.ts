import { remembered } from '../plan/index.ts'
import type { Digest } from '../registry/index.ts'
import type { Entry } from './content.ts'

type Aged = Pick<Entry, 'digest' | 'tags' | 'families' | 'created' | 'configured'>

/** @returns the newest of each family; what has no date is older than all that have one */
export function newestOf(entries: Iterable<Aged>, keep: number): Set<Digest> {
  const families = new Map<string, Aged[]>()
  for (const entry of entries)
    for (const family of entry.families) remembered(families, family, (): Aged[] => []).push(entry)
  return new Set(
    [...families.values()].flatMap((members) =>
      members
        .sort(newestFirst)
        .slice(0, keep)
        .map(({ digest }) => digest),
    ),
  )
}

function newestFirst(left: Aged, right: Aged): number {
  return (
    order(right.created, left.created) ||
    order(right.configured, left.configured) ||
    order(left.tags[0] ?? null, right.tags[0] ?? null)
  )
}

function order(left: string | null, right: string | null): number {
  if (left === right) return 0
  return (left ?? '') < (right ?? '') ? -1 : 1
}
