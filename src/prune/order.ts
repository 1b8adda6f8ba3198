import type { Digest } from '../registry/index.ts'
import type { Entry } from './content.ts'
import type { PrunedKind } from './model.ts'
import type { Needs } from './needs.ts'

/** What is found by others last; of two kinds that do not need each other, the first goes first */
const ranks: readonly PrunedKind[] = [
  ...(['image', 'plan', 'candidate', 'build', 'report', 'verified', 'layers'] as const),
  ...(['wheel', 'extension', 'ucx'] as const),
  ...(['facts', 'base-named', 'base', 'inventory', 'part'] as const),
]

const rankOf = ({ kind }: Entry): number => ranks.indexOf(kind ?? 'part')

/**
 * @returns the entries in the order of deletion: each after all that need it, and the parts of an index
 *   right after it, since a prune that is ended in between no longer finds them
 */
export function inOrder(gone: readonly Entry[], neededBy: Needs): Entry[] {
  const byDigest = new Map(gone.map((entry) => [entry.digest, entry]))
  const ordered = new Set<Entry>()
  const begun = new Set<Digest>()
  const isNext = (digest: Digest): boolean =>
    (neededBy.get(digest) ?? []).every((other) => {
      const entry = byDigest.get(other)
      return entry === undefined || ordered.has(entry)
    })
  const place = (entry: Entry): void => {
    if (begun.has(entry.digest)) return
    begun.add(entry.digest)
    for (const digest of neededBy.get(entry.digest) ?? []) {
      const first = byDigest.get(digest)
      if (first) place(first)
    }
    ordered.add(entry)
    for (const digest of entry.parts) {
      const part = byDigest.get(digest)
      if (part?.kind === 'part' && isNext(digest)) place(part)
    }
  }
  for (const entry of gone.toSorted(byRank)) place(entry)
  return [...ordered]
}

function byRank(left: Entry, right: Entry): number {
  const [first, second] = [left, right].map(({ tags, digest }) => tags[0] ?? digest)
  return rankOf(left) - rankOf(right) || ((first ?? '') < (second ?? '') ? -1 : 1)
}
