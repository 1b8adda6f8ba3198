import { parseImageConfig } from '../../../src/registry/content/image-config.ts'
import { mediaTypes } from '../../../src/registry/content/media-types.ts'
import type { Manifest } from '../../../src/registry/manifests.ts'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { UserError } from '../../../src/errors.ts'
import { composeImage, composeIndex, type StoredLeg } from '../../../src/promote/compose.ts'
import type { RegistryClient } from '../../../src/registry/client.ts'
import { digestOf } from '../../../src/registry/content/digest.ts'
import { isAttestation, parseManifest } from '../../../src/registry/content/manifest.ts'
import { formatReference, type Repository } from '../../../src/registry/content/reference.ts'

function manifest(content: object): Manifest {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, ...content }))
  const parsed = parseManifest(bytes, '', 'x')
  return { bytes, digest: digestOf(bytes), mediaType: parsed.mediaType, parsed }
}

const blob = (text: string, mediaType: string) => ({
  mediaType,
  digest: digestOf(Buffer.from(text)),
  size: Buffer.byteLength(text),
})
const entry = ({ mediaType, digest, bytes }: Manifest, more: object = {}) => ({
  mediaType,
  digest,
  size: bytes.length,
  ...more,
})
const platformOf = (platform: string) => {
  const [os, architecture, variant] = platform.split('/')
  return { os, architecture, ...(variant === undefined ? {} : { variant }) }
}

type Made = { leg: StoredLeg; stored: Manifest[]; config: string }

/** A leg: an image for a platform, which its configuration names. */
function plain(platform: string, settings: { says?: string; configType?: string; type?: string } = {}): Made {
  const config = JSON.stringify({ ...platformOf(settings.says ?? platform), rootfs: { diff_ids: [] } })
  const top = manifest({
    mediaType: settings.type ?? mediaTypes.ociManifest,
    config: blob(config, settings.configType ?? mediaTypes.ociConfig),
    layers: [blob(platform, mediaTypes.ociLayerGzip)],
  })
  if (top.parsed.kind !== 'image') throw new Error('no image')
  const parsedConfig = parseImageConfig(Buffer.from(config), 'x')
  const image = { manifest: { ...top, parsed: top.parsed }, config: parsedConfig }
  return { leg: { platform, top, image }, stored: [top], config }
}

const annotationsOf = (digest: string) => ({
  'vnd.docker.reference.type': 'attestation-manifest',
  'vnd.docker.reference.digest': digest,
})

function attestationOf(image: Manifest, type = 'provenance'): Manifest {
  return manifest({
    mediaType: mediaTypes.ociManifest,
    config: blob('{}', mediaTypes.ociConfig),
    layers: [blob(`${type} of ${image.digest}`, 'application/vnd.in-toto+json')],
  })
}

/** A leg as BuildKit creates it with provenance; `change` breaks it. */
function attested(platform: string, change: (entries: object[]) => object[] = (entries) => entries): Made {
  const { leg, config } = plain(platform)
  const attestation = attestationOf(leg.top)
  const top = manifest({
    mediaType: mediaTypes.ociIndex,
    manifests: change([
      entry(leg.top, { platform: platformOf(platform) }),
      entry(attestation, {
        annotations: annotationsOf(leg.top.digest),
        platform: platformOf('unknown/unknown'),
      }),
    ]),
    annotations: { 'of.the': 'leg' },
  })
  return { leg: { ...leg, top }, stored: [top, leg.top, attestation], config }
}

const annotations = { 'org.opencontainers.image.version': 'v1', 'io.example': 'ä' }

function manifestsOf({ parsed }: Manifest) {
  if (parsed.kind !== 'index') throw new Error('no index')
  return parsed.manifests
}

