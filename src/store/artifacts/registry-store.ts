import { UserError } from '../../errors.ts'
import {
  type Digest,
  formatReference,
  putArtifact,
  readArtifact,
  type RegistryClient,
  type Repository,
} from '../../registry/index.ts'
import { packFolder, unpackFolder } from './archive.ts'
import type { ArtifactStore } from './artifact-store.ts'
import { documents, type Now } from '../contents.ts'

const { type, limit } = documents.artifact

/** Stores stage artifacts in a repository, one tag each. */
export function createRegistryStore(
  client: Pick<RegistryClient, 'getManifest' | 'getBlob' | 'putBlob' | 'putManifest'>,
  repository: Repository,
  now: Now,
): ArtifactStore {
  const digests = new Map<string, Digest>()
  const referenceOf = (name: string): string => {
    const digest = digests.get(name)
    return formatReference({ ...repository, tag: name, ...(digest && { digest }) })
  }
  return {
    restore: async (name, folder) => {
      const artifact = await readArtifact(client, repository, name, { type, limit })
      if (!artifact) return 'absent'
      digests.set(name, artifact.digest)
      await unpackFolder(artifact.bytes, folder)
      return 'restored'
    },
    save: async (name, folder) => {
      const bytes = await packFolder(folder)
      if (bytes.length > limit)
        throw new UserError(
          `${name} has ${bytes.length} bytes, more than the limit of ${limit}, and is not stored.`,
        )
      digests.set(name, await putArtifact(client, repository, name, { type, bytes, created: now() }))
    },
    referenceOf,
  }
}
