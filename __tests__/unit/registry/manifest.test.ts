import { formatPlatform, isForPlatform } from '../../../src/registry/content/platform.ts'
import { parseImageConfig } from '../../../src/registry/content/image-config.ts'
import { layerCompression, mediaTypes } from '../../../src/registry/content/media-types.ts'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { UserError } from '../../../src/errors.ts'
import {
  isAttestation,
  parseManifest,
  type ParsedManifest,
  platformManifest,
} from '../../../src/registry/content/manifest.ts'

const digest = (digit: string) => `sha256:${digit.repeat(64)}`
const descriptor = (digit: string, more: object = {}) => ({
  mediaType: mediaTypes.ociManifest,
  digest: digest(digit),
  size: 7,
  ...more,
})
const bytes = (content: unknown) => Buffer.from(JSON.stringify(content))
const image = {
  schemaVersion: 2,
  mediaType: mediaTypes.ociManifest,
  config: descriptor('0', { mediaType: mediaTypes.ociConfig }),
  layers: [descriptor('1', { mediaType: mediaTypes.ociLayerZstd, size: 2_751_685_467 })],
}
const index = (manifests: object[]) => ({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests })

function indexOf(manifests: object[]) {
  const parsed: ParsedManifest = parseManifest(bytes(index(manifests)), mediaTypes.ociIndex, 'x')
  if (parsed.kind !== 'index') throw new Error('not an index')
  return parsed
}

describe('parseManifest', () => {
  it('reads an image', () => {
    expect(parseManifest(bytes(image), mediaTypes.ociManifest, 'x')).toMatchObject({
      kind: 'image',
      mediaType: mediaTypes.ociManifest,
      annotations: {},
      layers: [{ size: 2_751_685_467, mediaType: mediaTypes.ociLayerZstd, annotations: {} }],
    })
  })

  it('uses the Content-Type, without parameters, if the manifest states no type', () => {
    const silent = { ...image, mediaType: undefined }
    const parsed = parseManifest(bytes(silent), `${mediaTypes.dockerManifest}; charset=utf-8`, 'x')
    expect(parsed).toMatchObject({ kind: 'image', mediaType: mediaTypes.dockerManifest })
  })

  it('uses the type of the manifest if the Content-Type is unspecific', () => {
    expect(parseManifest(bytes(image), 'application/json', 'x').kind).toBe('image')
  })

  it('reads a report with a subject', () => {
    const report = {
      ...image,
      artifactType: 'application/vnd.aibrix.report.v1+json',
      config: descriptor('0', { mediaType: mediaTypes.ociEmpty, size: 2 }),
      subject: descriptor('2'),
      annotations: { a: 'b' },
    }
    expect(parseManifest(bytes(report), mediaTypes.ociManifest, 'x')).toMatchObject({
      artifactType: 'application/vnd.aibrix.report.v1+json',
      subject: { digest: digest('2') },
      annotations: { a: 'b' },
    })
  })

  it.each([
    ['two types', image, mediaTypes.ociIndex, 'is served as'],
    ['both kinds in one', { ...image, manifests: [] }, mediaTypes.ociManifest, 'not valid at manifests'],
    ['an index with layers', { ...index([]), layers: [] }, mediaTypes.ociIndex, 'not valid at layers'],
    [
      'a short digest',
      { ...image, config: { ...image.config, digest: 'sha256:0' } },
      mediaTypes.ociManifest,
      'config.digest',
    ],
    [
      'a negative size',
      { ...image, config: { ...image.config, size: -1 } },
      mediaTypes.ociManifest,
      'config.size',
    ],
    [
      'a size beyond numbers',
      { ...image, config: { ...image.config, size: 2 ** 60 } },
      mediaTypes.ociManifest,
      'config.size',
    ],
    [
      'schema 1',
      { schemaVersion: 1 },
      'application/vnd.docker.distribution.manifest.v1+prettyjws',
      'neither an image',
    ],
    ['no layers', { ...image, layers: undefined }, mediaTypes.ociManifest, 'layers'],
    ['no object', [], mediaTypes.ociManifest, 'schemaVersion'],
    ['a null', null, mediaTypes.ociManifest, 'the manifest of docker.io/a/b:c'],
  ])('refuses %s and names the place', (_, content, contentType, expected) => {
    expect(() => parseManifest(bytes(content), contentType, 'docker.io/a/b:c')).toThrow(expected)
  })

  it('refuses anything but JSON', () => {
    expect(() => parseManifest(Buffer.from('<html>'), 'text/html', 'a')).toThrow(
      'the manifest of a is not JSON.',
    )
  })

  it('has one clean line of error for any content', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(...Object.values(mediaTypes)), (json, type) => {
        try {
          parseManifest(Buffer.from(json), type, 'a')
        } catch (error) {
          expect(error).toBeInstanceOf(UserError)
          // eslint-disable-next-line no-control-regex
          expect((error as Error).message).not.toMatch(/[\0-\x1f]/)
        }
      }),
    )
  })
})

