import { rm } from 'node:fs/promises'
import { UserError } from '../../errors.ts'
import {
  type Digest,
  downloadArtifact,
  formatReference,
  putArtifact,
  type RegistryClient,
  type Repository,
} from '../../registry/index.ts'
import { packFolder, unpackFolder } from './archive.ts'
import type { ArtifactStore } from './artifact-store.ts'
import { documents, type Now } from '../contents.ts'

const { type, limit } = documents.artifact

/** Stores stage artifacts in a repository, one tag each. */
export function createRegistryStore(
  client: Pick<RegistryClient, 'getManifest' | 'getBlob' | 'downloadBlob' | 'putBlob' | 'putManifest'>,
  repository: Repository,
  now: Now,
): ArtifactStore {
  const digests = new Map<string, Digest>()
  const referenceOf = (name: string): string => {
    const digest = digests.get(name)
    return formatReference({ ...repository, tag: name, ...(digest && { digest }) })
  }
  return {
    restore: (name, folder) =>
      withArchive(folder, async (path) => {
        const digest = await downloadArtifact(client, repository, name, { type, limit }, path)
        if (digest === undefined) return 'absent'
        digests.set(name, digest)
        await unpackFolder(path, folder)
        return 'restored'
      }),
    save: (name, folder) =>
      withArchive(folder, async (path) => {
        const bytes = await packFolder(folder, path)
        if (bytes.size > limit)
          throw new UserError(
            `${name} has ${bytes.size} bytes, more than the limit of ${limit}, and is not stored.`,
          )
        digests.set(name, await putArtifact(client, repository, name, { type, bytes, created: now() }))
      }),
    referenceOf,
  }
}

/** Gives a path next to a folder for its archive, which would take much memory. */
async function withArchive<Result>(folder: string, work: (path: string) => Promise<Result>): Promise<Result> {
  const path = `${folder}.tar.gz`
  return work(path).finally(() => rm(path, { force: true }))
}
