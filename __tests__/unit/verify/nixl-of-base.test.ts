import { describe, expect, it } from '@jest/globals'
import type { Leg } from '../../../src/plan/plan.ts'
import { baseNixl } from '../../../src/verify/base-nixl.ts'
import { conditionsOf } from '../../../src/verify/conditions.ts'
import type { Facts, LegFacts } from '../../../src/verify/facts.ts'
import { type Gate, isBlocking } from '../../../src/verify/gate.ts'
import { judgeBase, judgeFacts } from '../../../src/verify/judge.ts'
import { labelsOf } from '../../../src/verify/labels.ts'
import { asRoot, makeBase, makeFacts, makeLeg } from '../../support/verified-leg.ts'

const both = { nixl: '1.5.0', 'nixl-cu12': '1.5.0', 'nixl-cu13': '1.5.0' }
const site = '/usr/local/lib/python3.12/dist-packages'

/** Puts NIXL 1.5.0 in both variants into an image. */
function bring(facts: Facts): Facts {
  facts.nixl = { distributions: { ...both }, modules: ['nixl_cu12', 'nixl_cu13'] }
  facts.pip = { ...facts.pip, ...both }
  for (const imports of [facts.imports, facts.running.imports])
    for (const owner of imports?.modules.flatMap(({ owners }) => owners) ?? [])
      if (owner.name.startsWith('nixl')) owner.version = '1.5.0'
  facts.bundledUcx = {
    library: `${site}/nixl_cu13.libs/libucp-1.so.0.0.0`,
    version: '1.23.0',
    error: null,
    modules: ['cuda', 'ib'],
  }
  facts.cudaLinks.nixl = ['12', '13'].map((major) => ({
    path: `${site}/nixl_cu${major}.libs/ucx/libuct_cuda.so`,
    needed: [`libcudart.so.${major}`],
  }))
  facts.cudaLinks.nixl.push({
    path: `${site}/.nixl_cu12.mesonpy.libs/plugins/libplugin_GDS.so`,
    needed: ['libcudart.so.12'],
  })
  return facts
}

const leg = makeLeg({ nixl: '1.5.0', nixlFrom: 'base', ucxVersion: '1.23.0', ucx: null })

function facts(): LegFacts {
  const found = makeFacts()
  bring(found.base)
  bring(found.image)
  found.image.ucxTools = null
  found.image.cudaLinks.ucxTools = []
  found.image.running.loopback = null
  found.image.pipCheck = found.base.pipCheck
  return found
}

const named = (gates: Gate[], name: Gate['name']) => gates.find((gate) => gate.name === name)

describe("the base's own NIXL in both variants", () => {
  it('passes every gate, and those about tools do not apply, with the reason', () => {
    const gates = judgeFacts(leg, facts())
    expect(gates.filter(isBlocking)).toEqual([])
    const why = /no tag or commit is known for UCX 1\.23\.0, which NIXL 1\.5\.0 bundles/
    for (const name of ['ucx-tools', 'ucx-loopback'] as const)
      expect(named(gates, name)).toMatchObject({
        state: 'not applicable',
        reason: expect.stringMatching(why),
      })
  })

  it('is judged by the variant that is imported, and the other one is named', () => {
    const gates = judgeFacts(leg, facts())
    for (const name of ['nixl-variant', 'cuda-major', 'nixl-ucx'] as const)
      expect(named(gates, name)).toMatchObject({
        state: 'pass',
        actual: expect.stringContaining('nixl-cu12 exists and is not imported'),
      })
  })

  it.each<[string, (world: LegFacts) => void, Gate['name'], RegExp]>([
    [
      'the variant for torch is missing',
      ({ base, image }) => {
        for (const one of [base, image]) {
          delete one.nixl.distributions['nixl-cu13']
          one.nixl.modules = ['nixl_cu12']
        }
      },
      'nixl-variant',
      /imports nixl-cu12 where torch needs nixl-cu13; set nixl-version to a version/,
    ],
    [
      'a variant is of another version',
      ({ base, image }) => {
        for (const one of [base, image]) one.nixl.distributions['nixl-cu12'] = '1.4.1'
      },
      'nixl-variant',
      /nixl-cu12 of the base is 1\.4\.1, the tag says 1\.5\.0/,
    ],
    [
      'a step took a variant away',
      ({ image }) => {
        delete image.nixl.distributions['nixl-cu12']
      },
      'nixl-variant',
      /The base had nixl-cu12 1\.5\.0, and a build step changed that/,
    ],
    [
      'the imported variant needs another CUDA',
      ({ image }) => {
        image.cudaLinks.nixl = [
          { path: `${site}/nixl_cu13.libs/ucx/libuct_cuda.so`, needed: ['libcudart.so.12'] },
        ]
      },
      'cuda-major',
      /libuct_cuda\.so \(needs libcudart\.so\.12\) is of CUDA 12/,
    ],
    [
      'its UCX is another one',
      ({ image }) => {
        if (image.bundledUcx) image.bundledUcx.version = '1.22.0'
      },
      'nixl-ucx',
      /reports 1\.22\.0, NIXL 1\.5\.0 should bundle 1\.23\.0; set nixl-version to a version/,
    ],
  ])('fails where %s', (_, change, gate, hint) => {
    const world = facts()
    change(world)
    const failed = judgeFacts(leg, world).filter(isBlocking)
    expect(failed.map(({ name }) => name)).toContain(gate)
    expect(failed.find(({ name }) => name === gate)?.hint).toMatch(hint)
  })

  it('judges a base before anything is built on it', () => {
    const base = asRoot(bring(makeBase()))
    expect(judgeBase(leg, base).filter(isBlocking)).toEqual([])
    const cuda12 = {
      ...base,
      cudaLinks: { ...base.cudaLinks, nixl: [{ path: 'x', needed: ['libcudart.so.12'] }] },
    }
    expect(judgeBase(leg, cuda12).filter(isBlocking)).toMatchObject([{ name: 'cuda-major' }])
  })

  it('has a condition in the report and label if there are no UCX tools', () => {
    const world = facts()
    expect(conditionsOf(leg, world.image).map(({ kind, name }) => ({ kind, name }))).toEqual([
      { kind: 'tools', name: 'ucx-tools: none' },
    ])
    const labels = labelsOf(leg, world, new Map())
    expect(labels['io.aibrix.image.conditions']).toBe('ucx-tools: none')
    expect(labels['io.aibrix.image.ucx-commit']).toBeUndefined()
    expect(labels['org.opencontainers.image.description']).not.toContain('tools')
  })
})

