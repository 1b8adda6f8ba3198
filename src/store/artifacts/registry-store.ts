import { UserError } from '../../errors.ts'
import {
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

/** Keeps stage artifacts in a repository, a tag each. */
export function createRegistryStore(
  client: Pick<RegistryClient, 'getManifest' | 'getBlob' | 'putBlob' | 'putManifest'>,
  repository: Repository,
  now: Now,
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
      const digest = await putArtifact(client, repository, name, { type, bytes, created: now() })
      places.set(name, formatReference({ ...repository, tag: name, digest }))
    },
    placeOf: (name) => places.get(name) ?? formatReference({ ...repository, tag: name }),
  }
}
