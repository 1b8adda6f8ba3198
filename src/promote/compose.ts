import { UserError } from '../errors.ts'
import { attestedDigest } from './attestations.ts'
import {
  configMediaTypes,
  type Descriptor,
  digestOf,
  formatPlatform,
  formatReference,
  isAttestation,
  isForPlatform,
  type Manifest,
  mediaTypes,
  parseManifest,
  placeManifest,
  type PlatformImage,
  type RegistryClient,
  type Repository,
} from '../registry/index.ts'

/** A leg as stored in the registry. `platform` is what it was planned for. */
export type StoredLeg = PlatformImage & { platform: string }

/**
 * Composes one image of the legs: an OCI image index of their unchanged manifests, the images in the
 * order of their platforms, then their attestations, as BuildKit orders them. A leg is a plain
 * manifest, or an index of one image and its attestations, whose index is left out.
 *
 * The index has OCI types even around manifests with Docker's, which the image specification tolerates
 * (1.1, image-index.md) and Docker pulls. GCR and quay refused the mixture; our builds are OCI only.
 * @param annotations of the index
 * @returns the same bytes for the same legs and annotations, in any order
 * @throws UserError if a leg is not what it should be, or two are for the same platform
 */
export function composeIndex(
  legs: readonly StoredLeg[],
  annotations: Readonly<Record<string, string>>,
): Manifest {
  const parts = new Map<string, LegParts>()
  for (const leg of legs) {
    const own = partsOf(leg)
    const other = parts.get(own.platform)
    if (other) throw new UserError(`Two legs are for ${own.platform}: ${other.digest} and ${own.digest}.`)
    parts.set(own.platform, own)
  }
  const sorted = [...parts.keys()].sort().flatMap((platform) => parts.get(platform) ?? [])
  const content = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: [
      ...sorted.map(({ image }) => canonical(image)),
      ...sorted.flatMap(({ attestations }) => attestations.map(canonical)),
    ],
    annotations: sortedRecord(annotations),
  }
  const bytes = Buffer.from(JSON.stringify(content))
  const parsed = parseManifest(bytes, mediaTypes.ociIndex, 'the composed image')
  return { bytes, digest: digestOf(bytes), mediaType: parsed.mediaType, parsed }
}

/** `from`: where the legs were read. `annotations` of the index; a single leg keeps its own. */
type ComposedImage = {
  from: Repository
  to: Repository
  legs: readonly StoredLeg[]
  annotations: Readonly<Record<string, string>>
}

/**
 * Puts an image into a repository, without a tag: the only leg unchanged, or the index over several.
 * Its content is put first, and it is read back. `copyManifest` within `to` then gives it tags.
 * @throws UserError if a leg is not what it should be, or a registry refuses
 */
export async function composeImage(
  client: RegistryClient,
  { from, to, legs, annotations }: ComposedImage,
): Promise<Manifest> {
  const [only, another] = legs
  if (!only) throw new UserError(`There are no legs to compose an image of ${formatReference(to)} from.`)
  // A single leg is the image, if it is what it should be.
  if (!another) partsOf(only)
  const top = another ? composeIndex(legs, annotations) : only.top
  await placeManifest(client, { from, to, top, tag: top.digest })
  return top
}

type LegParts = { platform: string; digest: string; image: Descriptor; attestations: Descriptor[] }

function partsOf(leg: StoredLeg): LegParts {
  const { top, image, platform } = leg
  const { digest } = top
  const wrong = (what: string): UserError => new UserError(`The leg for ${platform}, ${digest}, ${what}.`)
  if (!image) throw wrong('holds no image for it')
  const { manifest, config } = image
  if (!configMediaTypes.includes(manifest.parsed.config.mediaType)) throw wrong('is not an image')
  const { os, architecture, variant } = config
  const own = { os, architecture, ...(variant === '' ? {} : { variant }) }
  if (!isForPlatform(platform, own)) throw wrong(`holds an image for ${formatPlatform(own)}`)
  const named = { platform: formatPlatform(own), digest }
  if (top.parsed.kind === 'image') {
    const { mediaType, bytes } = manifest
    const descriptor = { mediaType, digest, size: bytes.length, annotations: {}, platform: own }
    return { ...named, image: descriptor, attestations: [] }
  }
  const attestations = top.parsed.manifests.filter(isAttestation)
  const [entry, another] = top.parsed.manifests.filter((each) => !isAttestation(each))
  if (entry?.digest !== manifest.digest || another) throw wrong('holds more than one image')
  const stranger = attestations.find(({ annotations }) => annotations[attestedDigest] !== manifest.digest)
  if (stranger) throw wrong(`holds an attestation of something else (${stranger.digest})`)
  return { ...named, image: entry, attestations }
}

/** A descriptor with its properties in a fixed order; JSON omits those that it lacks. */
function canonical(descriptor: Descriptor): Record<string, unknown> {
  const { mediaType, artifactType, digest, size, urls, data, annotations, platform } = descriptor
  return {
    mediaType,
    artifactType,
    digest,
    size,
    urls,
    data,
    annotations: sortedRecord(annotations),
    platform: platform && {
      architecture: platform.architecture,
      os: platform.os,
      'os.version': platform['os.version'],
      'os.features': platform['os.features'],
      variant: platform.variant,
    },
  }
}

function sortedRecord(record: Readonly<Record<string, string>>): Record<string, string> | undefined {
  const names = Object.keys(record).sort()
  return names.length === 0 ? undefined : Object.fromEntries(names.map((name) => [name, record[name] ?? '']))
}
