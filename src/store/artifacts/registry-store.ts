import { UserError } from '../../errors.ts'
import { putArtifact, readArtifact } from '../../registry/artifact.ts'
import type { RegistryClient } from '../../registry/client.ts'
import { formatReference, type Repository } from '../../registry/content/reference.ts'
import { packFolder, unpackFolder } from './archive.ts'
import type { ArtifactStore } from './artifact-store.ts'

const type = 'application/vnd.aibrix.image-action.artifact.v1.tar+gzip'

/** Bytes of an archive, which is in memory as a whole; those of real wheels and of UCX have a few MB. */
const limit = 128 * 1024 * 1024

/** Keeps stage artifacts in a repository, a tag each. */
export function createRegistryStore(
  client: Pick<RegistryClient, 'getManifest' | 'getBlob' | 'putBlob' | 'putManifest'>,
  repository: Repository,
): ArtifactStore {
  const places = new Map<string, string>()
  return {
    restore: async (name, folder) => {
      const artifact = await readArtifact(client, repository, name, { type, limit })
      if (!artifact) return 'absent'
      places.set(name, formatReference({ ...repository, tag: name, digest: artifact.digest }))
      await unpackFolder(artifact.bytes, folder)
      return 'restored'
    },
    save: async (name, folder) => {
      const bytes = await packFolder(folder)
      if (bytes.length > limit)
        throw new UserError(`${name} has ${bytes.length} bytes and is not kept; at most ${limit} are.`)
      const digest = await putArtifact(client, repository, name, { type, bytes })
      places.set(name, formatReference({ ...repository, tag: name, digest }))
    },
    placeOf: (name) => places.get(name) ?? formatReference({ ...repository, tag: name }),
  }
}
