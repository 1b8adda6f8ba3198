import fc from 'fast-check'
import { gzipSync } from 'node:zlib'
import { digestOf } from '../../src/registry/content/digest.ts'
import { mediaTypes } from '../../src/registry/content/media-types.ts'

/**
 * Content of a repository. A tag names the last manifest; each manifest follows what it points to.
 */
export type RareImage = {
  blobs: Buffer[]
  manifests: { bytes: Buffer; mediaType: string }[]
}

/** Label of the image for linux/amd64; any other image has another value. */
export const rightLabel = { 'io.example.image': 'right' }

type Stored = { mediaType: string; digest: string; size: number }
type Platform = Record<string, unknown> | null | undefined
/** A manifest in an index, or below a nested one. */
type Entry = { is: 'image' | 'other' | 'attestation' | 'artifact'; platform: Platform; depth: number }

const archive = Buffer.alloc(1024)
const layer = gzipSync(archive)

/** Everything that Docker accepts as linux/amd64 in an index. */
const right: Platform[] = [
  { os: 'linux', architecture: 'amd64' },
  { os: 'Linux', architecture: 'x86_64' },
  { os: 'linux', architecture: 'AMD64', variant: 'v1' },
  { os: 'linux', architecture: 'x86-64', variant: '', 'os.version': null, 'os.features': null },
  { os: 'linux', architecture: 'amd64', variant: null },
  { os: null, architecture: 'amd64' },
  { architecture: 'amd64' },
  null,
  undefined,
]
const wrong: Platform[] = [
  { os: 'linux', architecture: 'aarch64' },
  { os: 'linux', architecture: 'arm64', variant: '8' },
  { os: 'windows', architecture: 'amd64', 'os.version': '10.0.1' },
  { os: 'linux' },
  null,
  undefined,
]

/**
 * Generates legal, rare images for linux/amd64, each among images that must not be picked.
 *
 * @param as what may precede an image without a platform in the index. Docker takes the first entry
 * without a platform, whatever it is for (containerd, LimitManifests); `found by us` also has such
 * other entries.
 */
export function rareImages(as: 'taken by Docker' | 'found by us'): fc.Arbitrary<RareImage> {
  const parts = fc.record({
    isPlain: fc.boolean(),
    isOci: fc.boolean(),
    isNull: fc.boolean(),
    typeInside: fc.constantFrom('there', 'absent', 'null', 'empty'),
    says: fc.constantFrom('all', 'no architecture', 'nothing', 'null'),
    platform: fc.constantFrom(...right),
    depth: fc.nat(2),
    before: others(),
    behind: others(),
  })
  return parts.map(({ before, behind, platform, depth, ...form }) => {
    const maker = createMaker(form)
    const isNamed = (platform ?? undefined) !== undefined
    // If the index states no platform, the configuration must.
    if (!form.isPlain && !isNamed) maker.sayPlatform()
    if (form.isPlain) maker.image('amd64', rightLabel)
    else {
      const first =
        isNamed || as === 'found by us'
          ? before
          : before.map((entry) => ({ ...entry, platform: entry.platform ?? wrong[0] }))
      const entries = [...first, { is: 'image', platform, depth } as const, ...behind]
      maker.index(entries.map((entry) => maker.entry(entry)))
    }
    return maker.made
  })
}

function others(): fc.Arbitrary<Entry[]> {
  const is = fc.constantFrom('other', 'attestation', 'artifact')
  return fc.array(fc.record({ is, platform: fc.constantFrom(...wrong), depth: fc.nat(1) }), { maxLength: 3 })
}

function createMaker(form: { isOci: boolean; isNull: boolean; typeInside: string; says: string }) {
  const made: RareImage = { blobs: [layer], manifests: [] }
  let says = form.says
  const nulls = form.isNull ? { annotations: null, urls: null, data: null, artifactType: null } : {}
  const blob = (bytes: Buffer, mediaType: string): object => {
    made.blobs.push(bytes)
    return { mediaType, digest: digestOf(bytes), size: bytes.length, ...nulls }
  }
  const manifest = (content: object, mediaType: string): Stored => {
    // A registry recognises Docker's own types by the field inside.
    const kind =
      mediaType === mediaTypes.ociManifest || mediaType === mediaTypes.ociIndex ? form.typeInside : 'there'
    const inside = { there: mediaType, null: null, empty: '' }[kind]
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: inside, ...content }))
    made.manifests.push({ bytes, mediaType })
    return { mediaType, digest: digestOf(bytes), size: bytes.length }
  }
  const image = (architecture: string, labels: object, isSaid = false): Stored => {
    const kind = isSaid ? 'all' : says
    const config = {
      ...(kind === 'all' && { architecture }),
      ...(kind === 'null' && { architecture: null, os: null, variant: null }),
      ...(['all', 'no architecture'].includes(kind) && { os: 'linux' }),
      config: {
        Labels: labels,
        ...(form.isNull && { Env: null, Entrypoint: null, Cmd: null, Volumes: null }),
      },
      rootfs: { type: 'layers', diff_ids: [digestOf(archive)] },
      ...(form.isNull && { history: null }),
    }
    const [own, ofConfig, ofLayer] = form.isOci
      ? [mediaTypes.ociManifest, mediaTypes.ociConfig, mediaTypes.ociLayerGzip]
      : [mediaTypes.dockerManifest, mediaTypes.dockerConfig, mediaTypes.dockerLayerGzip]
    const described = { mediaType: ofLayer, digest: digestOf(layer), size: layer.length, ...nulls }
    const more = form.isNull && form.isOci ? { annotations: null, artifactType: null, subject: null } : {}
    return manifest(
      { config: blob(Buffer.from(JSON.stringify(config)), ofConfig), layers: [described], ...more },
      own,
    )
  }
  const index = (manifests: object[]): Stored => {
    const more = form.isNull ? { annotations: null, artifactType: null, subject: null } : {}
    return manifest({ manifests, ...more }, mediaTypes.ociIndex)
  }
  const stored = ({ is }: Entry): Stored => {
    if (is === 'image') return image('amd64', rightLabel)
    const label = { 'io.example.image': `${is} ${made.manifests.length}` }
    if (is === 'other') return image('arm64', label, true)
    if (is === 'attestation') return image('unknown', label, true)
    const config = blob(Buffer.from('{}'), mediaTypes.ociEmpty)
    return manifest({ config, layers: [config], annotations: label }, mediaTypes.ociManifest)
  }
  const entry = (entry: Entry): object => {
    let found = stored(entry)
    const { is, depth } = entry
    const platform = is === 'attestation' ? { os: 'unknown', architecture: 'unknown' } : entry.platform
    for (let level = 0; level < depth; level++) found = index([{ ...found, ...nulls, platform }])
    return { ...found, ...nulls, platform }
  }
  return { made, image, index, entry, sayPlatform: () => void (says = 'all') }
}
