import { remembered } from '../plan/index.ts'
import type { Digest } from '../registry/index.ts'
import { parseTag } from '../store/index.ts'
import type { Content } from './content.ts'

/** Which digests a digest needs, or is needed by */
export type Needs = ReadonlyMap<Digest, readonly Digest[]>

/**
 * @returns digest → what must stay with it: the parts of an index, the report and the rest of a leg, what
 *   a young plan relies on; with a copy of a base the index that finds it by its name upstream; and
 *   with an image its verifications
 */
export function needsIn({ entries, tags }: Content): Needs {
  const needs = new Map<Digest, Digest[]>()
  for (const entry of entries.values())
    needs.set(entry.digest, [...entry.parts, ...entry.needs.flatMap((tag) => tags.get(tag) ?? [])])
  for (const { digest, kind, parts } of entries.values())
    if (kind === 'base-named') for (const copy of parts) needs.get(copy)?.push(digest)
  for (const { digest, image } of verificationsIn(entries)) needs.get(image)?.push(digest)
  return needs
}

/** @returns each verification, and the image that its tags name */
function verificationsIn(entries: Content['entries']): { digest: Digest; image: Digest }[] {
  return [...entries.values()].flatMap(({ digest, kind, tags }) =>
    kind === 'verified' ? verifiedImages(tags).map((image) => ({ digest, image })) : [],
  )
}

/** @returns the images that tags `verified-…` are about */
export function verifiedImages(tags: readonly string[]): Digest[] {
  return tags.flatMap((tag) => {
    const stored = parseTag(tag)
    return stored?.kind === 'verified' ? [stored.digest] : []
  })
}

/**
 * @param among digests that go
 * @returns digest → those of them that must go before it. The name of a copy goes before the copy
 */
export function neededByIn({ entries, tags }: Content, among: ReadonlySet<Digest>): Needs {
  const neededBy = new Map<Digest, Digest[]>()
  for (const digest of among) {
    const entry = entries.get(digest)
    const needed = new Set([
      ...(entry?.parts ?? []),
      ...(entry?.needs ?? []).flatMap((tag) => tags.get(tag) ?? []),
    ])
    for (const one of needed) remembered(neededBy, one, (): Digest[] => []).push(digest)
  }
  for (const { digest, image } of verificationsIn(entries))
    if (among.has(digest) && among.has(image)) remembered(neededBy, digest, (): Digest[] => []).push(image)
  return neededBy
}
