import { UserError } from '../errors.ts'
import { inParallel } from '../inventory/index.ts'
import { remembered } from '../plan/index.ts'
import {
  createdAnnotation,
  type Descriptor,
  type Digest,
  formatReference,
  indexMediaTypes,
  isAttestation,
  type Manifest,
  manifestMediaTypes,
  type RegistryClient,
  type Repository,
} from '../registry/index.ts'
import type { Entry } from './content.ts'
import { type Form, formOf } from './forms.ts'
import { timeOf } from './settings.ts'

/** More than the client's requests in flight, so that these are always used */
const tagsAtOnce = 16
const atOnce = 8

/** A manifest as it was read; of an index, `images` are its parts that are no attestations. */
export type Read = Pick<Entry, 'parts' | 'subject' | 'size' | 'blobs'> & {
  form: Form
  images: readonly Digest[]
  /** The annotation, see `Entry.created` */
  annotated: string | null
  /** The configuration of an image */
  config: Digest | null
}

/** All manifests of a repository. `byDigest`: the tags of each digest that has some */
export type Manifests = {
  tags: Map<string, Digest>
  byDigest: Map<Digest, string[]>
  read: Map<Digest, Read>
  blobs: number[]
}

type Registry = Pick<RegistryClient, 'listTags' | 'resolveTag' | 'getManifest'>

/**
 * Reads all tags of a repository, and once each manifest under them and in their indexes. A tag that
 * was deleted while they are read is left out.
 * @param look is given each manifest that has tags, to read more of it
 * @throws UserError if a manifest cannot be read, or an index names one that the registry lacks
 */
export async function readManifests(
  registry: Registry,
  repository: Repository,
  signal: AbortSignal,
  look: (manifest: Manifest, tags: readonly string[]) => Promise<void>,
): Promise<Manifests> {
  const byDigest = await digestsOf(registry, repository, signal)
  const read = new Map<Digest, Read>()
  const { blobs, positionOf } = numberBlobs()
  const parts = new Map<Digest, Promise<void>>()
  const note = async (manifest: Manifest): Promise<void> => {
    const one = noted(manifest, positionOf)
    read.set(manifest.digest, one)
    for (const part of one.parts) if (!byDigest.has(part)) await remembered(parts, part, () => readPart(part))
  }
  const readPart = async (digest: Digest): Promise<void> => {
    signal.throwIfAborted()
    const manifest = await registry.getManifest(repository, digest)
    if (manifest) await note(manifest)
  }
  const gone = new Set<Digest>()
  await inParallel(byDigest, atOnce, async ([digest, tags]) => {
    signal.throwIfAborted()
    const manifest = await registry.getManifest(repository, digest)
    if (!manifest) {
      await refuseMissing(registry, repository, digest, tags)
      gone.add(digest)
      return
    }
    await note(manifest)
    await look(manifest, tags)
  })
  for (const digest of gone) byDigest.delete(digest)
  refuseIncomplete(read, repository)
  nameImages(read)
  const tags = new Map([...byDigest].flatMap(([digest, names]) => names.map((tag) => [tag, digest] as const)))
  return { tags, byDigest, read, blobs }
}

/** @returns digest → its tags, in code unit order */
export async function digestsOf(
  registry: Pick<RegistryClient, 'listTags' | 'resolveTag'>,
  repository: Repository,
  signal: AbortSignal,
): Promise<Map<Digest, string[]>> {
  const tags = await registry.listTags(repository)
  const digests = await inParallel(tags, tagsAtOnce, (tag) => {
    signal.throwIfAborted()
    return registry.resolveTag(repository, tag)
  })
  const byDigest = new Map<Digest, string[]>()
  for (const [index, tag] of tags.entries()) {
    const digest = digests[index]
    // Without one, the tag was deleted since the list was read.
    if (digest) remembered(byDigest, digest, (): string[] => []).push(tag)
  }
  return byDigest
}

/**
 * Makes sure that a digest which the registry lacks was deleted with all of its tags meanwhile.
 * @throws UserError if one of them still exists
 */
export async function refuseMissing(
  registry: Pick<RegistryClient, 'resolveTag'>,
  repository: Repository,
  digest: Digest,
  tags: readonly string[],
): Promise<void> {
  for (const tag of tags) {
    const named = await registry.resolveTag(repository, tag)
    if (named === undefined) continue
    const name = formatReference({ ...repository, tag })
    throw new UserError(
      named === digest
        ? `${name} names ${digest}, which the registry does not have; nothing is deleted, so push it again, or delete this tag by hand.`
        : `${name} was moved while it was read; nothing is deleted, so prune again.`,
    )
  }
}

function noted(
  { bytes, parsed }: Manifest,
  positionOf: (blob: Pick<Descriptor, 'digest' | 'size'>) => number,
): Read {
  const common = {
    form: formOf(parsed),
    subject: parsed.subject?.digest ?? null,
    size: bytes.length,
    annotated: timeOf(parsed.annotations[createdAnnotation]),
  }
  if (parsed.kind === 'image') {
    const blobs = [parsed.config, ...parsed.layers].map(positionOf)
    return { ...common, parts: [], images: [], blobs, config: parsed.config.digest }
  }
  // An index may name blobs, too: a layer cache of older BuildKits does.
  const named = parsed.manifests.filter(isManifest)
  return {
    ...common,
    parts: [...new Set(named.map((one) => one.digest))],
    images: named.filter((one) => !isAttestation(one)).map((one) => one.digest),
    blobs: parsed.manifests.filter((one) => !isManifest(one)).map(positionOf),
    config: null,
  }
}

function isManifest({ mediaType }: Descriptor): boolean {
  return indexMediaTypes.includes(mediaType) || manifestMediaTypes.includes(mediaType)
}

/** Thousands of images share most of their blobs: a number takes less memory than a digest. */
function numberBlobs() {
  const blobs: number[] = []
  const positions = new Map<Digest, number>()
  const positionOf = ({ digest, size }: Pick<Descriptor, 'digest' | 'size'>): number =>
    remembered(positions, digest, () => blobs.push(size) - 1)
  return { blobs, positionOf }
}

function refuseIncomplete(read: ReadonlyMap<Digest, Read>, repository: Repository): void {
  for (const [digest, { parts }] of read)
    for (const part of parts)
      if (!read.has(part))
        throw new UserError(
          `${formatReference({ ...repository, digest })} names ${part}, which the registry does not have; nothing is deleted, so push it again, or delete it by hand.`,
        )
}

/** Tells indexes of images from others. */
function nameImages(read: ReadonlyMap<Digest, Read>): void {
  const isImage = (digest: Digest): boolean => {
    const one = read.get(digest)
    return one?.form === 'image' || (one?.form === 'index' && one.images.every(isImage))
  }
  const indexes = [...read.values()].filter(({ form, images }) => form === 'index' && images.every(isImage))
  for (const index of indexes) index.form = 'images'
}

/** @returns the configurations of the images in a manifest, attestations left out */
export function imagesOf(digest: Digest, read: ReadonlyMap<Digest, Read>): Digest[] {
  const one = read.get(digest)
  if (one?.form === 'image') return one.config ? [one.config] : []
  return (one?.images ?? []).flatMap((image) => imagesOf(image, read))
}
