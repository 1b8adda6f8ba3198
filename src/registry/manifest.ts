import * as v from 'valibot'
import { UserError } from '../errors.ts'
import { type Digest, isDigest } from './digest.ts'
import { checked, parseJson, printable } from './json.ts'
import { indexMediaTypes, manifestMediaTypes } from './media-types.ts'

export { type Compression, layerCompression, mediaTypes } from './media-types.ts'
export { type ImageConfig, parseImageConfig } from './image-config.ts'

/** What an index says about the machine that a manifest is for. */
export type Platform = {
  os: string
  architecture: string
  variant?: string | undefined
  'os.version'?: string | undefined
  'os.features'?: string[] | undefined
}

/**
 * A pointer to content by digest; size in bytes as stored (compressed). No annotations are `{}`. All properties of the OCI
 * image specification 1.1 (descriptor.md), so that one that is written again loses none.
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

/** A layer as the registry has it: size in bytes, compressed. */
export type ImageLayer = Pick<Descriptor, 'digest' | 'size' | 'mediaType'>

type Common = {
  mediaType: string
  annotations: Record<string, string>
  artifactType?: string | undefined
  subject?: Descriptor | undefined
}

export type ImageManifest = Common & { kind: 'image'; config: Descriptor; layers: Descriptor[] }
export type ImageIndex = Common & { kind: 'index'; manifests: Descriptor[] }
export type ParsedManifest = ImageManifest | ImageIndex

/** Engines run images of up to 127 layers, and the largest official indexes have about 50 manifests. */
const maximumParts = 1000
/** Bytes, 1 TiB; registries take layers of up to about 50 GB. */
const maximumSize = 2 ** 40

const annotations = v.nullish(v.record(v.string(), v.string()), () => ({}))

const platform = v.object({
  os: v.string(),
  architecture: v.string(),
  variant: v.optional(v.string()),
  'os.version': v.optional(v.string()),
  'os.features': v.optional(v.array(v.string())),
})

const descriptor = v.object({
  mediaType: v.string(),
  digest: v.custom<Digest>((value) => typeof value === 'string' && isDigest(value), 'not a sha256 digest'),
  size: v.pipe(
    v.number(),
    v.safeInteger(),
    v.minValue(0),
    v.maxValue(maximumSize, 'more bytes than can be true'),
  ),
  annotations,
  urls: v.optional(v.array(v.string())),
  data: v.optional(v.string()),
  platform: v.optional(platform),
  artifactType: v.optional(v.string()),
})

const parts = v.pipe(
  v.array(v.unknown()),
  v.maxLength(maximumParts, `more than ${maximumParts} of them`),
  v.array(descriptor),
)

const common = {
  schemaVersion: v.literal(2),
  mediaType: v.optional(v.string()),
  annotations,
  artifactType: v.optional(v.string()),
  subject: v.optional(descriptor),
}

// `manifests` in an image and `layers` or `config` in an index are refused: one document must not be read as two
// things (CVE-2021-41190).
const imageManifest = v.object({
  ...common,
  config: descriptor,
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
 * @param contentType the registry's Content-Type; parameters behind a semicolon are ignored
 * @param name what is read, for the error: `docker.io/library/debian:12`
 * @throws UserError if it is neither an image manifest nor an index, or if the type inside contradicts the type outside
 */
export function parseManifest(bytes: Uint8Array, contentType: string, name: string): ParsedManifest {
  const outside = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  const title = `the manifest of ${name}`
  const content = parseJson(bytes, title)
  const { mediaType = outside } = checked(v.object({ mediaType: v.optional(v.string()) }), content, title)
  const known = [...indexMediaTypes, ...manifestMediaTypes]
  if (known.includes(outside) && mediaType !== outside) {
    throw new UserError(`${title} is served as ${outside} but says ${printable(mediaType)}.`)
  }
  if (indexMediaTypes.includes(mediaType)) {
    return { ...checked(imageIndex, content, title), kind: 'index', mediaType }
  }
  if (manifestMediaTypes.includes(mediaType)) {
    return { ...checked(imageManifest, content, title), kind: 'image', mediaType }
  }
  throw new UserError(
    `${title} has the media type "${printable(mediaType)}", which is neither an image manifest nor an index.`,
  )
}

/** @returns whether a descriptor in an index is an attestation (provenance, SBOM) and not an image; BuildKit's two marks */
export function isAttestation({ platform, annotations }: Descriptor): boolean {
  return (
    annotations['vnd.docker.reference.type'] !== undefined ||
    (platform?.os === 'unknown' && platform.architecture === 'unknown')
  )
}

/**
 * Chooses the image for one platform, attestations left out.
 * @param platform `linux/amd64`, `linux/arm64/v8`. arm64 is the same as arm64/v8 (containerd's normalisation). Without a
 *   variant, an entry without one is preferred and any other is taken else, so that `amd64/v3` does not win over `amd64`.
 * @returns undefined if the index has no such image
 */
export function platformManifest(index: ImageIndex, platform: string): Descriptor | undefined {
  const candidates = index.manifests.filter(
    (entry) => !isAttestation(entry) && entry.platform && isForPlatform(platform, entry.platform),
  )
  const [, architecture, variant] = platform.split('/')
  const wanted = normalVariant(architecture, variant)
  const exact = candidates.find((entry) => normalVariant(architecture, entry.platform?.variant) === wanted)
  return exact ?? candidates[0]
}

/**
 * @param wanted `linux/amd64`; without a variant any will do
 * @returns whether an image for `platform` is one for what is wanted
 */
export function isForPlatform(wanted: string, { os, architecture, variant }: Platform): boolean {
  const [wantedOs, wantedArchitecture, wantedVariant] = wanted.split('/')
  return (
    os === wantedOs &&
    architecture === wantedArchitecture &&
    (wantedVariant === undefined ||
      normalVariant(architecture, variant) === normalVariant(architecture, wantedVariant))
  )
}

/** @returns `linux/arm64`, `linux/arm/v7`: the same text for platforms that are the same */
export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, normalVariant(architecture, variant)].filter((part) => part !== '').join('/')
}

function normalVariant(architecture: string | undefined, variant: string | undefined): string {
  const given = variant ?? ''
  return architecture === 'arm64' && given === 'v8' ? '' : given
}
