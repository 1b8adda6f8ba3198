import type { Digest } from '../registry/index.ts'

/** What a tag of the cache repository is, by its grammar in docs/cache.md. */
export const storedKinds = [
  'build',
  'report',
  'verified',
  'candidate',
  'facts',
  'extension',
  'wheel',
  'ucx',
  'layers',
  'base',
  'base-named',
  'inventory',
  'plan',
] as const

/** `image`: a dated image of this action in a public repository. `part`: of an index that goes. */
export type PrunedKind = (typeof storedKinds)[number] | 'image' | 'part'

/** Why a digest stays; the first that applies. */
export const keptBecause = [
  /** A tag that is not of this action's grammar, or content of another type than its tag says */
  'foreign',
  /** A leg of an engine that is not selected, so that nothing is known about what is public of it */
  'unselected',
  /** A public tag names it */
  'public',
  /** Younger than `keep-days`, or without a date */
  'young',
  /** One of the newest of its family, by `keep` */
  'newest',
  /** Something foreign refers to it: a signature, an attestation */
  'referred',
  /** Something that stays needs it */
  'needed',
] as const

export type KeptBecause = (typeof keptBecause)[number]

/** A digest that goes, with all of its tags. */
export type Gone = {
  digest: Digest
  kind: PrunedKind
  /** In code unit order; none for a part of an index */
  tags: readonly string[]
  /**
   * Other tags that must still name what they named when it was decided, or still be missing (null):
   * the report of a leg, by which the leg was old
   */
  relies: readonly { tag: string; digest: Digest | null }[]
  /** Others that go before it and need it: if one of them stays after all, it stays, too */
  neededBy: readonly Digest[]
  /** RFC 3339, UTC; null if undated */
  created: string | null
  /** Of its blobs that nothing names which stays, each counted once in all: what a clean-up of the registry frees */
  bytes: number
}

/** What a prune of one repository would do. Pure data: the summary and the JSON output are made of it. */
export type PrunePlan = {
  /** `docker.io/aibrix/image-cache` */
  repository: string
  /**
   * In the order of deletion, so that one that is killed leaves nothing that lacks what it needs: an
   * index before its parts, a leg before its report and what it was built with
   */
  gone: readonly Gone[]
  /** Digests that stay, by kind and reason; `foreign` has no kind */
  kept: readonly { kind: PrunedKind | null; because: KeptBecause; digests: number }[]
  /** Of all blobs that the repository's tags name, each counted once */
  bytes: { before: number; gone: number }
}