describe('platformManifest', () => {
  const entry = (digit: string, architecture: string, variant?: string) =>
    descriptor(digit, {
      platform: { os: 'linux', architecture, ...(variant === undefined ? {} : { variant }) },
    })
  const attestation = descriptor('f', {
    platform: { os: 'unknown', architecture: 'unknown' },
    annotations: {
      'vnd.docker.reference.type': 'attestation-manifest',
      'vnd.docker.reference.digest': digest('1'),
    },
  })
  const disguised = descriptor('e', {
    platform: { os: 'linux', architecture: 'amd64' },
    annotations: { 'vnd.docker.reference.type': 'attestation-manifest' },
  })

  it.each([
    ['amd64 and arm64', [entry('1', 'arm64'), entry('2', 'amd64')], 'linux/amd64', '2'],
    ['an attestation before it', [attestation, disguised, entry('2', 'amd64')], 'linux/amd64', '2'],
    ['only an attestation', [disguised], 'linux/amd64', undefined],
    ['the plain one before v3', [entry('3', 'amd64', 'v3'), entry('2', 'amd64')], 'linux/amd64', '2'],
    ['v3 if there is no other', [entry('3', 'amd64', 'v3')], 'linux/amd64', '3'],
    ['the requested variant', [entry('2', 'amd64'), entry('3', 'amd64', 'v3')], 'linux/amd64/v3', '3'],
    ['no other variant', [entry('6', 'arm', 'v6')], 'linux/arm/v7', undefined],
    ['arm64/v8 as arm64', [entry('8', 'arm64', 'v8')], 'linux/arm64', '8'],
    ['arm64 as arm64/v8', [entry('8', 'arm64')], 'linux/arm64/v8', '8'],
    ['another system', [entry('2', 'amd64')], 'windows/amd64', undefined],
    ['entries without a platform', [descriptor('9')], 'linux/amd64', undefined],
    ['nothing', [], 'linux/amd64', undefined],
  ])('with %s', (_, entries, platform, expected) => {
    expect(platformManifest(indexOf(entries), platform)?.digest).toBe(expected && digest(expected))
  })

  it('distinguishes attestations from images', () => {
    expect(indexOf([attestation, disguised, entry('1', 'amd64')]).manifests.map(isAttestation)).toEqual([
      true,
      true,
      false,
    ])
  })
})

describe('parseImageConfig', () => {
  it('reads all properties', () => {
    const config = {
      os: 'linux',
      architecture: 'arm64',
      variant: 'v8',
      created: '2025-11-23T00:00:00Z',
      config: {
        User: '1000:1000',
        Entrypoint: ['vllm', 'serve'],
        Cmd: 'one-word',
        WorkingDir: '/vllm-workspace',
        Shell: ['/bin/bash', '-lc'],
        OnBuild: ['RUN true', 'USER root'],
        Env: ['A=b=c', 'D='],
        Labels: { a: 'b' },
      },
      rootfs: { type: 'layers', diff_ids: [digest('1')] },
      history: [{ created: '2025-11-22T00:00:00Z' }, { created: '2025-11-23T00:00:00Z', empty_layer: true }],
    }
    expect(parseImageConfig(bytes(config), 'x')).toEqual({
      os: 'linux',
      architecture: 'arm64',
      variant: 'v8',
      created: '2025-11-23T00:00:00Z',
      user: '1000:1000',
      entrypoint: ['vllm', 'serve'],
      cmd: ['one-word'],
      workingDir: '/vllm-workspace',
      shell: ['/bin/bash', '-lc'],
      onBuild: ['RUN true', 'USER root'],
      env: ['A=b=c', 'D='],
      labels: { a: 'b' },
      diffIds: [digest('1')],
      layersCreated: ['2025-11-22T00:00:00Z'],
    })
  })

  const nothing = {
    ...{
      user: '',
      entrypoint: [],
      cmd: [],
      workingDir: '/',
      shell: [],
      onBuild: [],
      env: [],
      labels: {},
      diffIds: [],
    },
    layersCreated: [],
  }
  it.each([
    [{}],
    [{ config: null, rootfs: null }],
    [{ config: {}, rootfs: { diff_ids: null } }],
    [
      {
        config: { User: '', Entrypoint: null, Cmd: [], WorkingDir: '', Env: null, Labels: null },
        rootfs: {},
      },
    ],
    [{ config: { WorkingDir: '/' } }],
    [{ history: [{ created: 7 }] }],
    [{ history: [{ created: '2025-11-22T00:00:00Z' }] }],
  ])('reads %j as empty', (config) => {
    const parsed = parseImageConfig(bytes({ os: 'linux', architecture: 'amd64', ...config }), 'x')
    expect(parsed).toEqual({
      os: 'linux',
      architecture: 'amd64',
      variant: '',
      created: undefined,
      ...nothing,
    })
  })

  it('accepts a configuration without a platform, as Docker does', () => {
    const parsed = parseImageConfig(bytes({ os: null, config: { Labels: { a: null } } }), 'x')
    expect(parsed).toMatchObject({ os: '', architecture: '', labels: { a: '' } })
  })

  it.each([
    [[], 'a list'],
    [7, 'Expected Object'],
    [{ os: 7 }, 'at os'],
    [{ config: 7 }, 'at config'],
  ])('refuses an invalid configuration: %j', (content, expected) => {
    expect(() => parseImageConfig(bytes(content), 'docker.io/a')).toThrow(expected)
  })
})

