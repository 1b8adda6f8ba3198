import { describe, expect, it } from '@jest/globals'
import type { Leg } from '../../../src/plan/plan.ts'
import type { Floor } from '../../../src/verify/demand-facts.ts'
import type { Facts, LegFacts } from '../../../src/verify/facts.ts'
import type { KvcacheRoundTrip, NixlTransfer, Start } from '../../../src/verify/functional-facts.ts'
import { type Gate, gateNames, type GateName, waive } from '../../../src/verify/gate.ts'
import { judgeFacts } from '../../../src/verify/judge.ts'
import { judgeManifest } from '../../../src/verify/manifest.ts'
import { makeCandidate, makeConfig, makeFacts, makeLayer, makeLeg } from '../../support/verified-leg.ts'

type World = { leg: Leg; facts: LegFacts; candidate: ReturnType<typeof makeCandidate> }
type Mutant = [
  what: string,
  change: (world: World) => void,
  fails: GateName,
  hint: string | RegExp,
  follow?: GateName[],
]

const limits = { addedBytes: 100_000_000 }
const gzip = 'application/vnd.oci.image.layer.v1.tar+gzip'
const dockerZstd = 'application/vnd.docker.image.rootfs.diff.tar.zstd'

/** With packages and files of the user's own, so that every gate applies. */
function worldOf(): World {
  const extraFiles = { digest: '6'.repeat(64), size: { files: 2, bytes: 15 } }
  const leg = makeLeg({
    extraPackages: ['old==1; python_version < "3"', 'vllm-omni[demo]>=0.30'],
    extraFiles,
  })
  const facts = makeFacts()
  Object.assign(facts.image.pip, { 'vllm-omni': '0.30.0', diffusers: '0.40.0' })
  facts.image.extraPackages = { added: ['diffusers', 'vllm-omni'], leftOut: ['old'] }
  const files = [
    { path: '/opt/acme/a', bytes: 5 },
    { path: '/opt/acme/b', bytes: 10 },
  ]
  facts.image.extraFiles = { digest: extraFiles.digest, files, covered: [] }
  return { leg, facts, candidate: makeCandidate() }
}

function judge({ leg, facts, candidate }: World): Gate[] {
  return [...judgeFacts(leg, facts), ...judgeManifest(leg, candidate, limits)]
}

function there<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error('the factory has no such thing')
  return value
}

const theEngine = (facts: Facts) => there(facts.engines[0])
const aibrixOf = (facts: Facts) => there(facts.aibrix)
const extraFilesOf = (facts: Facts) => there(facts.extraFiles)
const extensionOf = (facts: Facts) => there(aibrixOf(facts).extension)
const withoutSymbol = (path: string, symbol: string) => ({
  path,
  needed: ['libcuda.so.1'],
  load: error(`OSError: ${path}: undefined symbol: ${symbol}`),
  undefinedSymbols: [symbol],
})
const toolsOf = (facts: Facts) => there(facts.ucxTools)
const transferOf = (facts: Facts) => there(facts.running.nixlTransfer)
const roundTripOf = (facts: Facts) => there(facts.running.kvcacheRoundTrip)
const loopbackOf = (facts: Facts) => there(facts.running.loopback)
const unmoved = (text: string) => ({ ...error(text), sandbox: null })
const failure: Start['end'] = { kind: 'exit', code: 1 }
/** Makes the start end with exit code 1. */
const startOf = (facts: Facts): Start => Object.assign(there(facts.running.entrypoint?.[0]), { end: failure })
const demandsOf = (facts: Facts) => there(facts.demands?.vllm)
const runnersOf = (facts: Facts) => there(demandsOf(facts).runners)
const hooksOf = (facts: Facts) => there(facts.hooks)
const floor = (distribution: string, version: string): Floor => ({
  distribution,
  bound: '>=',
  version,
  file: 'vllm/distributed/nixl_utils.py',
  line: 96,
  form: 'call',
})
/** Replaces a package and its files. */
function replacePackage(facts: Facts, name: string, version: string): void {
  facts.pip[name] = version
  for (const imports of [facts.imports, facts.running.imports])
    for (const owner of there(imports).modules.flatMap(({ owners }) => owners))
      if (owner.name === name) owner.version = version
}

const runsOf = ({ facts }: World) => there(facts.image.running.imports)
const asUser = (world: World, name: string) =>
  there(runsOf(world).modules.find((module) => module.name === name))
const userOf = ({ facts }: World) => there(facts.base.user)

/** Python imports a module from another folder, for every user. */
function shadow(
  world: World,
  folder: string,
  name: string,
  owners: { name: string; version: string }[],
): void {
  const { imports, running } = world.facts.image
  for (const one of [imports, running.imports]) {
    const module = there(there(one).modules.find((candidate) => candidate.name === name))
    Object.assign(module, { file: `${folder}/${name}/__init__.py`, owners })
  }
}

const error = (text: string) => ({ outcome: 'error' as const, error: text })

/** NIXL fails with an error before its transfer ends. */
function failTransfer(image: Facts, text: string, changes: Partial<NixlTransfer>): void {
  Object.assign(transferOf(image), { state: null, process: error(text), ...changes })
}

/** AIBrix's cache fails with an error. */
function failRoundTrip(image: Facts, text: string, changes: Partial<KvcacheRoundTrip>): void {
  Object.assign(roundTripOf(image), { process: error(text), ...changes })
}

/** Changes files of a package. @param count how many */
function addedDiffers(
  { image }: LegFacts,
  distribution: string,
  kind: 'changed' | 'vanished',
  count = 1,
): void {
  const first = [{ path: `/site/${distribution}/x.py`, kind, owner: null }]
  there(image.addedFiles).differing[distribution] = { count, first }
}

function differs(
  { image }: LegFacts,
  distribution: string,
  kind: 'changed' | 'vanished' | 'came',
  owner: string | null,
  count = 1,
): void {
  const first = [{ path: `/site/${distribution}/x.py`, kind, owner }]
  there(image.baseFiles).differing[distribution] = { count, first }
}

