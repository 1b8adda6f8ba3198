import type { PinnedSource } from '../../src/plan/pinned.ts'
import type { ImageConfig } from '../../src/registry/content/image-config.ts'
import type { Leg } from '../../src/plan/plan.ts'
import type { ImageLayer } from '../../src/registry/content/manifest.ts'
import type { BaseFacts, Facts, LegFacts } from '../../src/verify/facts.ts'
import type { Rules } from '../../src/verify/rules.ts'
import type { Candidate } from '../../src/verify/candidate.ts'
import { makeImports, site } from './imported.ts'

// A valid leg and its facts. Tests change one thing in a copy.

const ok = { outcome: 'ok' } as const

export function makeConfig(changes: Partial<ImageConfig> = {}): ImageConfig {
  return {
    os: 'linux',
    architecture: 'amd64',
    variant: '',
    user: '',
    entrypoint: ['vllm', 'serve'],
    cmd: [],
    workingDir: '/vllm-workspace',
    shell: [],
    onBuild: [],
    env: ['PATH=/usr/local/bin:/usr/bin', 'CUDA_HOME=/usr/local/cuda'],
    labels: {},
    diffIds: [],
    created: undefined,
    layersCreated: [],
    ...changes,
  }
}

const zstd = 'application/vnd.oci.image.layer.v1.tar+zstd'

export function makeLayer(digit: string, size: number, mediaType = zstd): ImageLayer {
  return { digest: `sha256:${digit.repeat(64)}`, size, mediaType }
}

/** What the UCX tools are built from, in a leg that has some. */
export function ucxOf({ ucx }: Pick<Leg, 'ucx'>): PinnedSource {
  if (!ucx) throw new Error('it has no UCX tools')
  return ucx
}

export function makeLeg(changes: Partial<Leg> = {}): Leg {
  const aibrix = { kind: 'url', url: 'https://github.com/vllm-project/aibrix' } as const
  const ucx = { kind: 'url', url: 'https://github.com/openucx/ucx' } as const
  return {
    id: 'vllm-v0.21.0-aibrix-v0.7.0-nixl-0.7.1-amd64',
    engine: 'vllm',
    version: { tag: 'v0.21.0', release: '0.21.0' },
    platform: 'linux/amd64',
    architecture: 'amd64',
    base: {
      repository: { registry: 'docker.io', path: 'vllm/vllm-openai' },
      tag: 'v0.21.0',
      digest: `sha256:${'a'.repeat(64)}`,
      manifestDigest: `sha256:${'b'.repeat(64)}`,
      config: makeConfig(),
      layers: [makeLayer('1', 3_000_000_000), makeLayer('2', 5_000_000_000)],
    },
    aibrix: { repository: aibrix, ref: 'v0.7.0', commit: 'c5465890'.padEnd(40, '0'), kind: 'tag' },
    nixl: '0.7.1',
    nixlFrom: 'index',
    ucxVersion: '1.19.0',
    ucx: { repository: ucx, ref: 'v1.19.0', commit: 'e4636149'.padEnd(40, '0'), kind: 'tag' },
    integration: 'auto',
    gpuArchitectures: 'auto',
    buildArguments: {},
    environment: {},
    extraPackages: [],
    extraFiles: null,
    buildId: 'd'.repeat(64),
    recipe: '7'.repeat(64),
    ...changes,
  }
}

const tools = ['ibv_devices', 'ib_write_bw', 'ip', 'ping', 'ifconfig']

/** Runs as root, with a script as the ENTRYPOINT. */
function makeRunning(pip: Facts['pip']): Facts['running'] {
  return {
    identity: { uid: 0, gid: 0, home: '/root', directory: '/vllm-workspace' },
    imports: makeImports(pip, '/usr/local/bin'),
    tools: [...tools, 'ucx_info', 'ucx_perftest'].map((command) => ({ command, start: ok })),
    nixlTransfer: null,
    kvcacheRoundTrip: null,
    loopback: null,
    entrypoint: [
      { command: ['vllm', 'serve', '--help'], end: { kind: 'exit', code: 0 }, line: null, again: null },
    ],
  }
}

export function makeBase(): Facts {
  const pip = { vllm: '0.21.0', torch: '2.11.0+cu130', numpy: '2.2.6', redis: '7.0.1' }
  return {
    format: 2,
    running: makeRunning(pip),
    user: { name: '', directory: '/vllm-workspace', entry: ok, group: ok, enter: ok, python: ok },
    imports: makeImports(pip),
    system: { machine: 'x86_64', distribution: 'debian 12', glibc: '2.36', libstdcxx: '3.4.30' },
    python: { version: '3.12.12', executable: '/usr/bin/python3', externallyManaged: false },
    engines: [{ name: 'vllm', version: '0.21.0', location: `${site}/vllm`, editable: false }],
    torch: {
      version: '2.11.0+cu130',
      cuda: '13.0',
      cxxStandard: 17,
      record: 'f'.repeat(64),
      location: `${site}/torch`,
    },
    toolkit: {
      home: '/usr/local/cuda',
      version: '13.0',
      architectures: ['7.5', '8.0', '8.9', '9.0', '10.0', '12.0'],
    },
    aibrix: null,
    nixl: { distributions: {}, modules: [] },
    bundledUcx: null,
    loaderUcx: [],
    ucxTools: null,
    cudaLinks: {
      torch: [
        { path: `${site}/torch/lib/libtorch_cuda.so`, needed: ['libcudart.so.13', 'libcusparse.so.12'] },
      ],
      nixl: [],
      aibrix: [],
      ucxTools: [],
    },
    tools: [],
    demands: {
      vllm: {
        floors: [],
        unread: [],
        connectors: ['NixlConnector'],
        runners: { there: ['V1', 'V2'], v2Default: false, switch: true, error: null },
      },
      sglang: { floors: [], unread: [], connectors: ['aibrix'], runners: null },
    },
    integration: null,
    baseFiles: null,
    hooks: null,
    conditions: [],
    addedFiles: null,
    extraPackages: null,
    extraFiles: null,
    pip,
    pipCheck: ['vllm 0.21.0 requires opencv-python, which is not installed.'],
    dpkg: { 'libc6:amd64': '2.36-9', 'openssl:amd64': '3.0.17' },
  }
}

