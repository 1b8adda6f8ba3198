import type { RegistryClient } from '../registry/client.ts'
import { formatRepository, type Repository } from '../registry/reference.ts'

/** Knows which tags a repository has, from one list of them instead of a request for each tag. */
export type TagIndex = {
  list: (repository: Repository) => Promise<string[]>
  has: (repository: Repository, tag: string) => Promise<boolean>
}

/** Each repository is asked once, and only when something about it is asked. */
export function createTagIndex(registry: Pick<RegistryClient, 'listTags'>): TagIndex {
  const lists = new Map<string, Promise<{ all: string[]; set: Set<string> }>>()
  const tagsOf = (repository: Repository) => {
    const name = formatRepository(repository)
    const known = lists.get(name) ?? registry.listTags(repository).then((all) => ({ all, set: new Set(all) }))
    lists.set(name, known)
    return known
  }
  return {
    list: async (repository) => (await tagsOf(repository)).all,
    has: async (repository, tag) => (await tagsOf(repository)).set.has(tag),
  }
}