const mutants: Mutant[] = [
  [
    'an extra package that is not there',
    ({ facts }) => delete facts.image.pip['vllm-omni'],
    'extra-contents',
    'does not have what extra-packages asks for: no vllm-omni; report',
  ],
  [
    'an extra package of another version',
    ({ facts }) => replacePackage(facts.image, 'vllm-omni', '0.28.0'),
    'extra-contents',
    'does not have what extra-packages asks for: vllm-omni 0.28.0; report',
  ],
  [
    'an extra package that changes another version of the base',
    ({ facts }) => (facts.image.pip.numpy = '2.4.0'),
    'environment-untouched',
    'A build step changed numpy 2.2.6 → 2.4.0',
  ],
  [
    'an extra package that overwrites a file of the engine',
    ({ facts }) => {
      differs(facts, 'vllm', 'changed', 'vllm-omni')
    },
    'environment-untouched',
    /The installed package vllm-omni changed \/site\/vllm\/x\.py of vllm.*; leave vllm-omni, and what needs it, out of extra-packages, or accept/,
  ],
  [
    'extra files that would cover others',
    ({ facts }) => {
      extraFilesOf(facts.image).covered = [
        { path: '/opt/acme/a', owner: null },
        { path: '/site/vllm/envs.py', owner: 'vllm' },
      ]
      extraFilesOf(facts.image).digest = '5'.repeat(64)
    },
    'extra-contents',
    'would cover 2 files of the image, or one another: /opt/acme/a, /site/vllm/envs.py of vllm; leave them out of the folder, or give',
  ],
  [
    'extra files with other content',
    ({ facts }) => {
      extraFilesOf(facts.image).digest = '5'.repeat(64)
    },
    'extra-contents',
    'not in the image as they were given; report',
  ],
  [
    'extra files that are not there',
    ({ facts }) => (facts.image.extraFiles = null),
    'extra-contents',
    'The files of extra-files are not in the image; report',
  ],
  [
    'a base without an engine',
    ({ facts }) => {
      for (const some of [facts.base, facts.image]) some.engines = []
    },
    'engine-version',
    /^Python in the base vllm\/vllm-openai:v0.21.0 finds no package vllm; check that base-registry/,
    ['engine-demands'],
  ],
  [
    'a base with only the other engine',
    ({ facts }) => {
      for (const some of [facts.base, facts.image]) theEngine(some).name = 'sglang'
    },
    'engine-version',
    'finds no package vllm, only sglang 0.21.0; check',
    ['engine-demands'],
  ],
  [
    'an engine that a step removed',
    ({ facts }) => {
      facts.image.engines = []
      startOf(facts.image).line = "No such file or directory: 'vllm'"
    },
    'engine-version',
    "A build step removed the base's vllm 0.21.0",
    ['engine-demands', 'entrypoint'],
  ],
  [
    'an engine that the install replaced',
    ({ facts }) => {
      theEngine(facts.image).version = '0.21.1'
      replacePackage(facts.image, 'vllm', '0.21.1')
    },
    'engine-version',
    'The base had vllm 0.21.0, and a build step replaced it',
  ],
  [
    'a base with another version than its tag',
    ({ facts }) => {
      for (const some of [facts.base, facts.image]) theEngine(some).version = '0.20.0'
    },
    'engine-version',
    'vllm/vllm-openai:v0.21.0 contains another version than its tag says',
  ],
  [
    'a base whose tag names another CUDA',
    ({ leg }) => (leg.base.tag = 'v0.21.0-cu129'),
    'engine-version',
    'The tag of the base vllm/vllm-openai:v0.21.0-cu129 says cu129, but behind it is torch for CUDA 13.0; choose',
  ],
  [
    'a base whose tag names another architecture',
    ({ leg }) => (leg.base.tag = 'v0.21.0-aarch64'),
    'engine-version',
    'says aarch64, but behind it is an image for linux/amd64',
  ],
  [
    'a base whose tag names another distribution',
    ({ leg }) => (leg.base.tag = 'v0.21.0-ubuntu2404'),
    'engine-version',
    'says ubuntu2404, but behind it is debian 12',
  ],
  [
    'another torch',
    ({ facts }) => {
      there(facts.image.torch).version = '2.12.0+cu130'
      replacePackage(facts.image, 'torch', '2.12.0+cu130')
    },
    'torch-untouched',
    'torch 2.11.0+cu130 became 2.12.0+cu130',
  ],
  [
    'torch installed again',
    ({ facts }) => (there(facts.image.torch).record = '0'.repeat(64)),
    'torch-untouched',
    'RECORD differs',
  ],
  [
    'no aibrix_kvcache',
    ({ facts }) => (facts.image.aibrix = null),
    'aibrix-version',
    'not installed',
    ['extension', 'gpu-architectures', 'cuda-major', 'kvcache-round-trip'],
  ],
  [
    'a wheel of another version',
    ({ facts }) => (aibrixOf(facts.image).version = '0.6.0+cu130'),
    'aibrix-version',
    'The wheel says 0.6.0+cu130, the tag says v0.7.0',
  ],
  [
    'a wheel for CUDA 12.8',
    ({ facts }) => (aibrixOf(facts.image).version = '0.7.0+cu128'),
    'aibrix-version',
    'compiled for cu128, this base needs +cu130',
  ],
  [
    'a wheel without a device',
    ({ facts }) => (aibrixOf(facts.image).version = '0.7.0+cpu'),
    'aibrix-version',
    'compiled for cpu',
  ],
  [
    'a missing dependency',
    ({ facts }) => (aibrixOf(facts.image).import = error("No module named 'farmhash'")),
    'aibrix-version',
    "No module named 'farmhash'",
  ],
  [
    'a wheel without its extension',
    ({ facts }) => (aibrixOf(facts.image).extension = null),
    'extension',
    'The wheel has no compiled extension',
    ['gpu-architectures', 'cuda-major'],
  ],
  [
    'a wheel built against another torch',
    ({ facts }) =>
      (extensionOf(facts.image).load = error(
        '_aibrix_C.abi3.so: undefined symbol: _ZN3c104cuda9SetDeviceEa',
      )),
    'extension',
    /another torch.*undefined symbol: _ZN3c104cuda9SetDeviceEa/,
  ],
  [
    'undefined symbols',
    ({ facts }) => extensionOf(facts.image).undefinedSymbols.push('_ZN2at6detail'),
    'extension',
    /another torch.*_ZN2at6detail/,
  ],
  [
    'an extension that registers nothing',
    ({ facts }) => (extensionOf(facts.image).operators = []),
    'extension',
    'does not register reshape_and_cache_multi_layer',
  ],
  [
    'an extension whose file Python does not import',
    ({ facts }) => {
      const other = '_aibrix_C.cpython-310-x86_64-linux-gnu.so'
      const { load, needed, undefinedSymbols } = extensionOf(facts.image)
      aibrixOf(facts.image).libraries.push({ path: `/x/${other}`, load, needed, undefinedSymbols })
      aibrixOf(facts.image).extension = null
    },
    'extension',
    'Python does not import _aibrix_C.cpython-310-x86_64-linux-gnu.so',
    ['gpu-architectures', 'cuda-major'],
  ],
  [
    'an extension that links the driver, for another torch',
    ({ facts }) =>
      Object.assign(extensionOf(facts.image), withoutSymbol('/x/_aibrix_C.abi3.so', '_ZN2at6detail')),
    'extension',
    /another torch.*_ZN2at6detail/,
  ],
  [
    'an extension for another torch, without a stub of the driver',
    ({ facts }) => {
      extensionOf(facts.image).load = error('libcuda.so.1: cannot open shared object file')
      extensionOf(facts.image).undefinedSymbols = ['_ZN2at6detail']
    },
    'extension',
    /_aibrix_C\.abi3\.so needs symbols .*another torch.*_ZN2at6detail/,
  ],
  [
    'an extension that calls the driver and does not link it',
    ({ facts }) => Object.assign(extensionOf(facts.image), withoutSymbol('/x/_aibrix_C.abi3.so', 'cuMemMap')),
    'extension',
    /calls the GPU driver, .* undefined symbol: cuMemMap/,
  ],
  [
    'a second library that does not load',
    ({ facts }) => {
      const load = error('OSError: /x/libpart.so: file too short')
      const part = { path: '/x/libpart.so', needed: [], load, undefinedSymbols: [] }
      aibrixOf(facts.image).libraries.push(part)
    },
    'extension',
    /refuses it: .*libpart\.so: file too short/,
  ],
  [
    'a second library with undefined symbols',
    ({ facts }) =>
      aibrixOf(facts.image).libraries.push({
        ...withoutSymbol('/x/libpart.so', '_ZN2at6detail'),
        load: { outcome: 'ok' },
      }),
    'extension',
    /^libpart\.so .*_ZN2at6detail/,
  ],
  [
    'a second library for another CUDA',
    ({ facts }) => {
      const load = error(
        'OSError: libcudart.so.12: cannot open shared object file: No such file or directory',
      )
      const part = { path: '/x/libpart.so', needed: ['libcudart.so.12'] }
      aibrixOf(facts.image).libraries.push({ ...part, load, undefinedSymbols: [] })
      there(facts.image.cudaLinks.aibrix).push(part)
    },
    'cuda-major',
    'libpart.so (needs libcudart.so.12) is of CUDA 12',
    ['extension'],
  ],
  [
    'two source files, one without sm_90',
    ({ facts }) => {
      extensionOf(facts.image).machineCode = ['8.0', '8.9', '10.0', '12.0']
      extensionOf(facts.image).partialMachineCode = ['9.0']
    },
    'gpu-architectures',
    'No machine code for 9.0 (for 9.0 only some of its source files have it)',
  ],
  [
    'an extension without sm_90',
    ({ facts }) => (extensionOf(facts.image).machineCode = ['8.0', '8.9', '10.0', '12.0']),
    'gpu-architectures',
    'No machine code for 9.0',
  ],
  [
    'an extension with PTX only',
    ({ facts }) => {
      extensionOf(facts.image).machineCode = []
      extensionOf(facts.image).ptx = ['7.5']
    },
    'gpu-architectures',
    'No machine code for 8.0 8.9 9.0 10.0 12.0',
  ],
  [
    'the NIXL variant of another CUDA',
    ({ facts }) => {
      facts.image.nixl = { distributions: { nixl: '0.7.1', 'nixl-cu12': '0.7.1' }, modules: ['nixl_cu12'] }
      facts.image.cudaLinks.nixl = [{ path: 'nixl_cu12.libs/libuct_cuda.so', needed: ['libcudart.so.12'] }]
    },
    'cuda-major',
    'torch is built for CUDA 13, but package nixl-cu12 is of CUDA 12',
  ],
  [
    'a CUDA 12 library in a CUDA 13 image',
    ({ facts }) =>
      there(facts.image.cudaLinks.nixl).push({
        path: '/x/libplugin_GDS.so',
        needed: ['libcudart-9335f6a2.so.12'],
      }),
    'cuda-major',
    /libplugin_GDS\.so \(needs libcudart-9335f6a2\.so\.12\) is of CUDA 12/,
  ],
  [
    'a toolkit of another CUDA',
    ({ facts }) => (there(facts.base.toolkit).version = '12.9'),
    'cuda-major',
    'toolkit 12.9 of the base is of CUDA 12',
  ],
  [
    'UCX tools for another CUDA',
    ({ facts }) =>
      (facts.image.cudaLinks.ucxTools = [{ path: '/opt/x/libuct_cuda.so', needed: ['libcudart.so.12'] }]),
    'cuda-major',
    'libuct_cuda.so (needs libcudart.so.12)',
  ],
  [
    'no NIXL',
    ({ facts }) => {
      facts.image.nixl = { distributions: {}, modules: [] }
      facts.image.bundledUcx = null
    },
    'nixl-variant',
    'NIXL is not installed',
    ['cuda-major', 'nixl-ucx', 'nixl-transfer'],
  ],
  [
    'both NIXL variants',
    ({ facts }) => {
      facts.image.nixl.distributions['nixl-cu12'] = '0.7.1'
      facts.image.nixl.modules.push('nixl_cu12')
      there(facts.image.cudaLinks.nixl).push({
        path: 'nixl_cu12.libs/libuct_cuda.so',
        needed: ['libcudart.so.12'],
      })
    },
    'nixl-variant',
    'Several variants are installed (nixl-cu12, nixl-cu13)',
    ['cuda-major'],
  ],
  [
    'files of another variant',
    ({ facts }) => facts.image.nixl.modules.push('nixl_cu12'),
    'nixl-variant',
    'Several variants',
    ['cuda-major'],
  ],
  [
    'an older NIXL',
    ({ facts }) => {
      facts.image.nixl.distributions = { nixl: '0.7.0', 'nixl-cu13': '0.7.0' }
      there(facts.image.bundledUcx).version = '1.18.0'
    },
    'nixl-variant',
    'nixl is 0.7.0, the tag says 0.7.1',
    ['nixl-ucx'],
  ],
  [
    'a variant without its meta package',
    ({ facts }) => (facts.image.nixl.distributions = { 'nixl-cu13': '0.7.1' }),
    'nixl-variant',
    'The package nixl is not installed',
  ],
  [
    'a variant without its files',
    ({ facts }) => (facts.image.nixl.modules = []),
    'nixl-variant',
    'Python does not find its module',
  ],
  [
    'a NIXL that bundles another UCX',
    ({ facts }) => (there(facts.image.bundledUcx).version = '1.20.0'),
    'nixl-ucx',
    'reports 1.20.0, NIXL 0.7.1 should bundle 1.19.0',
  ],
  [
    'a NIXL without its UCX',
    ({ facts }) => (facts.image.bundledUcx = null),
    'nixl-ucx',
    'came without its libucp',
  ],
  [
    "a libucp that can't be loaded",
    ({ facts }) =>
      Object.assign(there(facts.image.bundledUcx), { version: null, error: 'libnl-3.so: not found' }),
    'nixl-ucx',
    'libnl-3.so: not found',
  ],
  [
    'a UCX without InfiniBand',
    ({ facts }) => (there(facts.image.bundledUcx).modules = ['cma', 'cuda']),
    'nixl-ucx',
    'no module ib',
  ],
  [
    'a second libucp from the distribution',
    ({ facts }) => there(facts.image.loaderUcx).push('/usr/lib/x86_64-linux-gnu/libucp.so.0'),
    'second-libucp',
    '/usr/lib/x86_64-linux-gnu/libucp.so.0 was added to the base',
  ],
  [
    'a base with a libucp',
    ({ facts }) => {
      for (const some of [facts.base, facts.image]) some.loaderUcx = ['/opt/hpcx/ucx/lib/libucp.so.0']
    },
    'second-libucp',
    /came with the base.*allow-failed: second-libucp=<why>/,
  ],
  [
    'no UCX tools',
    ({ facts }) => {
      facts.image.ucxTools = null
      loopbackOf(facts.image).tcp = unmoved("No such file or directory: 'ucx_perftest'")
    },
    'ucx-tools',
    'not in the image',
    ['ucx-loopback'],
  ],
  [
    'UCX tools of the distribution',
    ({ facts }) => (toolsOf(facts.image).version = '1.13.1'),
    'ucx-tools',
    'reports UCX 1.13.1, NIXL uses 1.19.0',
  ],
  [
    'UCX tools that use another UCX',
    ({ facts }) => (toolsOf(facts.image).library = '/usr/lib/libucs.so.0'),
    'ucx-tools',
    'outside of /opt/aibrix/ucx',
  ],
  [
    'UCX tools without InfiniBand',
    ({ facts }) => (toolsOf(facts.image).modules = ['cuda']),
    'ucx-tools',
    'without ib',
  ],
  [
    'a ucx_perftest that crashes',
    ({ facts }) => (toolsOf(facts.image).perftest = error('killed by SIGSEGV')),
    'ucx-tools',
    'ucx_perftest -h: killed by SIGSEGV',
  ],
  [
    'a ucx_info that does not start',
    ({ facts }) => Object.assign(toolsOf(facts.image), { version: null, error: 'libgomp.so.1: not found' }),
    'ucx-tools',
    'libgomp.so.1: not found',
  ],
  [
    "a NIXL in the user's own packages",
    (world) => {
      const home = '/home/engine/.local/lib/python3.12/site-packages'
      userOf(world).name = 'engine'
      runsOf(world).userSite = home
      Object.assign(asUser(world, 'nixl'), {
        file: `${home}/nixl/__init__.py`,
        owners: [{ name: 'nixl', version: '0.7.0' }],
      })
    },
    'as-it-runs',
    "As the image's user engine, Python imports nixl from /home/engine/.local/lib/python3.12/site-packages/nixl/__init__.py (nixl 0.7.0), while /usr/local/lib/python3.12/dist-packages/nixl/__init__.py (nixl 0.7.1) was measured: /home/engine/.local/lib/python3.12/site-packages holds that user's own packages; choose",
  ],
  [
    "a variant of NIXL only in the user's own packages",
    (world) => {
      const file = '/root/.local/lib/nixl_cu12/__init__.py'
      const owners = [{ name: 'nixl-cu12', version: '0.7.1' }]
      runsOf(world).modules.push({ name: 'nixl_cu12', file, owners, version: null, error: null })
      runsOf(world).userSite = '/root/.local/lib'
    },
    'as-it-runs',
    'imports nixl_cu12 from /root/.local/lib/nixl_cu12/__init__.py (nixl-cu12 0.7.1), while root finds none',
  ],
  [
    'a checkout of NIXL before the installed one',
    (world) => {
      runsOf(world).pythonPath = ['/opt/nixl']
      shadow(world, '/opt/nixl', 'nixl', [])
    },
    'as-it-runs',
    'imports nixl from /opt/nixl/nixl/__init__.py (of no package), and not from the installed nixl 0.7.1: the base sets PYTHONPATH to /opt/nixl; choose',
  ],
  [
    'an older aibrix_kvcache before the installed one',
    (world) => {
      runsOf(world).pythonPath = ['/opt/old']
      shadow(world, '/opt/old', 'aibrix_kvcache', [])
      asUser(world, 'aibrix_kvcache').version = '0.6.0'
    },
    'as-it-runs',
    '(of no package, version 0.6.0), and not from the installed aibrix-kvcache 0.7.0+cu130: the base sets',
  ],
  [
    'an engine of another package',
    (world) => {
      shadow(world, '/usr/local/lib/python3.12/dist-packages', 'vllm', [
        { name: 'vllm-fork', version: '1.0' },
      ])
    },
    'as-it-runs',
    '(vllm-fork 1.0), and not from the installed vllm 0.21.0',
  ],
  [
    'a second record of an older torch',
    (world) => {
      shadow(world, '/lib', 'torch', [{ name: 'torch', version: '2.9.0' }])
    },
    'as-it-runs',
    'imports torch from /lib/torch/__init__.py (torch 2.9.0), while torch 2.11.0+cu130 was measured',
  ],
  [
    'a module that calls itself something else than its package',
    (world) => (asUser(world, 'vllm').version = '0.20.0'),
    'as-it-runs',
    'dist-packages/vllm/__init__.py (vllm 0.21.0), which calls itself 0.20.0; choose',
  ],
  [
    'a module in the current folder of python -m',
    (world) => {
      runsOf(world).first = '/vllm-workspace'
      Object.assign(asUser(world, 'torch'), { file: '/vllm-workspace/torch.py', owners: [] })
    },
    'as-it-runs',
    'the ENTRYPOINT makes Python search /vllm-workspace first',
  ],
  [
    'a .pth of the user',
    (world) => {
      runsOf(world).path.unshift('/srv/lib')
      Object.assign(asUser(world, 'torch'), { file: '/srv/lib/torch.py', owners: [] })
    },
    'as-it-runs',
    'Python searches /srv/lib only as that user',
  ],
  [
    'an ENTRYPOINT of another Python',
    (world) => {
      runsOf(world).interpreter = '/opt/venv/bin/python3'
      Object.assign(asUser(world, 'torch'), { file: '/opt/venv/lib/torch.py' })
    },
    'as-it-runs',
    'the ENTRYPOINT starts /opt/venv/bin/python3, and what /usr/bin/python3 finds was measured',
  ],
  [
    "packages that the user can't read",
    (world) => {
      runsOf(world).closed = ['/usr/local/lib/python3.12/dist-packages']
      for (const module of runsOf(world).modules) Object.assign(module, { file: null, owners: [] })
    },
    'as-it-runs',
    'Python does not find vllm, while /usr/local/lib/python3.12/dist-packages/vllm/__init__.py (vllm 0.21.0) was measured: /usr/local/lib/python3.12/dist-packages is closed to that user',
  ],
  [
    "a file that the user can't read",
    (world) => (asUser(world, 'aibrix_kvcache._aibrix_C').error = 'permission denied: /x'),
    'as-it-runs',
    "_aibrix_C.abi3.so (aibrix-kvcache 0.7.0+cu130), and it can't be read (permission denied: /x)",
  ],
  [
    'a package whose folder is closed to the user',
    (world) =>
      Object.assign(asUser(world, 'nixl'), {
        file: '/usr/local/lib/python3.12/dist-packages/nixl',
        error: 'permission denied: /usr/local/lib/python3.12/dist-packages/nixl',
      }),
    'as-it-runs',
    "(nixl 0.7.1), and it can't be read (permission denied: /usr/local/lib/python3.12/dist-packages/nixl); choose",
  ],
  [
    'a finder that fails for every user',
    (world) => {
      const broken = { file: null, owners: [], error: 'ValueError: nixl.__spec__ is None' }
      for (const imports of [world.facts.image.imports, runsOf(world)])
        Object.assign(there(there(imports).modules.find(({ name }) => name === 'nixl')), broken)
    },
    'as-it-runs',
    'Python does not find nixl, while root finds none: ValueError: nixl.__spec__ is None',
  ],
  [
    "a Python that the user can't run",
    (world) => (runsOf(world).error = 'killed by SIGSEGV'),
    'as-it-runs',
    '/usr/bin/python3 does not run (killed by SIGSEGV)',
  ],
  [
    "tools that the user can't reach",
    ({ facts }) => {
      for (const tool of there(facts.image.running.tools))
        if (tool.command.startsWith('ucx')) tool.start = error('permission denied: /x (/opt)')
    },
    'as-it-runs',
    'ucx_info does not start (permission denied: /x (/opt)), as it does for root',
  ],
  [
    'an unknown USER',
    (world) =>
      Object.assign(userOf(world), { name: 'nobody-else', entry: error('/etc/passwd has no entry') }),
    'as-it-runs',
    "The base's USER nobody-else does not exist (/etc/passwd has no entry); choose another base, or report",
  ],
  [
    'a missing group',
    (world) => Object.assign(userOf(world), { name: 'a:b', group: error('/etc/group has no entry for b') }),
    'as-it-runs',
    'USER a:b has a group that does not exist',
  ],
  [
    'a WORKDIR that is closed to the user',
    (world) => (userOf(world).enter = error('/root/x: Permission denied')),
    'as-it-runs',
    "can't enter its WORKDIR (/root/x: Permission denied)",
  ],
  [
    'an engine dependency bumped',
    ({ facts }) => (facts.image.pip.numpy = '2.3.0'),
    'environment-untouched',
    'changed numpy 2.2.6 → 2.3.0',
  ],
  [
    'an engine dependency bumped, with a complaint of pip',
    ({ facts }) => {
      facts.image.pip.numpy = '2.3.0'
      there(facts.image.pipCheck).push('vllm 0.21.0 has requirement numpy<2.3, but you have numpy 2.3.0.')
    },
    'environment-untouched',
    'changed numpy 2.2.6 → 2.3.0',
    ['pip-check'],
  ],
  [
    'a package of the base removed',
    ({ facts }) => delete facts.image.pip.redis,
    'environment-untouched',
    'removed redis 7.0.1',
  ],
  [
    'a distribution package bumped',
    ({ facts }) => (there(facts.image.dpkg)['openssl:amd64'] = '3.0.18'),
    'environment-untouched',
    'openssl:amd64 3.0.17 → 3.0.18',
  ],
  [
    'a file of the engine that a step wrote',
    ({ facts }) => differs(facts, 'vllm', 'changed', null),
    'environment-untouched',
    /^A build step changed \/site\/vllm\/x\.py of vllm, with which the engine was tested; report it/,
  ],
  [
    'a file of the engine that a wheel overwrites',
    ({ facts }) => differs(facts, 'vllm', 'changed', 'aibrix-kvcache', 4),
    'environment-untouched',
    /^The installed package aibrix-kvcache changed \/site\/vllm\/x\.py of vllm \(and 3 more files\), with which the engine was tested; check what aibrix-repository has/,
  ],
  [
    'a file of another package that what NIXL needs overwrites',
    ({ facts }) => differs(facts, 'numpy', 'changed', 'nixl'),
    'environment-untouched',
    'check what package-index has of nixl, or accept it with allow-failed: environment-untouched=<why>',
  ],
  [
    'a file of a package that vanished',
    ({ facts }) => differs(facts, 'redis', 'vanished', null, 2),
    'environment-untouched',
    'A build step removed /site/redis/x.py of redis (and 1 more file)',
  ],
  [
    'a file added to the engine',
    ({ facts }) => differs(facts, 'vllm', 'came', null),
    'environment-untouched',
    'A build step added /site/vllm/x.py of vllm',
  ],
  [
    'a file of AIBrix that was changed after its installation',
    ({ facts }) => addedDiffers(facts, 'aibrix-kvcache', 'changed', 2),
    'environment-untouched',
    /^A build step changed \/site\/aibrix-kvcache\/x\.py of aibrix-kvcache \(and 1 more file\) after pip had installed it; report it/,
  ],
  [
    'a file of NIXL that vanished, so that it moves nothing',
    ({ facts }) => {
      addedDiffers(facts, 'nixl-cu13', 'vanished')
      transferOf(facts.image).state = 'ERR'
    },
    'nixl-transfer',
    'NIXL ends the transfer with ERR',
    ['environment-untouched'],
  ],
  [
    'an engine that the install replaced, with its files',
    ({ facts }) => {
      theEngine(facts.image).version = '0.21.1'
      replacePackage(facts.image, 'vllm', '0.21.1')
      differs(facts, 'vllm', 'changed', null, 900)
    },
    'engine-version',
    'The base had vllm 0.21.0, and a build step replaced it',
  ],
  [
    'a package bumped, with its files',
    ({ facts }) => {
      facts.image.pip.numpy = '2.3.0'
      differs(facts, 'numpy', 'changed', null, 900)
    },
    'environment-untouched',
    'changed numpy 2.2.6 → 2.3.0',
  ],
  [
    'a dependency that lacks its own',
    ({ facts }) =>
      there(facts.image.pipCheck).push('pyroscope-io 0.8.11 requires cffi, which is not installed.'),
    'pip-check',
    'pyroscope-io 0.8.11 requires cffi, which is not installed.',
  ],
  [
    'a patch that is not applied',
    ({ facts }) => (there(facts.image.integration).check = error('hunk #1 failed')),
    'integration',
    'hunk #1 failed',
  ],
  [
    'another integration than requested',
    ({ leg }) => (leg.integration = 'patch'),
    'integration',
    'integration: patch was requested, but the build used module',
  ],
  [
    'an unknown integration',
    ({ facts }) => (facts.image.integration = null),
    'integration',
    'does not report how',
  ],
  [
    'a NIXL whose bytes arrive changed',
    ({ facts }) => (transferOf(facts.image).differs = { count: 3, first: 1_048_573 }),
    'nixl-transfer',
    '3 of 1048576 bytes arrive changed, the first at offset 1048573; check',
  ],
  [
    'a NIXL without its UCX plugin',
    ({ facts }) =>
      failTransfer(facts.image, 'NIXL_ERR_NOT_FOUND', { step: 'register', plugins: ['GDS', 'POSIX'] }),
    'nixl-transfer',
    'NIXL has no UCX plugin, only GDS, POSIX; check',
  ],
  [
    'a UCX plugin that does not load',
    ({ facts }) =>
      failTransfer(facts.image, 'No plugins available for NIXL, cannot start transfers!', {
        step: 'agents',
        plugins: null,
        missing: [{ plugin: 'UCX', error: 'libucp-1a.so.0: cannot open shared object file' }],
      }),
    'nixl-transfer',
    'NIXL does not load its UCX plugin: libucp-1a.so.0: cannot open',
  ],
  [
    'a UCX plugin that NIXL skips',
    ({ facts }) =>
      failTransfer(facts.image, 'NIXL_ERR_NOT_FOUND', {
        step: 'register',
        plugins: ['POSIX'],
        missing: [{ plugin: 'UCX', error: null }],
      }),
    'nixl-transfer',
    'NIXL does not load its UCX plugin: it gives no reason',
  ],
  [
    'a NIXL that hangs',
    ({ facts }) => failTransfer(facts.image, 'did not end within 60 s', { step: 'transfer' }),
    'nixl-transfer',
    'NIXL fails (during the transfer): did not end within 60 s',
  ],
  [
    'a NIXL that aborts a transfer',
    ({ facts }) => (transferOf(facts.image).state = 'ERR'),
    'nixl-transfer',
    'NIXL ends the transfer with ERR',
  ],
  [
    "a NIXL that can't be imported",
    ({ facts }) =>
      failTransfer(facts.image, "ModuleNotFoundError: No module named 'numpy'", {
        step: 'import',
        plugins: null,
        missing: [],
      }),
    'nixl-transfer',
    "NIXL fails (during its import): ModuleNotFoundError: No module named 'numpy'",
  ],
  [
    'a NIXL that crashes',
    ({ facts }) => failTransfer(facts.image, 'killed by SIGSEGV', { step: 'register' }),
    'nixl-transfer',
    'NIXL fails (at the registration of memory): killed by SIGSEGV',
  ],
  [
    'a NIXL that ends its process',
    ({ facts }) => Object.assign(transferOf(facts.image), { step: 'agents', state: null }),
    'nixl-transfer',
    'NIXL ends its process without an error (at the start of its agents)',
  ],
  [
    'a NIXL whose libucp is broken, and which has no UCX for it',
    ({ facts }) => {
      facts.image.bundledUcx = null
      failTransfer(facts.image, 'NIXL_ERR_NOT_FOUND', {
        step: 'register',
        plugins: ['POSIX'],
        missing: [{ plugin: 'UCX', error: 'libucp-1a.so.0: cannot open shared object file' }],
      })
    },
    'nixl-ucx',
    'came without its libucp',
    ['nixl-transfer'],
  ],
  [
    'a cache that changes bytes in memory',
    ({ facts }) => (there(roundTripOf(facts.image).memory).differs = { count: 1, first: 7 }),
    'kvcache-round-trip',
    'gives back other bytes from memory than were written to it: 1 of 65536 differ, the first at offset 7; choose',
  ],
  [
    'a cache that gives back other bytes from files',
    ({ facts }) => (there(roundTripOf(facts.image).files).differs = { count: 2, first: 0 }),
    'kvcache-round-trip',
    'gives back other bytes from files',
  ],
  [
    'a cache that finds nothing in its files',
    ({ facts }) =>
      failRoundTrip(facts.image, 'RuntimeError: acquire: NOT_FOUND', { step: 'files', files: null }),
    'kvcache-round-trip',
    "AIBrix's cache fails (with its shared file system backend): RuntimeError: acquire: NOT_FOUND",
  ],
  [
    'a cache that hangs',
    ({ facts }) =>
      failRoundTrip(facts.image, 'did not end within 60 s', { step: 'memory', memory: null, files: null }),
    'kvcache-round-trip',
    "AIBrix's cache fails (in memory): did not end within 60 s",
  ],
  [
    'a cache that ends its process',
    ({ facts }) => Object.assign(roundTripOf(facts.image), { step: 'import', memory: null, files: null }),
    'kvcache-round-trip',
    "AIBrix's cache ends its process without an error (during its import)",
  ],
  [
    "an AIBrix that can't be imported",
    ({ facts }) => {
      aibrixOf(facts.image).import = error("No module named 'farmhash'")
      failRoundTrip(facts.image, "ModuleNotFoundError: No module named 'farmhash'", {
        step: 'import',
        memory: null,
        files: null,
      })
    },
    'aibrix-version',
    "No module named 'farmhash'",
    ['kvcache-round-trip'],
  ],
  [
    'a UCX that moves nothing over TCP',
    ({ facts }) => (loopbackOf(facts.image).tcp = unmoved('no usable transports/devices (asked tcp,self)')),
    'ucx-loopback',
    'ucx_perftest moves nothing over TCP: no usable transports/devices (asked tcp,self); report it',
  ],
  [
    'a UCX that crashes over shared memory',
    ({ facts }) => (loopbackOf(facts.image).sharedMemory = unmoved('killed by SIGBUS')),
    'ucx-loopback',
    'nothing over shared memory: killed by SIGBUS',
  ],
  [
    'a UCX that moves nothing at all',
    ({ facts }) =>
      (facts.image.running.loopback = { sharedMemory: unmoved('no md'), tcp: unmoved('did not end') }),
    'ucx-loopback',
    'nothing over shared memory: no md; over TCP: did not end',
  ],
  [
    'an ENTRYPOINT that dies',
    ({ facts }) => (startOf(facts.image).line = "ImportError: cannot import name 'x' from 'y'"),
    'entrypoint',
    "vllm serve with its help option does not end in the image as in the base: exit code 1 (ImportError: cannot import name 'x' from 'y')",
  ],
  [
    'an ENTRYPOINT that crashes',
    ({ facts }) => (startOf(facts.image).end = { kind: 'signal', signal: 'SIGSEGV' }),
    'entrypoint',
    'killed by SIGSEGV',
  ],
  [
    'an ENTRYPOINT that no longer ends',
    ({ facts }) => (startOf(facts.image).end = { kind: 'late', seconds: 60 }),
    'entrypoint',
    'still running after 60 s',
  ],
  [
    'an ENTRYPOINT that is closed to the user',
    ({ facts }) => (startOf(facts.image).end = { kind: 'not started' }),
    'entrypoint',
    'does not start',
  ],
  [
    'an ENTRYPOINT that dies for something else than in the base',
    ({ facts }) => {
      startOf(facts.base).line = 'RuntimeError: no GPU'
      startOf(facts.image).line = 'RuntimeError: no memory'
    },
    'entrypoint',
    'RuntimeError: no memory',
  ],
  [
    'a missing tool',
    ({ facts }) => (facts.image.tools = facts.image.tools.filter(({ command }) => command !== 'ping')),
    'debug-tools',
    'ping is missing',
  ],
  [
    'a tool that is not found',
    ({ facts }) => (there(facts.image.tools[0]).path = null),
    'debug-tools',
    'ibv_devices is missing',
  ],
  [
    'a tool that does not start',
    ({ facts }) => (there(facts.image.tools[1]).start = error('libpci.so.3: not found')),
    'debug-tools',
    'ib_write_bw does not start: libpci.so.3: not found',
  ],
  [
    'ENTRYPOINT replaced',
    ({ candidate }) => (candidate.config = makeConfig({ entrypoint: ['python3'] })),
    'image-config',
    'ENTRYPOINT of the base is ["vllm","serve"], the image has ["python3"]',
  ],
  [
    'CMD added',
    ({ candidate }) => (candidate.config = makeConfig({ cmd: ['bash'] })),
    'image-config',
    'CMD of the base is []',
  ],
  [
    'a base whose USER is not root, not restored',
    ({ leg, candidate }) => {
      leg.base.config = makeConfig({ user: '2000:2000' })
      candidate.config = makeConfig({ user: 'root' })
    },
    'image-config',
    'USER of the base is 2000:2000, the image has root',
  ],
  [
    'WORKDIR replaced',
    ({ candidate }) => (candidate.config = makeConfig({ workingDir: '/' })),
    'image-config',
    'WORKDIR of the base is /vllm-workspace',
  ],
  [
    'SHELL replaced',
    ({ candidate }) => (candidate.config = makeConfig({ shell: ['/bin/sh', '-c'] })),
    'image-config',
    'SHELL of the base is [], the image has ["/bin/sh","-c"]',
  ],
  [
    'ENV added',
    ({ candidate }) => candidate.config.env.push('PIP_INDEX_URL=x'),
    'image-config',
    'ENV PIP_INDEX_URL of the base is not set',
  ],
  [
    'a variable of the input that the image lacks',
    ({ leg }) => (leg.environment = { VLLM_USE_V2_MODEL_RUNNER: '0' }),
    'image-config',
    'ENV VLLM_USE_V2_MODEL_RUNNER of the input environment is 0, the image has not set',
  ],
  [
    'a variable of the input that kept the value of the base',
    ({ leg }) => (leg.environment = { CUDA_HOME: '/opt/cuda' }),
    'image-config',
    'ENV CUDA_HOME of the input environment is /opt/cuda, the image has /usr/local/cuda',
  ],
  [
    'another variable than that of the input',
    ({ leg, candidate }) => {
      leg.environment = { A: '1' }
      candidate.config.env.push('A=1', 'B=2')
    },
    'image-config',
    'ENV B of the base is not set, the image has 2',
  ],
  [
    'ENV changed',
    ({ candidate }) =>
      (candidate.config = makeConfig({ env: ['PATH=/usr/bin', 'CUDA_HOME=/usr/local/cuda'] })),
    'image-config',
    'ENV PATH',
  ],
  [
    'an engine that demands a newer NIXL',
    ({ facts }) => demandsOf(facts.image).floors.push(floor('nixl', '1.5.0')),
    'engine-demands',
    /vllm 0\.21\.0 demands nixl >= 1\.5\.0 in vllm\/distributed\/nixl_utils\.py, line 96, and refuses the installed 0\.7\.1; choose nixl-version: 1\.5\.0 or later/,
  ],
  [
    'an engine that demands more than the version of NIXL that it names',
    ({ facts }) => demandsOf(facts.image).floors.push({ ...floor('nixl', '0.7.1'), bound: '>' }),
    'engine-demands',
    'choose nixl-version: one later than 0.7.1',
  ],
  [
    'an engine that asks for a newer package of its own',
    ({ facts }) => demandsOf(facts.image).floors.push(floor('redis', '8.0')),
    'engine-demands',
    'demands redis >= 8.0 in vllm/distributed/nixl_utils.py, line 96, and refuses the installed 7.0.1; choose another version of vllm',
  ],
  [
    "a NIXL that is older than the base's",
    ({ facts }) => (facts.base.nixl.distributions = { nixl: '1.1.0', 'nixl-cu13': '1.1.0' }),
    'engine-demands',
    'vllm 0.21.0 was released with NIXL 1.1.0, which the base ships and 0.7.1 replaces; choose nixl-version: 1.1.0 or later',
  ],
  [
    'an engine without the model runner that AIBrix hooks',
    ({ facts }) => {
      runnersOf(facts.image).there = ['V2']
      hooksOf(facts.image).found = [{ runner: 'V1', there: false, missing: [] }]
    },
    'integration',
    'AIBrix hooks only the model runner V1, which this engine does not have (vllm/v1/worker/gpu_model_runner.py); choose',
  ],
  [
    'a model runner without a method that AIBrix replaces',
    ({ facts }) =>
      (hooksOf(facts.image).found = [{ runner: 'V1', there: true, missing: ['_update_states'] }]),
    'integration',
    'AIBrix replaces _update_states of the model runner V1, which has no such method; choose',
  ],
  [
    'an engine that always uses the other model runner',
    ({ facts }) => {
      Object.assign(runnersOf(facts.image), { v2Default: true, switch: false })
    },
    'integration',
    'this engine runs V2 and has no VLLM_USE_V2_MODEL_RUNNER to change that',
  ],
  [
    'a condition that is not in the image',
    ({ facts }) => (runnersOf(facts.image).v2Default = true),
    'integration',
    '/opt/aibrix/integration.json does not say that this needs VLLM_USE_V2_MODEL_RUNNER=0; choose',
  ],
  [
    'a variable that chooses the other model runner',
    ({ leg, facts, candidate }) => {
      leg.environment = { VLLM_USE_V2_MODEL_RUNNER: '1' }
      candidate.config.env = [...candidate.config.env, 'VLLM_USE_V2_MODEL_RUNNER=1']
      runnersOf(facts.image).v2Default = true
    },
    'integration',
    'needs VLLM_USE_V2_MODEL_RUNNER=0, while the input environment sets it to "1"; choose',
  ],
  [
    'too many bytes',
    ({ candidate }) => candidate.layers.push(makeLayer('5', 90_000_000)),
    'added-bytes',
    /adds 148 MB.*sha256:555/,
  ],
  [
    'base layers compressed again',
    ({ candidate }) => (candidate.layers[0] = makeLayer('9', 3_000_000_000)),
    'added-bytes',
    'another compression',
  ],
  [
    'a zstd base with Docker media types',
    ({ candidate }) => {
      candidate.mediaType = 'application/vnd.docker.distribution.manifest.v2+json'
      candidate.layers = candidate.layers.map((layer) => ({ ...layer, mediaType: dockerZstd }))
    },
    'media-types',
    'exported with Docker media types',
  ],
  [
    'gzip layers on a zstd base',
    ({ candidate }) => candidate.layers.push(makeLayer('5', 1, gzip)),
    'media-types',
    "base's layers are zstd, the new ones gzip",
  ],
  [
    'OCI layers under a Docker manifest',
    ({ candidate }) => (candidate.mediaType = 'application/vnd.docker.distribution.manifest.v2+json'),
    'media-types',
    'do not belong under',
  ],
]