describe('an index over legs', () => {
  it('lists plain manifests with their platforms, in their order', () => {
    const [arm64, amd64, armv7] = [plain('linux/arm64'), plain('linux/amd64'), plain('linux/arm/v7')]
    const made = composeIndex([arm64.leg, amd64.leg, armv7.leg], annotations)
    expect(JSON.parse(made.bytes.toString())).toEqual({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [
        entry(amd64.leg.top, { platform: platformOf('linux/amd64') }),
        entry(armv7.leg.top, { platform: platformOf('linux/arm/v7') }),
        entry(arm64.leg.top, { platform: platformOf('linux/arm64') }),
      ],
      annotations,
    })
    expect(made.mediaType).toBe(mediaTypes.ociIndex)
    expect(made.digest).toBe(digestOf(made.bytes))
  })

  it('keeps attestations unchanged, after all images', () => {
    const [arm64, amd64] = [attested('linux/arm64'), attested('linux/amd64')]
    const made = composeIndex([arm64.leg, amd64.leg], {})
    expect(manifestsOf(made)).toEqual(
      [amd64, arm64]
        .flatMap(({ leg }) => manifestsOf(leg.top))
        .sort((left, right) => Number(isAttestation(left)) - Number(isAttestation(right))),
    )
    expect(JSON.parse(made.bytes.toString())).not.toHaveProperty('annotations')
  })

  it('combines plain legs, legs with attestations, and Docker types', () => {
    const docker = { type: mediaTypes.dockerManifest, configType: mediaTypes.dockerConfig }
    const [arm64, amd64] = [plain('linux/arm64', docker), attested('linux/amd64')]
    const made = composeIndex([arm64.leg, amd64.leg], {})
    expect(made.mediaType).toBe(mediaTypes.ociIndex)
    expect(manifestsOf(made).map(({ mediaType, platform }) => [mediaType, platform?.architecture])).toEqual([
      [mediaTypes.ociManifest, 'amd64'],
      [mediaTypes.dockerManifest, 'arm64'],
      [mediaTypes.ociManifest, 'unknown'],
    ])
  })

  it('has the same bytes for the same legs and annotations, in any order', () => {
    const legs = ['linux/amd64', 'linux/arm64', 'linux/arm/v7', 'linux/riscv64', 'linux/s390x'].flatMap(
      (platform, index) => [index % 2 === 0 ? plain(platform).leg : attested(platform).leg],
    )
    const expected = composeIndex(legs, annotations).bytes.toString()
    const shuffled = fc.shuffledSubarray(legs, { minLength: legs.length })
    const names = fc.shuffledSubarray(Object.entries(annotations), { minLength: 2 })
    fc.assert(
      fc.property(shuffled, names, (some, entries) => {
        expect(composeIndex(some, Object.fromEntries(entries)).bytes.toString()).toBe(expected)
      }),
    )
  })

  it('does not depend on how the legs wrote their descriptors', () => {
    const { leg } = attested('linux/arm64')
    const reversed = (value: unknown): unknown =>
      Array.isArray(value)
        ? value.map(reversed)
        : typeof value === 'object' && value !== null
          ? Object.fromEntries(
              Object.entries(value)
                .reverse()
                .map(([name, inner]) => [name, reversed(inner)]),
            )
          : value
    const bytes = Buffer.from(JSON.stringify(reversed(JSON.parse(leg.top.bytes.toString())), null, 3))
    const top = { ...leg.top, bytes, digest: digestOf(bytes), parsed: parseManifest(bytes, '', 'x') }
    const other = plain('linux/amd64').leg
    expect(composeIndex([{ ...leg, top }, other], {}).digest).toBe(composeIndex([leg, other], {}).digest)
  })

  it('differs for another leg, another annotation and one leg less', () => {
    const legs = [plain('linux/amd64').leg, plain('linux/arm64').leg]
    const digests = [
      composeIndex(legs, {}),
      composeIndex(legs, { a: 'b' }),
      composeIndex([...legs, plain('linux/arm/v7').leg], {}),
      composeIndex([plain('linux/amd64').leg, attested('linux/arm64').leg], {}),
    ].map(({ digest }) => digest)
    expect(new Set(digests).size).toBe(digests.length)
  })

  const other = plain('linux/amd64').leg
  const digestOfNothing = `sha256:${'0'.repeat(64)}`
  it.each([
    ['two legs of one platform', plain('linux/amd64').leg, 'Two legs are for linux/amd64'],
    ['arm64 and arm64/v8', plain('linux/arm64/v8').leg, 'Two legs are for linux/arm64', 'linux/arm64'],
    [
      'a leg for another platform than planned',
      plain('linux/arm64', { says: 'linux/s390x' }).leg,
      'holds an image for linux/s390x.',
    ],
    [
      'a leg with amd64 in its index and arm64 in its image',
      { ...attested('linux/arm64').leg, platform: 'linux/amd64' },
      'The leg for linux/amd64, sha256:',
    ],
    ['a leg without an image', { ...plain('linux/arm64').leg, image: undefined }, 'holds no image for it'],
    ['an artifact', plain('linux/arm64', { configType: mediaTypes.ociEmpty }).leg, 'is not an image'],
    [
      'a leg with two images',
      attested('linux/arm64', (entries) => [
        ...entries,
        entry(plain('linux/s390x').leg.top, { platform: platformOf('linux/s390x') }),
      ]).leg,
      'holds more than one image',
    ],
    [
      'a leg whose index lists another image',
      attested('linux/arm64', (entries) => entries.slice(1)).leg,
      'holds more than one image',
    ],
    [
      'an attestation of something else',
      attested('linux/arm64', ([image = {}, attestation]) => [
        image,
        { ...attestation, annotations: annotationsOf(digestOfNothing) },
      ]).leg,
      'holds an attestation of something else (sha256:',
    ],
    [
      'an attestation of nothing',
      attested('linux/arm64', ([image = {}, attestation]) => [image, { ...attestation, annotations: {} }])
        .leg,
      'holds an attestation of something else (sha256:',
    ],
  ])('is not composed of %s', (_, leg, expected, platform = 'linux/amd64') => {
    const first = platform === 'linux/amd64' ? other : plain(platform).leg
    expect(() => composeIndex([first, leg], {})).toThrow(UserError)
    expect(() => composeIndex([first, leg], {})).toThrow(expected)
  })
})

