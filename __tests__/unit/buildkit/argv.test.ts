import { describe, expect, it } from '@jest/globals'
import {
  buildArguments,
  buildxArguments,
  compressionOf,
  csv,
  producesIndex,
} from '../../../src/buildkit/argv.ts'
import type { BuildCall, BuildOptions, SourceFolders } from '../../../src/buildkit/call.ts'
import { makeCall, makeLeg } from '../../support/build-calls.ts'
import { optionValues } from '../../support/buildkit.ts'

const image: BuildCall['output'] = {
  kind: 'image',
  reference: 'docker.io/aibrix/image-cache:candidate-1-amd64',
  push: true,
  compression: 'zstd',
  labels: { 'org.opencontainers.image.version': 'v0.10.2', note: 'a, "b" c' },
  annotations: { 'org.opencontainers.image.version': 'v0.10.2' },
  metadataFile: '/tmp/metadata.json',
}
const options = (more: Partial<BuildOptions> = {}): BuildOptions => ({ ...makeCall().options, ...more })

describe('build arguments', () => {
  it('are all arguments of the Dockerfile, for vLLM', () => {
    expect(buildArguments(makeLeg())).toEqual({
      VLLM_VERSION: 'v0.10.2',
      AIBRIX_BRANCH: 'v0.5.0',
      AIBRIX_COMMIT: '1'.repeat(40),
      AIBRIX_REPO: 'https://example.com/aibrix',
      NIXL_VERSION: '0.7.1',
      BASE_IMAGE: `docker.io/vllm/vllm-openai@sha256:${'a'.repeat(64)}`,
      BASE_DIGEST: `sha256:${'b'.repeat(64)}`,
      BASE_USER: 'vllm',
      BASE_ENTRYPOINT: '[]',
      UCX_VERSION: '1.19.0',
      UCX_REPO: 'https://example.com/ucx',
      UCX_COMMIT: '2'.repeat(40),
      GPU_ARCHITECTURES: 'auto',
      INTEGRATION: 'auto',
      NEWER_THAN: '',
    })
  })

  it.each([
    [
      'SGLang',
      { engine: 'sglang', version: { tag: 'v0.5.5.post3', release: '0.5.5.post3' } },
      { SGLANG_VERSION: 'v0.5.5.post3', VLLM_VERSION: undefined },
    ],
    ['named GPU architectures', { gpuArchitectures: ['8.0', '9.0'] }, { GPU_ARCHITECTURES: '8.0 9.0' }],
    ["a user's argument", { buildArguments: { MAX_JOBS: '2' } }, { MAX_JOBS: '2' }],
    [
      "a user's argument that contradicts the plan",
      { buildArguments: { NIXL_VERSION: '9' } },
      { NIXL_VERSION: '0.7.1' },
    ],
    [
      "a user's packages",
      { extraPackages: ['a', 'b>1'] },
      { EXTRA_PACKAGES: 'a\nb>1', EXTRA_FILES: undefined },
    ],
    [
      "a user's files",
      { extraFiles: { digest: '6'.repeat(64), files: 1, bytes: 1 } },
      { EXTRA_FILES: '6'.repeat(64), EXTRA_PACKAGES: undefined },
    ],
    [
      'a source on this machine',
      { aibrix: { ...makeLeg().aibrix, repository: { kind: 'path', path: '/src' } } },
      { AIBRIX_REPO: undefined, AIBRIX_BRANCH: 'v0.5.0' },
    ],
  ] as const)('for %s', (_, more, expected) => {
    const result: Record<string, string | undefined> = buildArguments(
      makeLeg(more as Parameters<typeof makeLeg>[0]),
    )
    for (const [name, value] of Object.entries(expected)) expect(result[name]).toBe(value)
  })
})

