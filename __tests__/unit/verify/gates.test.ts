import { listed, humanBytes } from '../../../src/text.ts'
import { describe, expect, it } from '@jest/globals'
import { componentsOf, nixlPlugin } from '../../../src/verify/components.ts'
import { addedPackages, judgePipCheck, replacedPackages } from '../../../src/verify/environment.ts'
import { judgeExtension } from '../../../src/verify/extension.ts'
import { factsSchema, type LegFacts } from '../../../src/verify/facts.ts'
import { grounded } from '../../../src/verify/follow.ts'
import { gateDescriptions } from '../../../script/gate-descriptions.ts'
import { about, type Gate, gateNames, verdict, waive } from '../../../src/verify/gate.ts'
import { expectedArchitectures, judgeArchitectures } from '../../../src/verify/gpu-architectures.ts'
import { warningsOf } from '../../../src/verify/integration.ts'
import { judgeFacts } from '../../../src/verify/judge.ts'
import { labelsOf } from '../../../src/verify/labels.ts'
import { judgeAddedBytes, layerSizes } from '../../../src/verify/added-bytes.ts'
import type { Candidate } from '../../../src/verify/candidate.ts'
import { judgeManifest } from '../../../src/verify/manifest.ts'
import { judgeAibrixVersion } from '../../../src/verify/versions.ts'
import * as v from 'valibot'
import {
  makeBase,
  makeCandidate,
  makeConfig,
  makeFacts,
  makeImage,
  makeLayer,
  makeLeg,
} from '../../support/verified-leg.ts'

const limits = { addedBytes: 100_000_000 }

function stateOf(gates: Gate[], name: string): string {
  const gate = gates.find((candidate) => candidate.name === name)
  if (gate?.state === 'undetermined')
    return `undetermined: ${/determined: (.*); fix/.exec(gate.hint)?.[1] ?? ''}`
  return gate?.state === 'not applicable' ? `not applicable: ${gate.reason}` : (gate?.state ?? 'absent')
}

