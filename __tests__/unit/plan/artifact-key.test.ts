import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { artifactsOf, extensionOf } from '../../../src/plan/keys/artifact-key.ts'
import type { Leg } from '../../../src/plan/plan.ts'
import type { Facts } from '../../../src/verify/facts.ts'
import { makeBase, makeLeg, ucxOf } from '../../support/verified-leg.ts'
import { realFacts } from '../../support/measured-facts.ts'

const recipes = { wheel: 'a'.repeat(64), ucx: 'b'.repeat(64) }
const architectures = ['8.0', '9.0']

type World = { leg: Leg; base: Facts; architectures: string[] | undefined; recipes: typeof recipes }

const usual = (): World => ({ leg: makeLeg(), base: makeBase(), architectures, recipes: { ...recipes } })

/** @returns the artifacts that have other names when one thing is changed */
function changedBy(change: (world: World) => void): string[] {
  const name = (world: World) => artifactsOf(world.leg, world.base, world.architectures, world.recipes)
  const [before, world] = [name(usual()), usual()]
  change(world)
  const after = name(world)
  return (['wheel', 'ucx'] as const).filter((kind) => after[kind].name !== before[kind].name)
}

const env = ({ leg }: World, line: string) => leg.base.config.env.push(line)
const cxxStandard =
  (standard: number | null) =>
  ({ base }: World) => {
    if (base.torch) base.torch.cxxStandard = standard
  }
const dpkg = ({ base }: World, name: string, version: string) =>
  Object.assign(base.dpkg ?? {}, { [name]: version })

it.each<[string, string[], (world: World) => void]>([
  ['the commit of AIBrix', ['wheel'], ({ leg }) => (leg.aibrix.commit = 'f'.repeat(40))],
  ['its tag', ['wheel'], ({ leg }) => (leg.aibrix.ref = 'v0.7.1')],
  ['a tag that is a branch', ['wheel'], ({ leg }) => (leg.aibrix.kind = 'branch')],
  ['torch', ['wheel'], ({ base }) => Object.assign(base.torch ?? {}, { version: '2.12.0+cu130' })],
  ['the CUDA of torch', ['wheel'], ({ base }) => Object.assign(base.torch ?? {}, { cuda: '12.9' })],
  ['a C++ standard that torch asks for', ['wheel'], cxxStandard(20)],
  ['no torch', ['wheel'], ({ base }) => (base.torch = null)],
  ['the toolkit', ['wheel', 'ucx'], ({ base }) => Object.assign(base.toolkit ?? {}, { version: '12.9' })],
  ['its place', ['wheel', 'ucx'], ({ base }) => Object.assign(base.toolkit ?? {}, { home: '/opt/cuda' })],
  ['no toolkit', ['wheel', 'ucx'], ({ base }) => (base.toolkit = null)],
  ['Python', ['wheel'], ({ base }) => (base.python.version = '3.13.1')],
  ['glibc', ['wheel', 'ucx'], ({ base }) => (base.system.glibc = '2.39')],
  ['libstdc++', ['wheel'], ({ base }) => (base.system.libstdcxx = '3.4.32')],
  ['the distribution', ['wheel', 'ucx'], ({ base }) => (base.system.distribution = 'ubuntu 22.04')],
  ['the machine', ['wheel', 'ucx'], ({ base }) => (base.system.machine = 'aarch64')],
  ['the platform', ['wheel', 'ucx'], ({ leg }) => (leg.platform = 'linux/arm64')],
  ['GPU architectures', ['wheel'], (world) => (world.architectures = ['9.0'])],
  ['GPU architectures that nobody knows', ['wheel'], (world) => (world.architectures = undefined)],
  ['a build argument', ['wheel', 'ucx'], ({ leg }) => (leg.buildArguments = { A: '1' })],
  ['the scripts of the wheel', ['wheel'], (world) => (world.recipes.wheel = 'c'.repeat(64))],
  ['the scripts of UCX', ['ucx'], (world) => (world.recipes.ucx = 'c'.repeat(64))],
  ['the commit of UCX', ['ucx'], ({ leg }) => (ucxOf(leg).commit = 'f'.repeat(40))],
  ['the version of UCX', ['ucx'], ({ leg }) => (leg.ucxVersion = '1.20.0')],
  ['rdma-core', ['ucx'], (world) => dpkg(world, 'libibverbs-dev:amd64', '44.0-2')],
  ['another compiler', ['wheel', 'ucx'], (world) => dpkg(world, 'g++-13:amd64', '13.2.0')],
  ['cuBLAS of pip, for its headers', ['wheel'], ({ base }) => (base.pip['nvidia-cublas-cu12'] = '12.8')],
  ['NVML of pip, for its header', ['wheel', 'ucx'], ({ base }) => (base.pip['nvidia-nvml-dev'] = '13.0')],
  ['flags of the base', ['wheel', 'ucx'], (world) => env(world, 'CXXFLAGS=-O0')],
  ['a folder that it links from', ['wheel', 'ucx'], (world) => env(world, 'LIBRARY_PATH=/opt/x/lib')],
  ['a run path that it gives', ['wheel', 'ucx'], (world) => env(world, 'LD_RUN_PATH=/opt/x/lib')],
  ['a compiler that the base names', ['wheel', 'ucx'], (world) => env(world, 'CXX=clang++')],
  ['an archiver that the base names', ['wheel', 'ucx'], (world) => env(world, 'AR=llvm-ar')],
  ['an argument that the base replaces', ['wheel', 'ucx'], (world) => env(world, 'UCX_REPO=https://x')],
])('a change of %s changes the name of: %j', (_, kinds, change) => {
  expect(changedBy(change)).toEqual(kinds)
})

