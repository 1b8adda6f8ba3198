import { UserError } from '../../errors.ts'
import type { RegistryClient } from '../client.ts'
import type { Digest } from '../content/digest.ts'
import { formatReference, formatRepository, type Repository } from '../content/reference.ts'
import { RegistryRefusal } from '../http/failure.ts'
import type { Condemned, Deleter, Removal } from './deleter.ts'

/** No content is known that has this digest. */
const never: Digest = `sha256:${'0'.repeat(64)}`

/** Statuses of a registry that does not delete; the specification names the first two. */
const unsupported = [400, 405, 501]

/**
 * Whether a registry that deletes refuses this one for good: an index without a tag names it, or a
 * rule protects it. Harbor answers with 412, zot with 405 and another code than for all deletions.
 */
function isProtected({ status, code }: RegistryRefusal): boolean {
  return [409, 412].includes(status) || (status === 405 && code !== undefined && code !== 'UNSUPPORTED')
}

/** How registries of Google refuse to delete what has tags, which are deleted one by one there. */
const stillTagged = 'GOOGLE_MANIFEST_DANGLING_TAG'

/**
 * Deletes through the distribution API (OCI distribution specification, "Deleting Manifests"). The
 * bytes are freed when the registry collects its garbage.
 */
export function createDistributionDeleter(
  client: Pick<RegistryClient, 'deleteManifest' | 'resolveTag'>,
  repository: Repository,
): Deleter {
  const untag = async (digest: Digest, tags: readonly string[]): Promise<void> => {
    for (const tag of tags) {
      // Another client may have moved it in this moment.
      if ((await client.resolveTag(repository, tag)) === digest) await client.deleteManifest(repository, tag)
    }
  }
  const removeWhole = async ({ digest, tags }: Condemned): Promise<Removal> => {
    const existed = await client.deleteManifest(repository, digest).catch(async (error: unknown) => {
      if (!(error instanceof RegistryRefusal) || error.code !== stillTagged) throw error
      await untag(digest, tags)
      return client.deleteManifest(repository, digest)
    })
    if (existed) {
      // Most registries have removed them; that of go-containerregistry keeps them.
      for (const tag of tags) {
        if ((await client.resolveTag(repository, tag)) !== digest) continue
        if ((await client.resolveTag(repository, digest)) !== undefined)
          return { state: 'stays', reason: 'it was pushed again at this moment' }
        await client.deleteManifest(repository, tag)
      }
      return { state: 'removed' }
    }
    // Some registries and proxies answer a request that they do not know with 404.
    if ((await client.resolveTag(repository, digest)) === undefined) return { state: 'gone' }
    throw new UserError(
      `registry ${repository.registry} answered the deletion of ${formatReference({ ...repository, digest })} with 404, but has it; ask its operator whether it can delete.`,
    )
  }
  return {
    check: async () => {
      await client.deleteManifest(repository, never).catch((error: unknown) => {
        if (!(error instanceof RegistryRefusal) || !unsupported.includes(error.status)) throw error
        throw new UserError(
          `nothing can be deleted in ${formatRepository(repository)}: ${error.problem}; allow it in the registry's configuration (storage.delete.enabled of distribution), or use the clean-up that it has itself.`,
          { cause: error },
        )
      })
    },
    remove: (one) =>
      removeWhole(one).catch((error: unknown) => {
        if (!(error instanceof RegistryRefusal) || !isProtected(error)) throw error
        return { state: 'stays', reason: error.problem }
      }),
  }
}