const from: Repository = { registry: 'ghcr.io', path: 'aibrix/cache' }
const to: Repository = { registry: 'ghcr.io', path: 'aibrix/x' }

/** A registry in memory with the legs in `from`, which refuses incomplete content. */
function registryWith(...made: Made[]) {
  const kept = new Map<string, Manifest>()
  const blobs = new Set<string>()
  const log: string[] = []
  for (const each of made.flatMap(({ stored }) => stored))
    kept.set(formatReference({ ...from, digest: each.digest }), each)
  const configs = new Map(made.map(({ config }) => [digestOf(Buffer.from(config)), config]))
  const at = (repository: Repository, reference: string) =>
    formatReference(
      reference.startsWith('sha256:')
        ? { ...repository, digest: reference as Manifest['digest'] }
        : { ...repository, tag: reference },
    )
  const unused = () => Promise.reject(new Error('not used here'))
  const client: RegistryClient = {
    getManifest: (repository, reference) => {
      log.push(`get ${at(repository, reference)}`)
      return Promise.resolve(kept.get(at(repository, reference)))
    },
    resolveTag: unused,
    deleteManifest: unused,
    getImageConfig: (_, { config: { digest } }) =>
      Promise.resolve(parseImageConfig(Buffer.from(configs.get(digest) ?? ''), 'x')),
    mountBlob: ({ digest }) => {
      log.push(`mount ${digest}`)
      blobs.add(digest)
      return Promise.resolve('mounted')
    },
    tryMount: unused,
    putManifest: (repository, reference, bytes, mediaType) => {
      log.push(`put ${at(repository, reference)}`)
      const parsed = parseManifest(bytes, mediaType, 'x')
      const isThere = (digest: string): boolean =>
        blobs.has(digest) || kept.has(at(repository, digest)) || repository === from
      const parts = parsed.kind === 'image' ? [parsed.config, ...parsed.layers] : parsed.manifests
      for (const { digest } of parts)
        if (!isThere(digest)) return Promise.reject(new UserError(`${digest} unknown.`))
      const digest = digestOf(bytes)
      kept.set(at(repository, reference), { bytes: Buffer.from(bytes), digest, mediaType, parsed })
      return Promise.resolve(digest)
    },
    confirmManifest: (repository, reference, digest) =>
      kept.get(at(repository, reference))?.digest === digest
        ? Promise.resolve()
        : Promise.reject(new UserError('other.')),
    listTags: unused,
    getBlob: unused,
    downloadBlob: unused,
    hasBlob: unused,
    putBlob: unused,
    listReferrers: () => Promise.resolve(undefined),
    pushesTo: () => undefined,
    close: () => undefined,
  }
  return { client, log, kept }
}

