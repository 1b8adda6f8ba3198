import { formatRepository, type RegistryClient, type Repository } from '../../registry/index.ts'

/** Knows which tags a repository has, from one list of them instead of a request for each tag. */
export type TagIndex = {
  list: (repository: Repository) => Promise<string[]>
  /**
   * Whether a repository has a tag, as its list says. A cache repository has thousands of tags, and whoever has few questions
   * about it asks for the tags themselves.
   * @param questions how many such there are
   * @returns undefined if nothing was listed because there are few
   */
  knows: (repository: Repository, tag: string, questions: number) => Promise<boolean | undefined>
}

/** Up to so many questions about a repository are asked one by one. */
const few = 4

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
    knows: async (repository, tag, questions) => {
      if (questions <= few && !lists.has(formatRepository(repository))) return undefined
      return (await tagsOf(repository)).set.has(tag)
    },
  }
}