describe("a gate that can't judge", () => {
  const cases: [string, (facts: LegFacts) => unknown, string, string][] = [
    [
      'torch without RECORD',
      ({ image }) => image.torch && (image.torch.record = null),
      'torch-untouched',
      'undetermined: torch has no RECORD file, so that only its version could be compared',
    ],
    [
      "a fatbin that can't be read",
      ({ image }) => image.aibrix?.extension && (image.aibrix.extension.machineCode = []),
      'gpu-architectures',
      'undetermined: no fatbin with a kernel could be read in the extension',
    ],
    [
      'a loader path that was not measured',
      ({ image }) => (image.loaderUcx = null),
      'second-libucp',
      'undetermined: what the loader finds could not be measured',
    ],
    [
      'an image whose NIXL was not tested',
      ({ image }) => (image.running.nixlTransfer = null),
      'nixl-transfer',
      'undetermined: NIXL could not be tested',
    ],
    [
      'a UCX plugin that needs a driver without a stub',
      ({ image }) =>
        image.running.nixlTransfer &&
        Object.assign(image.running.nixlTransfer, {
          driver: false,
          step: 'register',
          plugins: ['POSIX'],
          state: null,
          missing: [{ plugin: 'UCX', error: 'libcuda.so.1: cannot open shared object file' }],
          process: { outcome: 'error', error: 'NIXL_ERR_NOT_FOUND' },
        }),
      'nixl-transfer',
      "undetermined: NIXL does not load its UCX plugin: libcuda.so.1: cannot open shared object file, the GPU driver's library, and neither the base's toolkit nor the build has a stub of it",
    ],
    [
      'a UCX plugin that needs no driver',
      ({ image }) => image.running.nixlTransfer && (image.running.nixlTransfer.driver = false),
      'nixl-transfer',
      'pass',
    ],
    [
      'an image whose cache was not tested',
      ({ image }) => (image.running.kvcacheRoundTrip = null),
      'kvcache-round-trip',
      "undetermined: AIBrix's cache could not be tested",
    ],
    [
      'an AIBrix with another interface of its cache',
      ({ image }) =>
        image.running.kvcacheRoundTrip &&
        Object.assign(image.running.kvcacheRoundTrip, {
          step: 'import',
          lacks: 'aibrix_kvcache.cache_manager',
          memory: null,
          files: null,
        }),
      'kvcache-round-trip',
      'undetermined: this AIBrix does not have aibrix_kvcache.cache_manager, which the test of its cache needs',
    ],
    [
      'an AIBrix without the shared file system',
      ({ image }) => image.running.kvcacheRoundTrip && (image.running.kvcacheRoundTrip.files = null),
      'kvcache-round-trip',
      'pass',
    ],
    [
      'files that were not read',
      ({ image }) => (image.cudaLinks.nixl = null),
      'cuda-major',
      'undetermined: the files of nixl could not be read; the other parts agree',
    ],
    [
      'auto without a toolkit',
      ({ base }) => (base.toolkit = null),
      'gpu-architectures',
      'not applicable: the base has no nvcc, on which auto depends; name the architectures in gpu-architectures',
    ],
    [
      'pip check not run',
      ({ base }) => (base.pipCheck = null),
      'pip-check',
      'undetermined: pip check could not be run in the base',
    ],
    [
      'no Python packages listed',
      ({ base }) => (base.pip = {}),
      'environment-untouched',
      'undetermined: no Python package of the base could be listed',
    ],
    [
      'files that were not compared',
      ({ image }) => (image.baseFiles = null),
      'environment-untouched',
      "undetermined: the files of the base's packages could not be compared",
    ],
    [
      'added files that were not compared',
      ({ image }) => (image.addedFiles = null),
      'environment-untouched',
      'undetermined: the files of the added packages could not be compared',
    ],
    [
      'a base with nothing to compare',
      ({ image }) => image.baseFiles && (image.baseFiles.compared = 0),
      'environment-untouched',
      "undetermined: the files of the base's packages could not be compared",
    ],
    [
      'an extension that needs a driver without a stub',
      ({ image }) =>
        image.aibrix?.extension &&
        (image.aibrix.extension.load = {
          outcome: 'error',
          error: 'libcuda.so.1: cannot open shared object file: No such file or directory',
        }),
      'extension',
      "undetermined: _aibrix_C.abi3.so needs the GPU driver's libcuda.so.1, and there is no stub to load it with",
    ],
    [
      'a library beside it that needs a driver without a stub',
      ({ image }) =>
        image.aibrix?.libraries.push({
          path: '/x/libgpu.so',
          needed: ['libnvidia-ml.so.1'],
          load: {
            outcome: 'error',
            error: 'OSError: libnvidia-ml.so.1: cannot open shared object file: No such file or directory',
          },
          undefinedSymbols: [],
        }),
      'extension',
      "undetermined: libgpu.so needs the GPU driver's libnvidia-ml.so.1, and there is no stub to load it with",
    ],
  ]
  it.each(cases)('gives the reason: %s', (_, change, name, expected) => {
    const facts = makeFacts()
    change(facts)
    expect(stateOf(judgeFacts(makeLeg(), facts), name)).toBe(expected)
  })

  it('does not apply if the image was not pushed', () => {
    const reason = 'push is false, so there are no compressed layers'
    const candidate: Candidate = { known: 'config', config: makeConfig(), reason }
    expect(judgeManifest(makeLeg(), candidate, limits).map(({ state }) => state)).toEqual([
      'pass',
      'not applicable',
      'not applicable',
    ])
    const nothing = judgeManifest(makeLeg(), { known: 'nothing', reason }, limits)
    expect(nothing.map((gate) => gate.state === 'not applicable' && gate.reason)).toEqual([
      reason,
      reason,
      reason,
    ])
  })
})

describe('a gate that follows from another', () => {
  const gates = (first: Gate): Gate[] => [
    first,
    about('gpu-architectures', 'x', 'y').follows('extension', 'no extension to look at'),
    about('cuda-major', 'x', 'y').follows('gpu-architectures', 'nothing to look at'),
  ]
  const extension = (state: object) => ({ name: 'extension', expected: 'x', actual: 'y', ...state }) as Gate

  it.each([
    ['a failed one', { state: 'fail', hint: '' }, 'follows'],
    ['an undetermined one', { state: 'undetermined', hint: '' }, 'follows'],
    ['a waived one', { state: 'waived', hint: '', reason: '' }, 'follows'],
    ['one that passed', { state: 'pass' }, 'undetermined'],
    ['one that does not apply', { state: 'not applicable', reason: '' }, 'undetermined'],
  ])('only follows from one that reports something: %s', (_, state, expected) => {
    const [, second, third] = grounded(gates(extension(state)))
    expect([second?.state, third?.state]).toEqual([expected, expected])
  })

  it('is undetermined if gates name each other', () => {
    const one = about('extension', 'x', 'y').follows('cuda-major', 'see there')
    expect(grounded(gates(one)).map(({ state }) => state)).toEqual(Array(3).fill('undetermined'))
  })

  it('leaves the verdict to that one', () => {
    expect(verdict(gates(extension({ state: 'waived', hint: '', reason: '' })))).toBe('pass')
    expect(verdict([extension({ state: 'undetermined', hint: '' })])).toBe('fail')
  })
})

