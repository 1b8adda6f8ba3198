import { formatRepository, type RegistryClient, type Repository } from '../../registry/index.ts'
import { remembered } from '../remember.ts'

/** Tells which tags a repository has, from one list of them instead of a request for each tag. */
export type TagIndex = {
  list: (repository: Repository) => Promise<string[]>
  /**
   * Whether the list has a tag. A cache repository has thousands of tags, so for a few questions it
   * is not listed: the caller requests these tags.
   * @param questions how many tags of the repository are in question
   * @returns undefined if nothing was listed because these are few
   */
  knows: (repository: Repository, tag: string, questions: number) => Promise<boolean | undefined>
}

/** Up to this many tags are requested one by one */
const few = 4

/** Each repository is listed at most once, when the first question needs it. */
export function createTagIndex(registry: Pick<RegistryClient, 'listTags'>): TagIndex {
  const lists = new Map<string, Promise<{ all: string[]; set: Set<string> }>>()
  const tagsOf = (repository: Repository) =>
    remembered(lists, formatRepository(repository), async () => {
      const all = await registry.listTags(repository)
      return { all, set: new Set(all) }
    })
  return {
    list: async (repository) => (await tagsOf(repository)).all,
    knows: async (repository, tag, questions) => {
      if (questions <= few && !lists.has(formatRepository(repository))) return undefined
      return (await tagsOf(repository)).set.has(tag)
    },
  }
}
