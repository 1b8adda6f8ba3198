import type { RegistryClient } from './client.ts'
import { wantsLogin } from './http/failure.ts'
import { formatRepository, type Repository } from './content/reference.ts'

type Reader = Pick<RegistryClient, 'getManifest' | 'getImageConfig' | 'getBlob' | 'listTags'>

/**
 * A registry for a plan, which needs no credentials: some registries say 401 or 403 of what does not exist, too, to whom they don't
 * know. Without credentials such an answer means that there is nothing; with them it stays an error.
 * @param repositories of which that is so: the bases are not among them
 * @param warn gets a sentence about each such repository, once
 */
export function createOpenReader(
  registry: Reader,
  repositories: readonly Repository[],
  warn: (sentence: string) => void,
): Reader {
  const lenient = new Set(repositories.map(formatRepository))
  const closed = new Set<string>()
  const orNothing =
    <Nothing>(repository: Repository, nothing: Nothing) =>
    (error: unknown): Nothing => {
      const name = formatRepository(repository)
      if (!lenient.has(name) || !wantsLogin(error)) throw error
      if (!closed.has(name))
        warn(
          `${name} can't be read without credentials and counts as empty, so that the plan may build what is there already: give username and password, or log in with docker login.`,
        )
      closed.add(name)
      return nothing
    }
  return {
    getManifest: (repository, reference) =>
      registry.getManifest(repository, reference).catch(orNothing(repository, undefined)),
    listTags: (repository) => registry.listTags(repository).catch(orNothing(repository, [])),
    getImageConfig: registry.getImageConfig,
    getBlob: registry.getBlob,
  }
}