describe('what is accepted', () => {
  it.each([
    [
      'a branch, whose own version is not declared',
      { ref: 'main', kind: 'branch' as const },
      '0.7.1.dev3+g52405d7.cu130',
      'pass',
    ],
    [
      'a release candidate in semver form',
      { ref: 'v0.6.0-rc.2', kind: 'tag' as const },
      '0.6.0rc2+cu130',
      'pass',
    ],
    [
      'a branch compiled for another CUDA',
      { ref: 'main', kind: 'branch' as const },
      '0.7.1.dev3+g52405d7.cu129',
      'fail',
    ],
  ])('aibrix_kvcache of %s', (_, source, version, state) => {
    const leg = makeLeg()
    const facts = makeFacts()
    if (facts.image.aibrix) facts.image.aibrix.version = version
    expect(judgeAibrixVersion({ ...leg, aibrix: { ...leg.aibrix, ...source } }, facts).state).toBe(state)
  })

  it.each([
    ['12.1', '0.7.0', 'pass'],
    ['12.1', '0.7.0+cu121', 'fail'],
    ['12.8', '0.7.0+cu128', 'pass'],
  ])('CUDA %s and the wheel %s: %s', (cuda, version, state) => {
    const facts = makeFacts()
    if (facts.base.toolkit) facts.base.toolkit.version = cuda
    if (facts.base.torch) facts.base.torch.cuda = cuda
    if (facts.image.aibrix) facts.image.aibrix.version = version
    expect(judgeAibrixVersion(makeLeg(), facts).state).toBe(state)
  })

  it('a NIXL that the base had in another version and variant', () => {
    const facts = makeFacts()
    facts.base.pip = { ...facts.base.pip, nixl: '1.1.0', 'nixl-cu12': '1.1.0' }
    expect(verdict(judgeFacts(makeLeg(), facts))).toBe('pass')
    expect(replacedPackages(facts.base, facts.image)).toEqual([
      { name: 'nixl', before: '1.1.0', after: '0.7.1' },
      { name: 'nixl-cu12', before: '1.1.0', after: null },
    ])
  })

  it('a NIXL from before there were variants', () => {
    const facts = makeFacts()
    facts.image.nixl = { distributions: { nixl: '0.6.0' }, modules: [] }
    expect(stateOf(judgeFacts(makeLeg({ nixl: '0.6.0' }), facts), 'nixl-variant')).toBe('pass')
  })

  it('a base without dpkg', () => {
    const facts = makeFacts()
    facts.base.dpkg = null
    facts.image.dpkg = null
    expect(verdict(judgeFacts(makeLeg(), facts))).toBe('pass')
  })

  it('the same environment in another order', () => {
    const candidate = makeCandidate({ config: makeConfig({ env: makeConfig().env.toReversed() }) })
    expect(verdict(judgeManifest(makeLeg(), candidate, limits))).toBe('pass')
  })

  it('variables of the input, new ones and one in place of the base', () => {
    const environment = { CUDA_HOME: '/opt/cuda', VLLM_USE_V2_MODEL_RUNNER: '0' }
    const env = ['PATH=/usr/local/bin:/usr/bin', 'CUDA_HOME=/opt/cuda', 'VLLM_USE_V2_MODEL_RUNNER=0']
    const [gate] = judgeManifest(
      makeLeg({ environment }),
      makeCandidate({ config: makeConfig({ env }) }),
      limits,
    )
    expect(gate).toMatchObject({
      state: 'pass',
      actual: 'as in the base, and CUDA_HOME, VLLM_USE_V2_MODEL_RUNNER as in the input environment',
    })
  })

  it('GPU architectures with a suffix that the fatbin does not show', () => {
    expect(judgeArchitectures(makeLeg({ gpuArchitectures: ['9.0a', '10.0'] }), makeFacts()).state).toBe(
      'pass',
    )
  })

  it('a mixed base, with new layers of one of its compressions', () => {
    const gzip = 'application/vnd.oci.image.layer.v1.tar+gzip'
    const leg = makeLeg()
    leg.base.layers.push(makeLayer('7', 1, gzip))
    const candidate = makeCandidate({ layers: [...leg.base.layers, makeLayer('8', 5, gzip)] })
    expect(verdict(judgeManifest(leg, candidate, limits))).toBe('pass')
  })
})

