import type { BuildCall } from '../../src/buildkit/call.ts'
import type { Leg } from '../../src/plan/plan.ts'
import type { Digest } from '../../src/registry/content/digest.ts'

const digest = (letter: string): Digest => `sha256:${letter.repeat(64)}`

export function makeLeg(more: Partial<Leg> = {}): Leg {
  return {
    id: 'vllm-v0.10.2-aibrix-v0.5.0-nixl-0.7.1-amd64',
    engine: 'vllm',
    version: { tag: 'v0.10.2', release: '0.10.2' },
    platform: 'linux/amd64',
    architecture: 'amd64',
    base: {
      repository: { registry: 'docker.io', path: 'vllm/vllm-openai' },
      tag: 'v0.10.2',
      digest: digest('a'),
      manifestDigest: digest('b'),
      config: {
        os: 'linux',
        architecture: 'amd64',
        variant: '',
        user: 'vllm',
        entrypoint: [],
        cmd: [],
        workingDir: '/',
        shell: [],
        env: [],
        labels: {},
        diffIds: [],
        created: undefined,
      },
      layers: [],
    },
    aibrix: {
      repository: { kind: 'url', url: 'https://example.com/aibrix' },
      ref: 'v0.5.0',
      commit: '1'.repeat(40),
      kind: 'tag',
    },
    nixl: '0.7.1',
    nixlFrom: 'index',
    ucxVersion: '1.19.0',
    ucx: {
      repository: { kind: 'url', url: 'https://example.com/ucx' },
      ref: 'v1.19.0',
      commit: '2'.repeat(40),
      kind: 'tag',
    },
    integration: 'auto',
    gpuArchitectures: 'auto',
    buildArguments: {},
    environment: {},
    extraPackages: [],
    extraFiles: null,
    buildId: 'c'.repeat(64),
    recipe: '7'.repeat(64),
    ...more,
  }
}

export function makeCall(more: Partial<BuildCall> = {}): BuildCall {
  return {
    leg: makeLeg(),
    output: { kind: 'report', directory: '/tmp/facts' },
    options: {
      builder: undefined,
      buildkitImage: undefined,
      network: 'default',
      provenance: undefined,
      sbom: undefined,
      cache: 'registry',
    },
    context: '/action/dockerfiles',
    dockerfile: '/action/dockerfiles/Dockerfile.vllm',
    secrets: new Map(),
    ...more,
  }
}
