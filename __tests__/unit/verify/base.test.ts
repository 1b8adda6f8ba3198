import { describe, expect, it } from '@jest/globals'
import { readdirSync } from 'node:fs'
import { objectionTo, readCatalogue } from '../../../src/command/world/plan-world.ts'
import type { Engine } from '../../../src/plan/engine.ts'
import type { Versions } from '../../../src/plan/nixl/pip-answer.ts'
import type { Leg } from '../../../src/plan/plan.ts'
import type { Facts } from '../../../src/verify/facts.ts'
import { type Gate, verdict } from '../../../src/verify/gate.ts'
import { judgeBase, judgeFacts } from '../../../src/verify/judge.ts'
import { makeFacts, makeLeg } from '../../support/verified-leg.ts'
import { realFacts } from '../../support/measured-facts.ts'

const failing = (gates: Gate[]): string[] =>
  gates.flatMap(({ name, state }) => (state === 'fail' ? [name] : []))
const sglang = { name: 'sglang', version: '0.5.11', location: '/sgl', editable: false }

const tool = (command: string, path: string | null) => ({ command, path, start: { outcome: 'ok' as const } })

describe('a base', () => {
  it.each<[string, (facts: Facts) => unknown, string[]]>([
    ['without a fault', () => undefined, []],
    ['without an engine', (facts) => (facts.engines = []), ['engine-version']],
    ['with only the other engine', (facts) => (facts.engines = [sglang]), ['engine-version']],
    ['with another engine beside the requested one', (facts) => facts.engines.push(sglang), []],
    ['with the requested engine beside another one', (facts) => facts.engines.unshift(sglang), []],
    [
      'with another version than its tag says',
      ({ engines: [engine] }) => engine && (engine.version = '0.20.0'),
      ['engine-version'],
    ],
    ['without torch', (facts) => (facts.torch = null), ['torch-untouched']],
    ['with a torch without CUDA', ({ torch }) => torch && (torch.cuda = null), ['cuda-major']],
    [
      'with a toolkit of another CUDA than its torch',
      ({ toolkit }) => toolkit && (toolkit.version = '12.9'),
      ['cuda-major'],
    ],
    [
      "with the distribution's UCX",
      (facts) => (facts.loaderUcx = ['/usr/lib/x86_64-linux-gnu/libucp.so.0']),
      ['second-libucp'],
    ],
    [
      "whose USER can't start Python",
      ({ user }) => user && (user.python = { outcome: 'error', error: 'permission denied' }),
      ['as-it-runs'],
    ],
  ])('%s fails these gates before anything is built: %j', (_, change, gates) => {
    const facts = makeFacts()
    for (const some of [facts.base, facts.image]) change(some)
    expect(failing(judgeBase(makeLeg(), facts.base))).toEqual(gates)
    // An image built on it would fail at the same gates.
    expect(failing(judgeFacts(makeLeg(), facts))).toEqual(gates)
  })

  it.each<[string, (base: Facts) => unknown]>([
    ['ships a newer NIXL', (base) => (base.nixl.distributions = { nixl: '1.1.0' })],
    [
      'demands a newer NIXL',
      ({ demands }) =>
        demands?.vllm?.floors.push({
          ...{
            distribution: 'nixl',
            bound: '>=',
            version: '1.5.0',
            file: 'vllm/a.py',
            line: 1,
            form: 'call',
          },
        }),
    ],
  ])('that %s than the image will have is reported before anything is built', (_, change) => {
    const { base } = makeFacts()
    change(base)
    expect(failing(judgeBase(makeLeg(), base))).toEqual(['engine-demands'])
    expect(failing(judgeBase(makeLeg({ nixl: '1.5.0' }), base))).toEqual([])
  })

  it('may have a NIXL that the build replaces, also in the loader path', () => {
    const { base } = makeFacts()
    const site = '/usr/local/lib/python3.12/dist-packages'
    base.nixl = { distributions: { 'nixl-cu12': '0.6.0' }, modules: ['nixl_cu12'] }
    base.loaderUcx = [`${site}/nixl_cu12.libs/libucp-1a2b.so.0`, `${site}/.nixl.mesonpy.libs/libucs.so.0`]
    base.cudaLinks.nixl = [{ path: `${site}/nixl_cu12/x.so`, needed: ['libcudart.so.12'] }]
    expect(failing(judgeBase(makeLeg(), base))).toEqual([])
  })

  it.each(readdirSync('__tests__/fixtures/facts'))('that is real passes: %s', (name) => {
    const [engine = '', tag = ''] = name.split(/-(.*)/)
    const base = realFacts(name, 'base')
    const leg = makeLeg({ engine: engine as Engine, version: { tag, release: tag.slice(1) } })
    expect(verdict(judgeBase(leg, base))).toBe('pass')
  })
})

describe('a base on which nothing can be built', () => {
  const known: Versions = { state: 'known', versions: ['0.7.1'] }
  const nixl = { versions: () => Promise.resolve(known) }
  const judging = { catalogue: readCatalogue('dockerfiles'), nixl }

  it.each<[string, Partial<Leg>, Facts['toolkit'], string | undefined]>([
    [
      'without a toolkit',
      {},
      null,
      'the base has no CUDA compiler (nvcc), with which AIBrix would be compiled',
    ],
    [
      'whose toolkit does not know a requested GPU',
      { gpuArchitectures: ['9.0', '12.1'] },
      { home: '/cuda', version: '12.8', architectures: ['8.0', '9.0'] },
      'nvcc 12.8 of the base does not know the GPU architecture 12.1 (it knows 8.0, 9.0)',
    ],
    [
      'whose toolkit knows none of the usual GPUs',
      {},
      { home: '/cuda', version: '10.2', architectures: ['7.5'] },
      'nvcc 10.2 of the base does not know the GPU architecture 8.0, 8.9, 9.0, 10.0, 12.0 (it knows 7.5)',
    ],
    ['but one', {}, { home: '/cuda', version: '12.8', architectures: ['8.0', '9.0'] }, undefined],
  ])('%s is refused by its facts', async (_, leg, toolkit, reason) => {
    const { base } = makeFacts()
    expect(await objectionTo(makeLeg(leg), { ...base, toolkit }, judging)).toBe(reason)
  })

  it.each<[string, Partial<Facts>, string | undefined]>([
    [
      'that is not Debian or Ubuntu is refused if it lacks a tool',
      { dpkg: null, tools: [tool('ip', '/usr/sbin/ip'), tool('ping', null), tool('ifconfig', null)] },
      'the base (rhel 9.4) lacks ping, ifconfig, which the action can only install on Debian and Ubuntu',
    ],
    [
      'that is not Debian or Ubuntu is accepted if it has every tool',
      { dpkg: null, tools: [tool('ip', '/sbin/ip')] },
      undefined,
    ],
    [
      'that is not Debian or Ubuntu is accepted if its tools were not measured',
      { dpkg: null, tools: [] },
      undefined,
    ],
    ['that is Debian or Ubuntu may lack a tool', { tools: [tool('ip', null)] }, undefined],
  ])('%s', async (_, changes, reason) => {
    const { base } = makeFacts()
    const system = { ...base.system, distribution: 'rhel 9.4' }
    expect(await objectionTo(makeLeg(), { ...base, system, ...changes }, judging)).toBe(reason)
  })
})
