import type { Content, Gone, PrunePlan } from '../../prune/index.ts'
import type { Digest } from '../../registry/index.ts'
import type { PrunedRepository, PruneFate } from '../../report/index.ts'

/** A repository, what goes there, and what became of it so far. */
export type Place = { content: Content; plan: PrunePlan; fates: Map<Digest, PruneFate> }

/** What stays after all, in any repository → a reason. */
export type Held = Map<Digest, string>

/** @param contents in the order of `plans` */
export function placesOf(contents: readonly Content[], plans: readonly PrunePlan[]): Place[] {
  return contents.flatMap((content, index) => {
    const plan = plans[index]
    return plan ? [{ content, plan, fates: new Map() }] : []
  })
}

/** Holds a digest and the parts of its index: a leg stays with the public image that has it. */
export function hold(digest: Digest, why: string, { entries }: Pick<Content, 'entries'>, held: Held): void {
  if (held.has(digest)) return
  held.set(digest, why)
  for (const part of entries.get(digest)?.parts ?? []) hold(part, why, { entries }, held)
}

/** @returns why a digest stays because of others; undefined if nothing holds it */
export function heldBecause(
  { digest, neededBy }: Pick<Gone, 'digest' | 'neededBy'>,
  { entries }: Pick<Content, 'entries'>,
  held: Held,
): string | undefined {
  const own = withParts(digest, { entries }).find((one) => held.has(one))
  if (own !== undefined) return held.get(own)
  const other = neededBy.find((one) => held.has(one))
  return other === undefined ? undefined : `${other} stays and needs it`
}

/** @returns the digest, and those of all that an index names, and of indexes in it */
function withParts(digest: Digest, { entries }: Pick<Content, 'entries'>): Digest[] {
  const parts = entries.get(digest)?.parts ?? []
  return [digest, ...parts.flatMap((part) => withParts(part, { entries }))]
}

export function resultOf({ plan: { repository, kept, bytes, gone }, fates }: Place): PrunedRepository {
  const left: PruneFate = { state: 'left' }
  return {
    ...{ repository, kept, bytes },
    gone: gone.map((one) => ({ ...one, fate: fates.get(one.digest) ?? left })),
  }
}
