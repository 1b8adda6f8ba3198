import type { Engine } from '../plan/index.ts'
import type { Digest, Repository } from '../registry/index.ts'
import type { PrunedKind } from './model.ts'

/** One manifest of a repository, and what is decided by. Small: a repository may have ten thousand. */
export type Entry = {
  digest: Digest
  /** In code unit order; none for what only an index names */
  tags: readonly string[]
  /** null: a tag of it is not of this action's grammar, or its content is not what a tag says */
  kind: PrunedKind | null
  /** Names of families of which the newest stay */
  families: readonly string[]
  /** Of a leg, by its reports */
  engines: readonly Engine[]
  /** When it was stored; of a leg, when its report was. RFC 3339, UTC; null: undated */
  created: string | null
  /** The time in its configuration, which may be long before it was stored; null: none, or not read */
  configured: string | null
  /** Manifests that an index names */
  parts: readonly Digest[]
  /** Tags in this repository of what it needs besides its parts, whether they exist or not */
  needs: readonly string[]
  /** What it is about (OCI image specification 1.1, `subject`) */
  subject: Digest | null
  /** Bytes of the manifest */
  size: number
  /** Positions in `Content.blobs` */
  blobs: readonly number[]
}

/** What a repository has under its tags. */
export type Content = {
  repository: Repository
  /** Every tag that was read, of whatever grammar, with the digest that it named */
  tags: ReadonlyMap<string, Digest>
  /** Every manifest under these tags, and all that they name */
  entries: ReadonlyMap<Digest, Entry>
  /** Bytes of each blob */
  blobs: readonly number[]
  /** What something of others refers to, by the registry's list of referrers */
  referred: ReadonlySet<Digest>
}

/** What is published in a repository that is not pruned itself. */
export type Published = { repository: Repository; digests: ReadonlySet<Digest> }

/** The cache repository, the public repositories that are pruned, and the others. */
export type Contents = { cache: Content; pruned: readonly Content[]; published: readonly Published[] }
