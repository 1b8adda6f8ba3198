import type { RegistryClient } from './client.ts'
import { requiresLogin } from './http/failure.ts'
import { formatRepository, type Repository } from './content/reference.ts'

type Reader = Pick<RegistryClient, 'getManifest' | 'getImageConfig' | 'getBlob' | 'listTags'>

/**
 * A registry for a plan, which needs no credentials. Some registries answer anonymous requests for
 * missing repositories with 401 or 403, so these count as empty without credentials, and stay
 * errors with them.
 * @param repositories the repositories that may be missing; the bases are not among them
 * @param warn gets one sentence about each repository that counts as empty
 */
export function createOpenReader(
  registry: Reader,
  repositories: readonly Repository[],
  warn: (sentence: string) => void,
): Reader {
  const lenient = new Set(repositories.map(formatRepository))
  const closed = new Set<string>()
  const orEmpty =
    <Empty>(repository: Repository, empty: Empty) =>
    (error: unknown): Empty => {
      const name = formatRepository(repository)
      if (!lenient.has(name) || !requiresLogin(error)) throw error
      if (!closed.has(name))
        warn(
          `${name} cannot be read without credentials and counts as empty, so the plan may build images that exist already; set username and password, or run docker login before this step.`,
        )
      closed.add(name)
      return empty
    }
  return {
    getManifest: (repository, reference) =>
      registry.getManifest(repository, reference).catch(orEmpty(repository, undefined)),
    listTags: (repository) => registry.listTags(repository).catch(orEmpty(repository, [])),
    getImageConfig: registry.getImageConfig,
    getBlob: registry.getBlob,
  }
}
