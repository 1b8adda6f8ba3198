import { type Digest, formatRepository } from '../registry/index.ts'
import { parseTag, reportTag } from '../store/index.ts'
import type { Content, Entry } from './content.ts'
import {
  type Gone,
  type KeptBecause,
  keptBecause,
  type PrunedKind,
  type PrunePlan,
  storedKinds,
} from './model.ts'
import { neededByIn, needsIn } from './needs.ts'
import { inOrder } from './order.ts'
import { sizeOfAll, weigh } from './weigh.ts'

type Kept = ReadonlyMap<Digest, KeptBecause>

/**
 * Settles a prune: what stays for a reason keeps all that it needs, and everything else goes.
 * @param roots what stays for a reason of its own; all that is of others
 */
export function settle(content: Content, roots: Kept): PrunePlan {
  const kept = withNeeds(content, roots)
  const rest = [...content.entries.values()].filter(({ digest }) => !kept.has(digest))
  const neededBy = neededByIn(content, new Set(rest.map(({ digest }) => digest)))
  const gone = inOrder(rest, neededBy)
  const freed = weigh(content, gone, kept)
  return {
    repository: formatRepository(content.repository),
    gone: gone.map(({ digest, kind, tags, created }, index): Gone => ({
      digest,
      kind: kind ?? 'part',
      tags,
      relies: tags.flatMap((tag) => reportOf(tag, content)),
      neededBy: neededBy.get(digest) ?? [],
      created,
      bytes: freed[index] ?? 0,
    })),
    kept: tallied(content, kept),
    bytes: { before: sizeOfAll(content), gone: freed.reduce((sum, bytes) => sum + bytes, 0) },
  }
}

function withNeeds(content: Content, roots: Kept): Kept {
  const needs = needsIn(content)
  const kept = new Map([...roots].filter(([digest]) => content.entries.has(digest)))
  // A map may grow while it is walked through.
  for (const digest of kept.keys())
    for (const needed of needs.get(digest) ?? []) if (!kept.has(needed)) kept.set(needed, 'needed')
  return kept
}

/** A leg is as old as its report, which another run may replace meanwhile. */
function reportOf(tag: string, { tags }: Content): Gone['relies'] {
  const leg = parseTag(tag)
  if (leg?.kind !== 'build') return []
  const report = reportTag(leg)
  return [{ tag: report, digest: tags.get(report) ?? null }]
}

const kinds: readonly PrunedKind[] = [...storedKinds, 'image', 'part']

function tallied({ entries }: Content, kept: Kept): PrunePlan['kept'] {
  const numbers = new Map<string, number>()
  const keyOf = (kind: PrunedKind | null, because: KeptBecause) => `${kind ?? ''} ${because}`
  for (const [digest, because] of kept) {
    const key = keyOf(entries.get(digest)?.kind ?? null, because)
    numbers.set(key, (numbers.get(key) ?? 0) + 1)
  }
  return [...kinds, null].flatMap((kind) =>
    keptBecause.flatMap((because) => {
      const digests = numbers.get(keyOf(kind, because))
      return digests === undefined ? [] : [{ kind, because, digests }]
    }),
  )
}

/** @returns the first reason of each entry that has one */
export function rootsOf(
  { entries }: Content,
  reasonOf: (entry: Entry) => KeptBecause | undefined,
): Map<Digest, KeptBecause> {
  return new Map(
    [...entries.values()].flatMap((entry) => {
      const because = reasonOf(entry)
      return because ? [[entry.digest, because] as const] : []
    }),
  )
}