describe('a test as the user', () => {
  it('only follows from as-it-runs if what runs is not what was measured', () => {
    const world = worldOf()
    Object.assign(transferOf(world.facts.image), { step: 'import', state: null, process: error('no nixl') })
    const states = () =>
      ['as-it-runs', 'nixl-transfer', 'entrypoint'].map(
        (name) => judge(world).find((gate) => gate.name === name)?.state,
      )
    expect(states()).toEqual(['pass', 'fail', 'pass'])
    userOf(world).entry = error('no such user')
    expect(states()).toEqual(['fail', 'follows', 'pass'])
  })

  it('fails itself if only parts that it does not use differ for the user', () => {
    const world = worldOf()
    Object.assign(transferOf(world.facts.image), { step: 'import', state: null, process: error('no nixl') })
    const ping = there(world.facts.image.running.tools?.find(({ command }) => command === 'ping'))
    ping.start = error('permission denied')
    const blocking = judge(world).filter((gate) => gate.state === 'fail' || gate.state === 'undetermined')
    expect(blocking.map(({ name }) => name)).toEqual(['as-it-runs', 'nixl-transfer'])
  })

  it('must still start the image if the gate at fault is waived', () => {
    const world = worldOf()
    startOf(world.facts.image)
    differs(world.facts, 'vllm', 'changed', 'aibrix-kvcache')
    const states = (...names: GateName[]) =>
      waive(judge(world), new Map(names.map((name) => [name, 'why'])))
        .filter(({ state }) => state !== 'pass')
        .map(({ name, state }) => `${name}: ${state}`)
    expect(states()).toEqual(['environment-untouched: fail', 'entrypoint: follows'])
    expect(states('environment-untouched')).toEqual(['environment-untouched: waived', 'entrypoint: fail'])
    expect(states('environment-untouched', 'entrypoint')).toEqual([
      'environment-untouched: waived',
      'entrypoint: waived',
    ])
  })
})