const atWork = (): Pick<Facts['running'], 'nixlTransfer' | 'kvcacheRoundTrip' | 'loopback'> => ({
  loopback: {
    sharedMemory: { outcome: 'ok', megabytesPerSecond: 11_800 },
    tcp: { outcome: 'ok', megabytesPerSecond: 1200 },
  },
  nixlTransfer: {
    driver: true,
    step: 'end',
    plugins: ['GDS', 'POSIX', 'UCX'],
    missing: [{ plugin: 'LIBFABRIC', error: 'libfabric.so.1: cannot open shared object file' }],
    state: 'DONE',
    differs: null,
    process: ok,
  },
  kvcacheRoundTrip: {
    step: 'end',
    lacks: null,
    memory: { bytes: 65_536, differs: null },
    files: { bytes: 65_536, differs: null },
    process: ok,
  },
})

/** Facts of a base that are known before anything runs as its user. */
export function asRoot({ running: _, ...facts }: Facts): BaseFacts {
  return facts
}

export function makeImage(): Facts {
  const base = makeBase()
  const pip = {
    ...base.pip,
    'aibrix-kvcache': '0.7.0+cu130',
    nixl: '0.7.1',
    'nixl-cu13': '0.7.1',
    rocksdict: '0.3.29',
  }
  const extensionPath = `${site}/aibrix_kvcache/_aibrix_C.abi3.so`
  return {
    ...base,
    running: { ...makeRunning(pip), ...atWork() },
    user: null,
    imports: makeImports(pip),
    aibrix: {
      version: '0.7.0+cu130',
      import: ok,
      extension: {
        path: extensionPath,
        needed: ['libtorch.so', 'libcudart.so.13'],
        load: ok,
        operators: ['reshape_and_cache_multi_layer', 'reshape_and_offload_multi_layer'],
        undefinedSymbols: [],
        machineCode: ['8.0', '8.9', '9.0', '10.0', '12.0'],
        partialMachineCode: [],
        ptx: [],
      },
      libraries: [],
    },
    nixl: { distributions: { nixl: '0.7.1', 'nixl-cu13': '0.7.1' }, modules: ['nixl_cu13'] },
    bundledUcx: {
      library: `${site}/nixl_cu13.libs/libucp-1a2b3c.so.0.0.0`,
      version: '1.19.0',
      error: null,
      modules: ['cma', 'cuda', 'ib', 'ib_mlx5', 'rdmacm'],
    },
    ucxTools: {
      prefix: '/opt/aibrix/ucx',
      version: '1.19.0',
      error: null,
      library: '/opt/aibrix/ucx/lib/libucs.so.0',
      perftest: ok,
      devices: ok,
      modules: ['cma', 'cuda', 'ib', 'rdmacm'],
    },
    cudaLinks: {
      torch: base.cudaLinks.torch,
      nixl: [
        { path: `${site}/nixl_cu13.libs/ucx/libuct_cuda.so`, needed: ['libcudart.so.13', 'libcuda.so.1'] },
      ],
      aibrix: [{ path: extensionPath, needed: ['libcudart.so.13'] }],
      ucxTools: [{ path: '/opt/aibrix/ucx/lib/ucx/libuct_cuda.so', needed: ['libcudart.so.13'] }],
    },
    tools: tools.map((command) => ({
      command,
      path: `/usr/bin/${command}`,
      start: ok,
    })),
    integration: {
      mode: 'module',
      reason: 'AIBrix v0.7.0 ships the connector module',
      evidence: 'aibrix_kvcache.integration.vllm.kv_connector.aibrix_pd_reuse_connector',
      check: ok,
    },
    baseFiles: { compared: 4200, differing: {} },
    addedFiles: { compared: 900, differing: {} },
    hooks: { found: [{ runner: 'V1', there: true, missing: [] }], error: null },
    pip,
    pipCheck: [
      ...(base.pipCheck ?? []),
      'aibrix-kvcache 0.7.0+cu130 has requirement redis==6.0.0, but you have redis 7.0.1.',
      'nixl 0.7.1 requires nixl-cu12, which is not installed.',
    ],
    dpkg: { ...base.dpkg, 'perftest:amd64': '4.5+0.17-1' },
  }
}

export function makeFacts(): LegFacts {
  return { base: makeBase(), image: makeImage() }
}

type KnownManifest = Extract<Candidate, { known: 'manifest' }>

export function makeCandidate(changes: Partial<KnownManifest> = {}): KnownManifest {
  const { layers } = makeLeg().base
  return {
    known: 'manifest',
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: makeConfig(),
    layers: [...layers, makeLayer('3', 50_000_000), makeLayer('4', 8_100_000)],
    ...changes,
  }
}

/** What a run without a waiver or a limit accepts. */
export const rules: Rules = { waivers: new Map(), addedBytesLimit: 100_000_000 }
