import {
  formatReference,
  getArtifact,
  putArtifact,
  type RegistryClient,
  type Repository,
} from '../registry/index.ts'
import { documents, inventoryTag, type Now } from './contents.ts'

/** What is kept about the images of public repositories: one document for each. */
export type Inventories = {
  /** @returns the document; undefined if there is none in a form that this version knows */
  read: (of: Repository) => Promise<string | undefined>
  /** Replaces the document. @throws UserError, which is a RegistryRefusal if nothing may be pushed */
  write: (of: Repository, text: string) => Promise<void>
  /** `registry/path:inventory-…` */
  nameOf: (of: Repository) => string
}

export function inventoriesIn(
  registry: Pick<RegistryClient, 'getManifest' | 'getBlob' | 'putBlob' | 'putManifest'>,
  repository: Repository,
  now: Now,
): Inventories {
  const { inventory } = documents
  return {
    read: async (of) =>
      (await getArtifact(registry, repository, inventoryTag(of), inventory))?.toString('utf8'),
    write: async (of, text) => {
      const artifact = { type: inventory.type, bytes: Buffer.from(text), created: now() }
      await putArtifact(registry, repository, inventoryTag(of), artifact)
    },
    nameOf: (of) => formatReference({ ...repository, tag: inventoryTag(of) }),
  }
}
