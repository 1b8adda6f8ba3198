import * as v from 'valibot'
import { UserError } from '../../errors.ts'
import { type Digest, isDigest } from './digest.ts'
import { parsedJson } from './json.ts'
import { indexMediaTypes, manifestMediaTypes } from './media-types.ts'
import { isExactlyForPlatform, isForPlatform, type Platform } from './platform.ts'
import { excerpt } from '../../text.ts'

/**
 * A pointer to content by digest; size in bytes as stored (compressed); `{}` without annotations.
 * All properties of the OCI image specification 1.1 (descriptor.md), so that rewriting loses none.
 */
export type Descriptor = {
  mediaType: string
  digest: Digest
  size: number
  annotations: Record<string, string>
  urls?: string[] | undefined
  /** The content itself in base64 */
  data?: string | undefined
  platform?: Platform | undefined
  artifactType?: string | undefined
}

/** A layer as the registry stores it; size in bytes, compressed. */
export type ImageLayer = Pick<Descriptor, 'digest' | 'size' | 'mediaType'>

type Common = Pick<Descriptor, 'mediaType' | 'annotations' | 'artifactType'> & {
  subject?: Descriptor | undefined
}

export type ImageManifest = Common & { kind: 'image'; config: Descriptor; layers: Descriptor[] }
export type ImageIndex = Common & { kind: 'index'; manifests: Descriptor[] }
export type ParsedManifest = ImageManifest | ImageIndex

/** Engines run up to 127 layers; the largest official indexes have about 50 manifests. */
const maximumParts = 1000
/** Bytes, 1 TiB; registries accept layers of up to about 50 GB. */
const maximumSize = 2 ** 40

/** Go, in which registries and engines are written, reads `null` as a missing value. */
function absent<const Schema extends v.GenericSchema>(schema: Schema) {
  return v.nullish(schema, () => undefined)
}

const annotations = v.nullish(v.record(v.string(), v.nullish(v.string(), '')), () => ({}))

const platform = v.object({
  os: v.nullish(v.string(), ''),
  architecture: v.nullish(v.string(), ''),
  variant: absent(v.string()),
  'os.version': absent(v.string()),
  'os.features': absent(v.array(v.string())),
})

/** A descriptor in a manifest, or in a list of what refers to one. */
export const descriptorSchema = v.object({
  mediaType: v.string(),
  digest: v.custom<Digest>((value) => typeof value === 'string' && isDigest(value), 'not a sha256 digest'),
  size: v.pipe(
    v.number(),
    v.safeInteger(),
    v.minValue(0),
    v.maxValue(maximumSize, 'more bytes than any real blob has'),
  ),
  annotations,
  urls: absent(v.array(v.string())),
  data: absent(v.string()),
  platform: absent(platform),
  artifactType: absent(v.string()),
})

const parts = v.pipe(
  v.array(v.unknown()),
  v.maxLength(maximumParts, `more than ${maximumParts} of them`),
  v.array(descriptorSchema),
)

const common = {
  schemaVersion: v.literal(2),
  annotations,
  artifactType: absent(v.string()),
  subject: absent(descriptorSchema),
}

// An image with `manifests` and an index with `layers` or `config` are refused: no document may
// have two readings (CVE-2021-41190).
const imageManifest = v.object({
  ...common,
  config: descriptorSchema,
  layers: parts,
  manifests: v.optional(v.never()),
})
const imageIndex = v.object({
  ...common,
  manifests: parts,
  config: v.optional(v.never()),
  layers: v.optional(v.never()),
})

/**
 * @param bytes the manifest as stored
 * @param contentType the registry's Content-Type; parameters after a semicolon are ignored
 * @param name what is read, for the error: `docker.io/library/debian:12`
 * @throws UserError if it is neither an image manifest nor an index, or contradicts `contentType`
 */
export function parseManifest(bytes: Uint8Array, contentType: string, name: string): ParsedManifest {
  const outside = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  const title = `the manifest of ${name}`
  const inside = parsedJson(v.object({ mediaType: v.nullish(v.string(), '') }), bytes, title).mediaType
  const mediaType = inside || outside
  if (isKnownType(outside) && mediaType !== outside) {
    throw new UserError(`${title} is served as ${outside} but says ${excerpt(mediaType)}.`)
  }
  if (indexMediaTypes.includes(mediaType)) {
    return { ...parsedJson(imageIndex, bytes, title), kind: 'index', mediaType }
  }
  if (manifestMediaTypes.includes(mediaType)) {
    return { ...parsedJson(imageManifest, bytes, title), kind: 'image', mediaType }
  }
  throw new UserError(
    `${title} has the media type "${excerpt(mediaType)}", which is neither an image manifest nor an index.`,
  )
}

/** @returns whether an index entry is an attestation, by either of BuildKit's two marks */
export function isAttestation({ platform, annotations }: Descriptor): boolean {
  return (
    annotations['vnd.docker.reference.type'] !== undefined ||
    (platform?.os === 'unknown' && platform.architecture === 'unknown')
  )
}

/**
 * Chooses the image for one platform; attestations are left out.
 * @param platform `linux/amd64`, `linux/arm64/v8`, in any spelling. Without a variant, an entry
 *   without one is preferred to any other, so that `amd64/v3` does not win over `amd64`.
 * @returns undefined if the index states none
 */
export function platformManifest(index: ImageIndex, platform: string): Descriptor | undefined {
  return platformManifests(index, platform).find((entry) => entry.platform !== undefined)
}

/** @returns the candidates for a platform, best first; those without a platform come last */
export function platformManifests(index: ImageIndex, platform: string): Descriptor[] {
  const entries = index.manifests.filter((entry) => !isAttestation(entry) && isKnownType(entry.mediaType))
  const named = entries.filter((entry) => entry.platform && isForPlatform(platform, entry.platform))
  const isExact = (entry: Descriptor): boolean =>
    entry.platform !== undefined && isExactlyForPlatform(platform, entry.platform)
  return [
    ...named.filter(isExact),
    ...named.filter((entry) => !isExact(entry)),
    ...entries.filter((entry) => entry.platform === undefined),
  ]
}

function isKnownType(mediaType: string): boolean {
  return indexMediaTypes.includes(mediaType) || manifestMediaTypes.includes(mediaType)
}
