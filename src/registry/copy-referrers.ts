import { UserError } from '../errors.ts'
import type { RegistryClient } from './client.ts'
import { type Digest, digestOf } from './content/digest.ts'
import { type Descriptor, isAttestation } from './content/manifest.ts'
import { indexMediaTypes, manifestMediaTypes, mediaTypes } from './content/media-types.ts'
import { formatReference, type Repository } from './content/reference.ts'
import { referrerTag } from './content/referrer-tag.ts'
import { placeManifest } from './copy.ts'

type Registry = Pick<
  RegistryClient,
  'getManifest' | 'putManifest' | 'confirmManifest' | 'mountBlob' | 'listReferrers'
>

/** Manifests that are about one image, directly or about each other; real images have a few. */
const most = 200

/** `tags`: all of `from`. `note` gets a line about each thing that is left out. */
type ReferrersCopy = {
  from: Repository
  to: Repository
  digest: Digest
  tags: readonly string[]
  note: (line: string) => void
}

/**
 * Copies what refers to an image that was copied before, and to its images for the platforms:
 * signatures, lists of packages, and what refers to these. They are found by the referrers API, by
 * its replacement, an index under the tag `sha256-<hex>`, and under the tags of cosign,
 * `sha256-<hex>.sig` and the like. If the target has no referrers API, they are added to such an
 * index there (OCI distribution specification 1.1, "Referrers Tag Schema").
 * @throws UserError if a registry refuses, or there are too many
 */
export async function copyReferrers(registry: Registry, copy: ReferrersCopy): Promise<void> {
  const { from, digest } = copy
  const top = await registry.getManifest(from, digest)
  const children = top?.parsed.kind === 'index' ? top.parsed.manifests : []
  const subjects = new Set([
    digest,
    ...children.filter((one) => !isAttestation(one)).map((one) => one.digest),
  ])
  // A set may grow while it is walked through.
  for (const subject of subjects) {
    const referrers = await referrersOf(registry, copy, subject)
    if (subjects.size + referrers.length > most)
      throw new UserError(
        `${formatReference({ ...from, digest })} has more than ${most} manifests that refer to it; they are not copied.`,
      )
    const copied: Descriptor[] = []
    for (const referrer of referrers) {
      if (!subjects.has(referrer.digest) && !(await copyOne(registry, copy, referrer))) continue
      subjects.add(referrer.digest)
      copied.push(referrer)
    }
    await announce(registry, copy, subject, copied)
    await copyTags(registry, copy, subject)
  }
}

async function referrersOf(
  registry: Registry,
  { from, tags }: ReferrersCopy,
  subject: Digest,
): Promise<Descriptor[]> {
  const listed = (await registry.listReferrers(from, subject)) ?? []
  const tag = referrerTag(subject)
  const index = tags.includes(tag) ? await registry.getManifest(from, tag) : undefined
  const tagged = index?.parsed.kind === 'index' ? index.parsed.manifests : []
  return [...new Map([...tagged, ...listed].map((one) => [one.digest, one])).values()]
}

/** @returns false if it cannot be copied */
async function copyOne(
  registry: Registry,
  { from, to, note }: ReferrersCopy,
  { digest, mediaType }: Descriptor,
): Promise<boolean> {
  const name = formatReference({ ...from, digest })
  if (![...indexMediaTypes, ...manifestMediaTypes].includes(mediaType)) {
    note(`${name} is not copied: it is of a type that the action does not know.`)
    return false
  }
  const top = await registry.getManifest(from, digest)
  if (!top) {
    note(`${name} is not copied: it is listed, but does not exist.`)
    return false
  }
  await placeManifest(registry, { from, to, top, tag: digest })
  return true
}

/** Adds referrers to the index in the target, unless the target lists them by itself. */
async function announce(
  registry: Registry,
  { to, note }: ReferrersCopy,
  subject: Digest,
  referrers: readonly Descriptor[],
): Promise<void> {
  if (referrers.length === 0 || (await registry.listReferrers(to, subject)) !== undefined) return
  const tag = referrerTag(subject)
  const before = await registry.getManifest(to, tag)
  if (before && before.parsed.kind !== 'index') {
    note(`${formatReference({ ...to, tag })} is no index, and stays as it is.`)
    return
  }
  const known = before?.parsed.kind === 'index' ? before.parsed.manifests : []
  const added = referrers.filter(({ digest }) => !known.some((one) => one.digest === digest))
  if (added.length === 0) return
  const manifests = [...known, ...added].map(written)
  const annotations = annotationsOf(before?.parsed.annotations ?? {})
  const content = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests, ...annotations }
  const bytes = Buffer.from(JSON.stringify(content))
  await registry.putManifest(to, tag, bytes, mediaTypes.ociIndex)
  await registry.confirmManifest(to, tag, digestOf(bytes))
}

function written({ annotations, ...rest }: Descriptor): Record<string, unknown> {
  return { ...rest, ...annotationsOf(annotations) }
}

function annotationsOf(annotations: Record<string, string>): { annotations?: Record<string, string> } {
  return Object.keys(annotations).length === 0 ? {} : { annotations }
}

/** Copies `sha256-<hex>.sig` and the like. Who signed in the target keeps what is there. */
async function copyTags(
  registry: Registry,
  { from, to, tags, note }: ReferrersCopy,
  subject: Digest,
): Promise<void> {
  for (const tag of tags.filter((one) => one.startsWith(`${referrerTag(subject)}.`))) {
    const top = await registry.getManifest(from, tag)
    if (!top) continue
    const there = await registry.getManifest(to, tag)
    if (!there) await placeManifest(registry, { from, to, top, tag })
    else if (there.digest !== top.digest)
      note(`${formatReference({ ...to, tag })} differs from that of ${from.registry}, and stays as it is.`)
  }
}