it.each([
  [mediaTypes.ociLayerZstd, 'zstd'],
  [mediaTypes.dockerLayerZstd, 'zstd'],
  [mediaTypes.dockerLayerGzip, 'gzip'],
  [mediaTypes.ociLayer, 'none'],
  ['application/vnd.in-toto+json', undefined],
  ['toString', undefined],
])('a layer of type %s is compressed with %s', (mediaType, expected) => {
  expect(layerCompression(mediaType)).toBe(expected)
})

it('a descriptor keeps all properties of the image specification', () => {
  const entry = {
    ...descriptor('1', { annotations: { a: 'b' }, urls: ['https://x/'], data: 'e30=', artifactType: 'a/b' }),
    platform: {
      os: 'windows',
      architecture: 'amd64',
      variant: 'v3',
      'os.version': '10.0.1',
      'os.features': ['win32k'],
    },
  }
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [entry] }
  expect(parseManifest(bytes(index), '', 'x')).toMatchObject({ manifests: [entry] })
})

it.each([
  ['linux/amd64', { os: 'linux', architecture: 'amd64' }, true],
  ['linux/amd64', { os: 'linux', architecture: 'amd64', variant: 'v3' }, true],
  ['linux/amd64/v2', { os: 'linux', architecture: 'amd64', variant: 'v3' }, false],
  ['linux/arm64', { os: 'linux', architecture: 'arm64', variant: 'v8' }, true],
  ['linux/arm64/v8', { os: 'linux', architecture: 'arm64' }, true],
  ['linux/arm/v7', { os: 'linux', architecture: 'arm' }, true],
  ['linux/arm/v7', { os: 'linux', architecture: 'armhf' }, true],
  ['linux/arm/v7', { os: 'linux', architecture: 'arm', variant: 'v6' }, false],
  ['linux/amd64', { os: 'Linux', architecture: 'x86_64' }, true],
  ['linux/amd64', { os: '', architecture: 'AMD64', variant: 'v1' }, true],
  ['linux/arm64', { os: 'linux', architecture: 'aarch64', variant: '8' }, true],
  ['linux/aarch64', { os: 'linux', architecture: 'arm64' }, true],
  ['linux/amd64', { os: 'linux', architecture: '' }, false],
  ['linux/amd64', { os: 'linux', architecture: 'toString' }, false],
  ['linux/arm64', { os: 'linux', architecture: 'amd64' }, false],
  ['linux/amd64', { os: 'windows', architecture: 'amd64' }, false],
  ['', { os: '', architecture: '' }, false],
])('for %s, an image for %j matches: %s', (wanted, platform, expected) => {
  expect(isForPlatform(wanted, platform)).toBe(expected)
})

it.each([
  [{ os: 'linux', architecture: 'amd64' }, 'linux/amd64'],
  [{ os: 'linux', architecture: 'arm64', variant: 'v8' }, 'linux/arm64'],
  [{ os: 'Linux', architecture: 'X86_64', variant: '' }, 'linux/amd64'],
  [{ os: 'linux', architecture: 'arm', variant: 'v7' }, 'linux/arm/v7'],
])('the platform %j is written %s', (platform, expected) => {
  expect(formatPlatform(platform)).toBe(expected)
})
