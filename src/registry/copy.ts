import { UserError } from '../errors.ts'
import type { Manifest, RegistryClient } from './client.ts'
import { type Digest, parseDigest } from './digest.ts'
import type { Descriptor } from './manifest.ts'
import { formatReference, type Repository } from './reference.ts'

/** Copies at a time. A blob that has to be streamed is two requests, hence at most 8 requests. */
const parallel = 4
/** An index of indexes is allowed, and is not seen deeper than this in practice. */
const maximumDepth = 3

type Source = Pick<RegistryClient, 'getManifest' | 'putManifest' | 'confirmManifest' | 'mountBlob'>

/**
 * Gives a stored manifest or index a tag, possibly in another repository or registry. The bytes stay as they are, so
 * the digest does, too; attestations come along. The order makes a broken copy harmless: blobs, then the manifests of an
 * index, then the tag, which is read back.
 * @param copy.digest what is copied, `sha256:<hex>`
 * @returns the same digest
 * @throws UserError if a part is missing, a registry refuses, or the tag names something else afterwards
 */
export async function copyManifest(
  client: Source,
  copy: { from: Repository; to: Repository; digest: string; tag: string },
): Promise<Digest> {
  const { from, to, tag } = copy
  const digest = parseDigest(copy.digest)
  const top = await read(client, from, digest)
  if (from.registry !== to.registry || from.path !== to.path) {
    const children = await readChildren(client, from, top, maximumDepth)
    await inParallel(blobsOf([top, ...children]), async (blob) => client.mountBlob({ from, to, ...blob }))
    // The deepest first: a registry refuses an index whose manifests it does not have.
    for (const child of children.reverse()) {
      await client.putManifest(to, child.digest, child.bytes, child.mediaType)
    }
  }
  await client.putManifest(to, tag, top.bytes, top.mediaType)
  await client.confirmManifest(to, tag, digest)
  return digest
}

async function read(client: Source, repository: Repository, digest: Digest): Promise<Manifest> {
  const manifest = await client.getManifest(repository, digest)
  if (manifest !== undefined) return manifest
  throw new UserError(`${formatReference({ ...repository, digest })} does not exist and cannot be copied.`)
}

/** @returns every manifest below an index, each after the index that it belongs to */
async function readChildren(
  client: Source,
  repository: Repository,
  manifest: Manifest,
  depth: number,
): Promise<Manifest[]> {
  if (manifest.parsed.kind === 'image') return []
  if (depth === 0) {
    throw new UserError(
      `${formatReference({ ...repository, digest: manifest.digest })} nests indexes deeper than ${maximumDepth}; it is not copied.`,
    )
  }
  const found: Manifest[] = []
  for (const { digest } of manifest.parsed.manifests) {
    const child = await read(client, repository, digest)
    found.push(child, ...(await readChildren(client, repository, child, depth - 1)))
  }
  return found
}

function blobsOf(manifests: Manifest[]): Pick<Descriptor, 'digest' | 'size'>[] {
  const descriptors = manifests.flatMap(({ parsed }) =>
    parsed.kind === 'image' ? [parsed.config, ...parsed.layers] : [],
  )
  return [...new Map(descriptors.map(({ digest, size }) => [digest, { digest, size }])).values()]
}

/** The first error ends it: no other work is begun after it. */
async function inParallel<Item>(items: Item[], work: (item: Item) => Promise<unknown>): Promise<void> {
  const queue = items.values()
  let failed = false
  const worker = async (): Promise<void> => {
    for (const item of queue) {
      if (failed) return
      try {
        await work(item)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  await Promise.all(Array.from({ length: parallel }, worker))
}