describe('an extension', () => {
  it('for another CUDA does not load, which follows from cuda-major', () => {
    const facts = makeFacts()
    const extension = facts.image.aibrix?.extension
    if (extension)
      extension.load = { outcome: 'error', error: 'libcudart.so.12: cannot open shared object file' }
    facts.image.cudaLinks.aibrix = [{ path: '/x/_aibrix_C.abi3.so', needed: ['libcudart.so.12'] }]
    const failed = judgeFacts(makeLeg(), facts).filter(({ state }) => state === 'fail')
    expect(failed.map(({ name }) => name)).toEqual(['cuda-major'])
    expect(judgeExtension(makeLeg(), facts)).toMatchObject({ state: 'follows', from: 'cuda-major' })
  })

  it('that lacks a library without a CUDA version fails itself', () => {
    const facts = makeFacts()
    const extension = facts.image.aibrix?.extension
    if (extension)
      extension.load = { outcome: 'error', error: 'libnuma.so.1: cannot open shared object file' }
    expect(judgeExtension(makeLeg(), facts)).toMatchObject({
      state: 'fail',
      hint: expect.stringContaining('a library that the image does not have: libnuma.so.1'),
    })
  })

  it('passes with libraries beside it, which it names', () => {
    const facts = makeFacts()
    facts.image.aibrix?.libraries.push({
      path: '/x/libpart.so',
      needed: [],
      load: { outcome: 'ok' },
      undefinedSymbols: [],
    })
    expect(judgeExtension(makeLeg(), facts)).toMatchObject({
      state: 'pass',
      actual: expect.stringContaining('libpart.so loads, too'),
    })
  })
})

describe('GPU architectures', () => {
  it("for auto are those that the base's toolkit knows", () => {
    const base = makeBase()
    if (base.toolkit) base.toolkit.architectures = ['5.2', '8.0', '8.9', '9.0']
    expect(expectedArchitectures(makeLeg(), base)).toEqual(['8.0', '8.9', '9.0'])
  })
})

describe('pip check', () => {
  it('lists what AIBrix and NIXL complain about without failing', () => {
    const gate = judgePipCheck(makeLeg(), makeFacts())
    expect(gate.state).toBe('pass')
    expect(gate.actual).toContain('redis==6.0.0')
  })
  it.each([
    ['The package `aibrix-kvcache` requires `redis==6.0.0`, but `7.0.1` is installed', 'pass'],
    ["The package `nixl` requires `nixl-cu12>=0.7.1`, but it's not installed", 'pass'],
    ["The package `pyroscope-io` requires `cffi>=1.6`, but it's not installed", 'fail'],
    ['something unknown', 'fail'],
  ])("reads uv's form: %s: %s", (line, state) => {
    const facts = makeFacts()
    facts.image.pipCheck = [...(facts.base.pipCheck ?? []), line]
    expect(judgePipCheck(makeLeg(), facts).state).toBe(state)
  })
})

describe('waivers', () => {
  const reason = 'nothing loads it'
  function failing(): Gate[] {
    const facts = makeFacts()
    facts.image.loaderUcx = ['/usr/lib/libucp.so.0']
    return judgeFacts(makeLeg(), facts)
  }
  it('turn the named failure into a waived gate with its reason', () => {
    expect(verdict(failing())).toBe('fail')
    const gates = waive(failing(), new Map([['second-libucp', reason]]))
    expect(verdict(gates)).toBe('pass')
    expect(gates.find(({ state }) => state === 'waived')).toMatchObject({ name: 'second-libucp', reason })
  })
  it('leave other failures and other states alone', () => {
    expect(verdict(waive(failing(), new Map([['extension', 'no']])))).toBe('fail')
    expect(waive(failing(), new Map([['extension', 'no']]))).toEqual(failing())
  })
  it('are recorded in a label', () => {
    const waived = new Map([['second-libucp', 'line one\nline two']] as const)
    expect(labelsOf(makeLeg(), makeFacts(), waived)).toMatchObject({
      'io.aibrix.image.waived': 'second-libucp=line one line two',
    })
  })
})