it.each<[string, (world: World) => void]>([
  ['the engine', ({ leg }) => (leg.engine = 'sglang')],
  [
    'its version',
    ({ leg, base }) => Object.assign(leg.version, { release: '1' }, { engines: base.engines.splice(0) }),
  ],
  ['a variable of the image', ({ leg }) => (leg.environment = { CXX: 'clang++' })],
  ['the digest of the base', ({ leg }) => (leg.base.manifestDigest = `sha256:${'9'.repeat(64)}`)],
  ['NIXL', ({ leg }) => (leg.nixl = '1.0.0')],
  ['where AIBrix is from', ({ leg }) => (leg.aibrix.repository = { kind: 'path', path: '/x' })],
  ['how AIBrix gets into the engine', ({ leg }) => (leg.integration = 'none')],
  ['a C++ standard that is older than that of AIBrix', cxxStandard(14)],
  ['a C++ standard that was not measured', cxxStandard(null)],
  ['a patch release of Python', ({ base }) => (base.python.version = '3.12.13')],
  ['the order of GPU architectures', (world) => (world.architectures = ['9.0', '8.0', '9.0'])],
  ['a package of the engine', ({ base }) => (base.pip.vllm = '2')],
  [
    "the distribution's own compiler, which else the builder installs",
    (world) => {
      dpkg(world, 'g++:amd64', '4:12.2.0-3')
      dpkg(world, 'g++-12:amd64', '12.2.0-14')
    },
  ],
  ["stand-ins for the driver's libraries", (world) => env(world, 'LIBRARY_PATH=/usr/local/cuda/lib64/stubs')],
  ['a variable that no compiler reads', (world) => env(world, 'VLLM_USAGE_SOURCE=x')],
])('a change of %s changes no name', (_, change) => {
  expect(changedBy(change)).toEqual([])
})

it('the name has a C++ standard only if the build step passes it to the compilers', () => {
  const step = readFileSync('dockerfiles/scripts/step/wheel/cxx_compilers.py', 'utf8')
  const project = Number(/^PROJECT = (\d+)$/m.exec(step)?.[1])
  expect([project, project + 1].map((standard) => changedBy(cxxStandard(standard)))).toEqual([[], ['wheel']])
})

it('names depend on the commit of a branch, not on its name', () => {
  const on = (ref: string) => {
    const leg = makeLeg()
    leg.aibrix = { ...leg.aibrix, kind: 'branch', ref }
    return artifactsOf(leg, makeBase(), architectures, recipes).wheel.name
  }
  expect(on('main')).toBe(on('feature'))
})

it('names do not depend on the order of facts', () => {
  const text = fc.stringMatching(/^[a-z0-9.+-]{1,12}$/)
  fc.assert(
    fc.property(fc.dictionary(text, text), (dpkg) => {
      const shuffled = Object.fromEntries(Object.entries(dpkg).reverse())
      const names = [dpkg, shuffled].map((each) => {
        const { wheel, ucx } = artifactsOf(makeLeg(), { ...makeBase(), dpkg: each }, architectures, recipes)
        return [wheel.name, ucx.name]
      })
      expect(names[0]).toEqual(names[1])
      expect(names[0]?.[0]).toMatch(/^wheel-[0-9a-f]{64}$/)
    }),
  )
})

describe('on real bases', () => {
  const read = (name: string) => realFacts(name, 'base')

  it('engines and versions with the same torch and toolkit share a wheel and a UCX', () => {
    const names = ['vllm-v0.10.2', 'vllm-v0.21.0', 'sglang-v0.5.11'].map((name) => {
      // SGLang depends on nvidia-nvml-dev; the others get its header from the package index.
      const facts = read(name)
      delete facts.pip['nvidia-nvml-dev']
      const { wheel, ucx } = artifactsOf(makeLeg(), facts, architectures, recipes)
      return `${wheel.name} ${ucx.name}`
    })
    expect(new Set(names).size).toBe(1)
  })
})

describe('the key of an extension', () => {
  const sources = 'c'.repeat(64)
  const nameOf = (world: World, ...given: [sources?: string, recipe?: string]) => {
    const { wheel } = artifactsOf(world.leg, world.base, world.architectures, world.recipes)
    const [ofSources = sources, recipe = 'e'.repeat(64)] = given
    return extensionOf(wheel, ofSources, recipe).name
  }
  const changed = (change: (world: World) => void): string => {
    const world = usual()
    change(world)
    return nameOf(world)
  }

  it.each<[string, (world: World) => void]>([
    ['commit', ({ leg }) => (leg.aibrix.commit = 'f'.repeat(40))],
    ['tag', ({ leg }) => (leg.aibrix.ref = 'v0.7.1')],
    ['recipe of the wheel', (world) => (world.recipes.wheel = 'd'.repeat(64))],
  ])('is the same for another %s', (_, change) => {
    expect(changed(change)).toBe(nameOf(usual()))
  })

  it.each<[string, (world: World) => void]>([
    ['torch', ({ base }) => Object.assign(base.torch ?? {}, { version: '2.12.0+cu130' })],
    ['Python', ({ base }) => (base.python.version = '3.13.1')],
    ['toolkit', ({ base }) => Object.assign(base.toolkit ?? {}, { version: '12.9' })],
    ['GPU architectures', (world) => (world.architectures = ['9.0'])],
  ])('is another one for another %s', (_, change) => {
    expect(changed(change)).not.toBe(nameOf(usual()))
  })

  it('is another one for other sources and another recipe', () => {
    const names = [nameOf(usual()), nameOf(usual(), 'f'.repeat(64)), nameOf(usual(), sources, 'f'.repeat(64))]
    expect(new Set(names).size).toBe(3)
    for (const name of names) expect(name).toMatch(/^extension-[0-9a-f]{64}$/)
  })
})
