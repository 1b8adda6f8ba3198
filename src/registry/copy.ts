import type { Manifest } from './manifests.ts'
import { UserError } from '../errors.ts'
import type { RegistryClient } from './client.ts'
import { type Digest, parseDigest } from './content/digest.ts'
import type { Descriptor } from './content/manifest.ts'
import { formatReference, type Repository } from './content/reference.ts'

/** Blobs at a time: as many as the client copies at once, so that none is begun after an error. */
const parallel = 4
/** An index of indexes is allowed, and is not seen deeper than this in practice. */
const maximumDepth = 3
/** Manifests below one index; those of the largest official images are about 50. */
const maximumManifests = 200
/** Of all manifests below one index, which are in memory at the same time; those of real images have a few kB each. */
const maximumBytes = 32 * 1024 * 1024

type Source = Pick<RegistryClient, 'getManifest' | 'putManifest' | 'confirmManifest' | 'mountBlob'>

/**
 * Gives a stored manifest or index a tag, possibly in another repository or registry. The bytes stay as they are, so
 * the digest does, too; attestations come along. The order makes a broken copy harmless: blobs, then the manifests of an
 * index, then the tag, which is read back.
 * @param copy.digest what is copied, `sha256:<hex>`
 * @param copy.check called before each try to give the tag; throws if it must not be given
 * @returns the same digest
 * @throws UserError if a part is missing, a registry refuses, or the tag names something else afterwards
 */
export async function copyManifest(
  client: Source,
  copy: { from: Repository; to: Repository; digest: string; tag: string; check?: () => Promise<void> },
): Promise<Digest> {
  const { digest, ...place } = copy
  return placeManifest(client, { ...place, top: await read(client, copy.from, parseDigest(digest)) })
}

/**
 * As `copyManifest`, for a manifest that is in memory and may be new; what it points to is in `from`.
 * @param place.tag a tag, or the manifest's own digest to store it without one
 */
export async function placeManifest(
  client: Source,
  place: { from: Repository; to: Repository; top: Manifest; tag: string; check?: () => Promise<void> },
): Promise<Digest> {
  const { from, to, top, tag, check } = place
  if (from.registry !== to.registry || from.path !== to.path) {
    const children = await readChildren(client, from, top)
    await inParallel(blobsOf([top, ...children]), async (blob) => client.mountBlob({ from, to, ...blob }))
    for (const child of children) await client.putManifest(to, child.digest, child.bytes, child.mediaType)
  }
  await client.putManifest(to, tag, top.bytes, top.mediaType, check)
  await client.confirmManifest(to, tag, top.digest)
  return top.digest
}

async function read(client: Source, repository: Repository, digest: Digest): Promise<Manifest> {
  const manifest = await client.getManifest(repository, digest)
  if (manifest !== undefined) return manifest
  throw new UserError(`${formatReference({ ...repository, digest })} does not exist and cannot be copied.`)
}

/** @returns every manifest below an index once, each before the index that it belongs to: a registry wants it so */
async function readChildren(client: Source, repository: Repository, top: Manifest): Promise<Manifest[]> {
  const found = new Map<Digest, Manifest>()
  let bytes = 0
  const refuse = (what: string): UserError =>
    new UserError(`${formatReference({ ...repository, digest: top.digest })} ${what}; it is not copied.`)
  const collect = async ({ parsed }: Manifest, depth: number): Promise<void> => {
    if (parsed.kind === 'image') return
    if (depth === 0) throw refuse(`nests indexes deeper than ${maximumDepth}`)
    for (const { digest } of parsed.manifests) {
      if (found.has(digest)) continue
      const child = await read(client, repository, digest)
      bytes += child.bytes.length
      if (bytes > maximumBytes) throw refuse(`holds more than ${maximumBytes} bytes of manifests`)
      await collect(child, depth - 1)
      if (found.size >= maximumManifests) throw refuse(`holds more than ${maximumManifests} manifests`)
      found.set(digest, child)
    }
  }
  await collect(top, maximumDepth)
  return [...found.values()]
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