describe('what the report shows', () => {
  it('components, declared and measured', () => {
    expect(
      componentsOf(makeLeg(), makeFacts()).map(({ name, declared, measured }) => [name, declared, measured]),
    ).toEqual([
      ['engine', '0.21.0', '0.21.0'],
      ['torch', null, '2.11.0+cu130'],
      ['cuda', null, '13.0'],
      ['python', null, '3.12.12'],
      ['aibrix_kvcache', 'v0.7.0', '0.7.0+cu130'],
      ['nixl', '0.7.1', '0.7.1'],
      ['ucx', '1.19.0', '1.19.0'],
    ])
    expect(componentsOf(makeLeg(), makeFacts()).every(({ agrees }) => agrees)).toBe(true)
    expect(nixlPlugin(makeFacts())).toBe('cu13')
  })
  it('labels', () => {
    const labels = labelsOf(makeLeg(), makeFacts(), new Map())
    expect(labels).toMatchObject({
      'org.opencontainers.image.version': 'v0.21.0-aibrix-v0.7.0-nixl-0.7.1',
      'org.opencontainers.image.base.name': `vllm/vllm-openai@sha256:${'b'.repeat(64)}`,
      'io.aibrix.image.build-id': 'd'.repeat(64),
      'io.aibrix.image.torch': '2.11.0+cu130',
      'io.aibrix.image.ucx': '1.19.0',
      'io.aibrix.image.integration': 'module',
      'io.aibrix.image.gpu-architectures': '8.0 8.9 9.0 10.0 12.0',
    })
    expect(labels).not.toHaveProperty('io.aibrix.image.waived')
  })
  it('added packages', () => {
    expect(addedPackages(makeBase(), makeImage())).toEqual({
      pip: { 'aibrix-kvcache': '0.7.0+cu130', nixl: '0.7.1', 'nixl-cu13': '0.7.1', rocksdict: '0.3.29' },
      dpkg: { 'perftest:amd64': '4.5+0.17-1' },
    })
  })
  it('sizes', () => {
    expect(layerSizes(makeLeg(), makeCandidate().layers)).toEqual({
      base: 8_000_000_000,
      added: 58_100_000,
      total: 8_058_100_000,
    })
  })
  it('the layer of the base that the image lacks', () => {
    const candidate = makeCandidate()
    candidate.layers[0] = makeLayer('9', 3_000_000_000)
    expect(judgeAddedBytes(makeLeg(), candidate, limits).actual).toMatch(
      /^layer 1 of 2 of the base is sha256:(\d)\1{11} \(zstd\), the image has sha256:9{12} \(zstd\)$/,
    )
  })
  it('a warning where AIBrix could not be integrated', () => {
    const facts = makeFacts()
    facts.image.integration = {
      mode: 'none',
      reason: 'no patch for 0.21.0.',
      evidence: null,
      check: { outcome: 'ok' },
    }
    expect(warningsOf(makeLeg(), facts)).toEqual([
      'AIBrix is installed but not integrated into vllm 0.21.0: no patch for 0.21.0.',
    ])
    expect(warningsOf(makeLeg({ integration: 'none' }), facts)).toEqual([])
    expect(stateOf(judgeFacts(makeLeg(), facts), 'integration')).toBe('pass')
  })
})

describe('small things', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 KB'],
    [58_100_000, '58.1 MB'],
    [99_960_000, '100 MB'],
    [999_700_000, '1.0 GB'],
    [8_058_100_000, '8.1 GB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(humanBytes(bytes)).toBe(text)
  })
  it('a list counts the items that it omits', () => {
    expect(listed(['a', 'b', 'c'], 2)).toBe('a, b and 1 more')
    expect(listed([])).toBe('none')
  })
  it('the gates are described in their order', () => {
    expect(Object.keys(gateDescriptions)).toEqual([...gateNames])
  })
  it('the factory creates facts that the schema accepts', () => {
    expect(v.parse(factsSchema, makeBase())).toEqual(makeBase())
    expect(v.parse(factsSchema, makeImage())).toEqual(makeImage())
  })
})