describe('mutants', () => {
  it('start from an image without a fault, which passes every gate', () => {
    const gates = judge(worldOf())
    expect(gates.filter(({ state }) => state !== 'pass')).toEqual([])
    expect(gates.map(({ name }) => name)).toEqual([...gateNames])
  })

  it.each(mutants)(
    '%s: exactly one gate fails and names the fault',
    (_, change, fails, hint, follow = []) => {
      const world = worldOf()
      change(world)
      const gates = judge(world)
      expect(gates.filter(({ state }) => state === 'fail').map(({ name }) => name)).toEqual([fails])
      expect(gates.filter(({ state }) => state === 'follows').map(({ name }) => name)).toEqual(follow)
      expect(gates.filter(({ state }) => state === 'undetermined')).toEqual([])
      const failure = gates.find(({ state }) => state === 'fail')
      expect(failure?.state === 'fail' && failure.hint).toMatch(hint)
      expect(failure?.expected).not.toBe(failure?.actual)
    },
  )

  it.each(mutants)('%s: the hint says what a user of the action can do', (_, change) => {
    const world = worldOf()
    change(world)
    const hints = judge(world).flatMap((gate) => (gate.state === 'fail' ? [gate.hint] : []))
    // A user has inputs and no Dockerfile, so neither build variables nor options of pip.
    for (const hint of hints) {
      expect(hint).not.toMatch(
        / --[a-z]|\b(?:NVCC|TORCH|AIBRIX)_[A-Z]|[Ff]rom the base\b.*stage|the step that|catalogue|the stage\b/,
      )
      expect(hint).toMatch(
        /[;:] (?:report it|choose|check that|look|leave|use|accept|raise)|, or (?:accept|raise)|if it has, report/,
      )
    }
  })

  it('exist for every gate', () => {
    expect(new Set(mutants.map(([, , fails]) => fails))).toEqual(new Set(gateNames))
  })
})