describe('the call to buildx', () => {
  it('for a report measures and builds no image', () => {
    const args = buildxArguments(makeCall())
    expect(args.slice(0, 6)).toEqual([
      'buildx',
      'build',
      '--file',
      '/action/dockerfiles/Dockerfile.vllm',
      '--platform',
      'linux/amd64',
    ])
    expect(args.slice(-9)).toEqual([
      '--progress=rawjson',
      '--target',
      'report',
      '--provenance',
      'false',
      '--output',
      'type=local,dest=/tmp/facts',
      '--',
      '/action/dockerfiles',
    ])
  })

  it('for a fetched source leaves its address out, so that the same commit is the same step', () => {
    const addresses = (sources: SourceFolders) =>
      optionValues(buildxArguments(makeCall({ sources })), '--build-arg').filter((value) =>
        value.includes('_REPO='),
      )
    expect(addresses({ aibrix: '/a' })).toEqual(['UCX_REPO=https://example.com/ucx'])
    expect(addresses({ ucx: '/u' })).toEqual(['AIBRIX_REPO=https://example.com/aibrix'])
  })

  it('for an image that is too old has its time as a build argument, so that its steps run again', () => {
    const time = '2025-11-23T00:00:00.000Z'
    for (const output of [{ kind: 'report', directory: '/tmp/facts' } as const, image]) {
      const of = (newerThan?: string) =>
        optionValues(buildxArguments(makeCall({ output, newerThan })), '--build-arg').filter((value) =>
          value.startsWith('NEWER_THAN='),
        )
      expect([of(), of(time)]).toEqual([['NEWER_THAN='], [`NEWER_THAN=${time}`]])
    }
  })

  it('for what is built ahead leaves nothing but the cache', () => {
    const args = buildxArguments(makeCall({ output: { kind: 'ahead' } }))
    expect(optionValues(args, '--target')).toEqual(['ahead'])
    expect(optionValues(args, '--output')).toEqual(['type=cacheonly'])
  })

  it('for an image pushes it with labels, annotations and a metadata file', () => {
    const args = buildxArguments(
      makeCall({ output: image, options: options({ provenance: 'mode=max', sbom: 'true' }) }),
    )
    expect(optionValues(args, '--output')).toEqual([
      'type=image,name=docker.io/aibrix/image-cache:candidate-1-amd64,push=true,oci-mediatypes=true,compression=zstd',
    ])
    expect(optionValues(args, '--label')).toEqual([
      'org.opencontainers.image.version=v0.10.2',
      'note=a, "b" c',
    ])
    expect(optionValues(args, '--annotation')).toEqual(['index:org.opencontainers.image.version=v0.10.2'])
    expect(optionValues(args, '--metadata-file')).toEqual(['/tmp/metadata.json'])
    expect(optionValues(args, '--provenance')).toEqual(['mode=max'])
    expect(optionValues(args, '--sbom')).toEqual(['true'])
    expect(args).not.toContain('--target')
  })

  it.each([
    ['a builder', { options: options({ builder: 'mine' }) }, '--builder', ['mine']],
    ['no builder', {}, '--builder', []],
    ['the host network', { options: options({ network: 'host' }) }, '--network', ['host']],
    ['the default network', {}, '--network', []],
    [
      'secrets, whatever the names of their files',
      {
        secrets: new Map([
          ['a', '/x/a'],
          ['b', '/x y,"z"/b'],
        ]),
      },
      '--secret',
      ['id=a,src=/x/a', 'id=b,"src=/x y,""z""/b"'],
    ],
    [
      'fetched sources',
      { sources: { aibrix: '/a=b', ucx: '/u.git' } },
      '--build-context',
      ['aibrix-source=/a=b/', 'ucx-source=/u.git/'],
    ],
    ['certificates', { certificates: '/run/given' }, '--build-context', ['certificates=/run/given/']],
    [
      'no repository of this machine',
      {
        leg: makeLeg({ aibrix: { ...makeLeg().aibrix, repository: { kind: 'path', path: '/srv/aibrix' } } }),
      },
      '--build-context',
      [],
    ],
    ['no layer cache', {}, '--cache-from', []],
    [
      'a layer cache to measure with',
      { layers: { from: 'docker.io/a/b@sha256:1', to: undefined } },
      '--cache-from',
      ['type=registry,ref=docker.io/a/b@sha256:1'],
    ],
    [
      'a layer cache to store an image in, compressed like the image',
      { output: image, layers: { from: 'docker.io/a/b@sha256:1', to: 'docker.io/a/b:layers-1' } },
      '--cache-to',
      [
        'type=registry,ref=docker.io/a/b:layers-1,mode=min,ignore-error=true,oci-mediatypes=true,image-manifest=true,compression=zstd',
      ],
    ],
    [
      'an image that is not pushed',
      { output: { ...image, push: false, compression: 'gzip' } },
      '--output',
      [
        'type=image,name=docker.io/aibrix/image-cache:candidate-1-amd64,push=false,oci-mediatypes=true,compression=gzip',
      ],
    ],
  ] as [string, Partial<BuildCall>, string, string[]][])('has %s', (_, more, name, expected) => {
    expect(optionValues(buildxArguments(makeCall(more)), name)).toEqual(expected)
  })
})

describe('the compression of new layers', () => {
  const layer = (mediaType: string): { mediaType: string } => ({ mediaType })
  it.each([
    ['gzip', [layer('application/vnd.oci.image.layer.v1.tar+gzip')]],
    ['gzip', [layer('application/vnd.docker.image.rootfs.diff.tar.gzip')]],
    ['zstd', [layer('application/vnd.oci.image.layer.v1.tar+zstd')]],
    ['zstd', [layer('application/vnd.docker.image.rootfs.diff.tar.zstd')]],
    [
      'zstd',
      [
        layer('application/vnd.oci.image.layer.v1.tar+gzip'),
        layer('application/vnd.oci.image.layer.v1.tar+zstd'),
      ],
    ],
    ['gzip', [layer('application/vnd.oci.image.layer.v1.tar')]],
    ['gzip', []],
  ])('is %s', (expected, layers) => {
    expect(compressionOf(layers)).toBe(expected)
  })
})

describe('an index', () => {
  it.each<[boolean, Partial<BuildOptions>, NodeJS.ProcessEnv]>([
    [true, {}, {}],
    [true, { provenance: 'mode=max' }, {}],
    [false, { provenance: 'false' }, {}],
    [true, { provenance: 'false', sbom: 'true' }, {}],
    [false, {}, { BUILDX_NO_DEFAULT_ATTESTATIONS: '1' }],
    [true, { provenance: 'true' }, { BUILDX_NO_DEFAULT_ATTESTATIONS: '1' }],
  ])('is produced: %s with %j and %j', (expected, more, environment) => {
    expect(producesIndex(options(more), environment)).toBe(expected)
  })
})

describe('a line of CSV', () => {
  it.each([
    [['a=b', 'c'], 'a=b,c'],
    [['a=b,c'], '"a=b,c"'],
    [['say="x"'], '"say=""x"""'],
    [[' a'], '" a"'],
  ])('of %j is %s', (fields, expected) => {
    expect(csv(fields)).toBe(expected)
  })

  it('refuses a line break, which buildx cannot read', () => {
    expect(() => csv(['a\nb'])).toThrow('line break')
  })
})
