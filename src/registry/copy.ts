import pLimit from 'p-limit'
import type { Manifest } from './manifests.ts'
import { UserError } from '../errors.ts'
import type { RegistryClient } from './client.ts'
import { type Digest, parseDigest } from './content/digest.ts'
import type { Descriptor } from './content/manifest.ts'
import { formatReference, type Repository } from './content/reference.ts'

/** Blobs in parallel; as many as the client copies, so that none starts after an error */
const parallel = 4
/** Indexes may nest; real ones do not nest deeper than this. */
const maximumDepth = 3
/** Manifests below one index; the largest official images have about 50. */
const maximumManifests = 200
/** All manifests below one index, which are in memory together; real ones have a few kB each. */
const maximumBytes = 32 * 1024 * 1024

type Registry = Pick<RegistryClient, 'getManifest' | 'putManifest' | 'confirmManifest' | 'mountBlob'>

/**
 * Tags a stored manifest or index, possibly in another repository or registry. Bytes and digest
 * stay the same, and attestations come along. The order makes an incomplete copy harmless: blobs,
 * then the manifests of an index, then the tag, which is read back.
 * @param copy.digest `sha256:<hex>`
 * @param copy.check called before each attempt to create the tag; throws to prevent it
 * @returns the same digest
 * @throws UserError if a part is missing, a registry refuses, or the tag changes meanwhile
 */
export async function copyManifest(
  registry: Registry,
  copy: { from: Repository; to: Repository; digest: string; tag: string; check?: () => Promise<void> },
): Promise<Digest> {
  const { digest, ...target } = copy
  return placeManifest(registry, { ...target, top: await read(registry, copy.from, parseDigest(digest)) })
}

/**
 * Tags a manifest that is in memory and may be new; what it points to is in `from`.
 * @param copy.tag a tag, or the manifest's own digest to store it without one
 */
export async function placeManifest(
  registry: Registry,
  copy: { from: Repository; to: Repository; top: Manifest; tag: string; check?: () => Promise<void> },
): Promise<Digest> {
  const { from, to, top, tag, check } = copy
  if (from.registry !== to.registry || from.path !== to.path) {
    const children = await readChildren(registry, from, top)
    await inParallel(blobsOf([top, ...children]), (blob) => registry.mountBlob({ from, to, ...blob }))
    for (const child of children) await registry.putManifest(to, child.digest, child.bytes, child.mediaType)
  }
  await registry.putManifest(to, tag, top.bytes, top.mediaType, check)
  await registry.confirmManifest(to, tag, top.digest)
  return top.digest
}

async function read(registry: Registry, repository: Repository, digest: Digest): Promise<Manifest> {
  const manifest = await registry.getManifest(repository, digest)
  if (manifest !== undefined) return manifest
  throw new UserError(`${formatReference({ ...repository, digest })} does not exist and cannot be copied.`)
}

/** @returns every manifest below an index once, each before its index, as registries require */
async function readChildren(registry: Registry, repository: Repository, top: Manifest): Promise<Manifest[]> {
  const found = new Map<Digest, Manifest>()
  let bytes = 0
  const refuse = (what: string): UserError =>
    new UserError(`${formatReference({ ...repository, digest: top.digest })} ${what}; it is not copied.`)
  const collect = async ({ parsed }: Manifest, depth: number): Promise<void> => {
    if (parsed.kind === 'image') return
    if (depth === 0) throw refuse(`nests indexes deeper than ${maximumDepth}`)
    for (const { digest } of parsed.manifests) {
      if (found.has(digest)) continue
      const child = await read(registry, repository, digest)
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

/** Works on items in parallel. No work starts after the first error. */
async function inParallel<Item>(items: Item[], work: (item: Item) => Promise<unknown>): Promise<void> {
  const limit = pLimit(parallel)
  const attempt = (item: Item): Promise<unknown> =>
    work(item).catch((error: unknown) => {
      limit.clearQueue()
      throw error
    })
  await Promise.all(items.map((item) => limit(attempt, item)))
}