const asked = ({ leg }: Made): StoredLeg => leg

describe('an image in a public repository', () => {
  it('is the only leg unchanged, without a tag', async () => {
    for (const leg of [plain('linux/arm64'), attested('linux/arm64')]) {
      const { client, log, kept } = registryWith(leg)
      const made = await composeImage(client, { from, to, legs: [asked(leg)], annotations })
      expect(made).toMatchObject({ digest: leg.leg.top.digest, mediaType: leg.leg.top.mediaType })
      expect(made.bytes.equals(leg.leg.top.bytes)).toBe(true)
      expect(kept.get(formatReference({ ...to, digest: made.digest }))?.bytes.equals(made.bytes)).toBe(true)
      expect(log.filter((line) => line.startsWith('put')).every((line) => line.includes('@sha256:'))).toBe(
        true,
      )
    }
  })

  it('is the index over several legs, with its content, and adds nothing where the legs are', async () => {
    const made = [attested('linux/arm64'), plain('linux/amd64')]
    const { client, log, kept } = registryWith(...made)
    const index = await composeImage(client, { from, to, legs: made.map(asked), annotations })
    expect(index.bytes).toEqual(
      composeIndex(
        made.map(({ leg }) => leg),
        annotations,
      ).bytes,
    )
    const puts = log.filter((line) => line.startsWith('put'))
    expect(puts).toHaveLength(4)
    expect(puts.at(-1)).toBe(`put ${formatReference({ ...to, digest: index.digest })}`)
    expect(puts.every((line) => line.startsWith(`put ${formatReference(to)}@`))).toBe(true)
    for (const { digest } of manifestsOf(index))
      expect(kept.has(formatReference({ ...to, digest }))).toBe(true)
    expect(kept.has(formatReference({ ...to, digest: made[0]?.leg.top.digest ?? index.digest }))).toBe(false)
  })

  it('can be composed where the legs are', async () => {
    const made = [plain('linux/arm64'), plain('linux/amd64')]
    const { client, log } = registryWith(...made)
    await composeImage(client, { from, to: from, legs: made.map(asked), annotations })
    expect(log.filter((line) => !line.startsWith('get'))).toHaveLength(1)
  })

  it.each<[string, StoredLeg[], string]>([
    ['no leg', [], 'There are no legs to compose an image of ghcr.io/aibrix/x from.'],
    [
      'one leg of another platform',
      [{ ...plain('linux/arm64').leg, platform: 'linux/amd64' }],
      'holds an image for linux/arm64.',
    ],
  ])('is not composed of %s', async (_, legs, expected) => {
    const { client, log } = registryWith(plain('linux/arm64'))
    await expect(composeImage(client, { from, to, legs, annotations })).rejects.toThrow(expected)
    expect(log).toEqual([])
  })
})