describe('what a base ships', () => {
  it.each<[string, (base: Facts) => void, ReturnType<typeof baseNixl>]>([
    ['nothing', (base) => (base.nixl = { distributions: {}, modules: [] }), { nixl: null }],
    ['both variants', () => undefined, { nixl: '1.5.0', ucx: '1.23.0' }],
    ['a NIXL whose libucp does not answer', (base) => (base.bundledUcx = null), { nixl: '1.5.0' }],
    [
      'a NIXL of before there were variants',
      (base) => (base.nixl = { distributions: { nixl: '0.7.0' }, modules: [] }),
      { nixl: '0.7.0', ucx: '1.23.0' },
    ],
    [
      'the newest variant behind an older package, as pip resolves 0.7.1',
      (base) =>
        (base.nixl = { distributions: { nixl: '0.7.1', 'nixl-cu13': '1.5.1' }, modules: ['nixl_cu13'] }),
      { nixl: null, brokenNixl: 'its nixl is 0.7.1, and its nixl-cu13 is 1.5.1' },
    ],
    [
      'the variant of another CUDA',
      (base) =>
        (base.nixl = { distributions: { nixl: '1.5.0', 'nixl-cu12': '1.5.0' }, modules: ['nixl_cu12'] }),
      { nixl: null, brokenNixl: 'its nixl 1.5.0 imports nixl-cu12, and torch is for CUDA 13.0' },
    ],
    [
      'a module without its package',
      (base) => (base.nixl = { distributions: { nixl: '1.5.0' }, modules: ['nixl_cu13'] }),
      { nixl: null, brokenNixl: 'its nixl 1.5.0 imports nixl-cu13, whose package is not installed' },
    ],
    [
      'a variant without the package',
      (base) => (base.nixl = { distributions: { 'nixl-cu13': '1.5.0' }, modules: ['nixl_cu13'] }),
      { nixl: null, brokenNixl: 'it has no package nixl' },
    ],
  ])('%s', (_, change, brought) => {
    const base = bring(makeBase())
    change(base)
    expect(baseNixl(asRoot(base), 'vllm')).toEqual(brought)
  })

  it('includes the highest floor that its engine calls, and none that it only compares', () => {
    const base = asRoot(bring(makeBase()))
    const floor = { distribution: 'nixl', bound: '>=', file: 'x.py', line: 1, form: 'call' } as const
    base.demands = {
      vllm: {
        floors: [
          { ...floor, version: '1.4.0' },
          { ...floor, version: '1.5.0', distribution: 'nixl-cu13' },
          { ...floor, version: '2.0.0', form: 'comparison' },
          { ...floor, version: '3.0.0', distribution: 'torch' },
        ],
        unread: [],
        connectors: [],
        runners: null,
      },
    }
    expect(baseNixl(base, 'vllm').nixlFloor).toBe('1.5.0')
    expect(baseNixl(base, 'sglang').nixlFloor).toBeUndefined()
  })

  it('NIXL 0.7.1 to 1.0.1 imports the variant for CUDA 13 first, whatever torch is', () => {
    const base = bring(makeBase())
    const older = { nixl: '1.0.1', 'nixl-cu12': '1.0.1', 'nixl-cu13': '1.0.1' }
    base.nixl.distributions = older
    expect(baseNixl(asRoot(base), 'vllm').nixl).toBe('1.0.1')
    base.torch = { version: '2.9.0', cuda: '12.8', cxxStandard: null, record: null, location: site }
    expect(baseNixl(asRoot(base), 'vllm')).toMatchObject({ nixl: null, brokenNixl: expect.any(String) })
  })

  it.each(['index', 'tested'] as const)('is newer than the installed NIXL, from: %s', (nixlFrom) => {
    const world = makeFacts()
    bring(world.base)
    const gate = named(judgeFacts(makeLeg({ nixlFrom }), world), 'engine-demands')
    expect(gate?.state).toBe(nixlFrom === 'tested' ? 'pass' : 'fail')
  })

  it('a leg with an installed NIXL still has only one variant', () => {
    const installed: Leg = { ...leg, nixlFrom: 'index' }
    expect(judgeFacts(installed, facts()).filter(isBlocking)).toMatchObject([
      { name: 'nixl-variant', hint: expect.stringContaining('Several variants are installed') },
    ])
  })
})
