import type { Digest, Repository } from '../registry/index.ts'

/** What a repository has under its tags. Small: a repository may have ten thousand of them. */
export type Content = {
  repository: Repository
  /** Every tag that was read, of whatever grammar, with the digest that it named */
  tags: ReadonlyMap<string, Digest>
}

/** The cache repository, and the public repositories that are pruned, too. */
export type Contents = { cache: Content; pruned: readonly Content[] }
