import { judgeFeasibility } from '../../../src/plan/feasibility/judge-leg.ts'
import { type KnownBase, knownBase } from '../../../src/plan/feasibility/known-base.ts'
import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { parseCatalogue } from '../../../src/plan/feasibility/catalogue.ts'
import { type Feasibility, type Wanted } from '../../../src/plan/feasibility/feasibility.ts'
import { parseEngineVersion } from '../../../src/plan/versions/version.ts'

const catalogue = parseCatalogue(readFileSync('dockerfiles/catalogue.json', 'utf8'))

function version(tag: string) {
  const parsed = parseEngineVersion(tag)
  if (!parsed) throw new Error(`${tag} is no version`)
  return parsed
}

type Case = Partial<Omit<Wanted, 'version' | 'aibrix'>> & {
  tag?: string
  aibrix?: string
  kind?: Wanted['aibrix']['kind']
}

function wanted({ tag = 'v0.10.2', aibrix = 'v0.7.0', kind = 'tag', ...more }: Case = {}): Wanted {
  return {
    engine: 'vllm',
    version: version(tag),
    aibrix: { kind, ref: aibrix },
    nixl: '0.7.1',
    nixlFrom: 'index',
    integration: 'auto',
    platform: 'linux/amd64',
    ...more,
  }
}

/** What a case changes in the usual base; `undefined` removes it. */
type Change = { [Key in keyof KnownBase]?: KnownBase[Key] | undefined }

const usual: KnownBase = { source: 'measured', python: '3.12', torch: '2.8.0', cuda: '12.8' }

function changed(base: Change): KnownBase {
  const { source = 'measured', ...fields } = { ...usual, ...base }
  const known = Object.entries(fields).filter(([, value]) => value !== undefined)
  return { source, ...(Object.fromEntries(known) as Partial<KnownBase>) }
}

function judge(one: Case, base: Change = {}, nixl: string[] | 'unknown' = 'unknown'): Feasibility {
  return judgeFeasibility(
    wanted(one),
    changed(base),
    catalogue,
    nixl === 'unknown' ? nixl : { versions: nixl },
  )
}

const image = 'the base vllm/vllm-openai:v0.10.2'

describe('what is known of a base', () => {
  it.each<['vllm' | 'sglang', string, Omit<KnownBase, 'source'>]>([
    ['vllm', 'v0.10.2', { python: '3.12', torch: '2.8.0', cuda: '12.8', nixl: null }],
    ['vllm', 'v0.8.5.post1', { python: '3.12', torch: '2.6.0', cuda: '12.4', nixl: null }],
    ['vllm', 'v0.10.1.1', { python: '3.12', torch: '2.7.1', cuda: '12.8', nixl: null }],
    ['vllm', 'v0.11.0', { python: '3.12', torch: '2.8.0', cuda: '12.8' }],
    ['vllm', 'v0.13.0', { python: '3.12', torch: '2.9.0', cuda: '12.9' }],
    ['vllm', 'v0.15.1', { python: '3.12', torch: '2.9.1', cuda: '12.9' }],
    ['vllm', 'v0.20.0', { python: '3.12', torch: '2.11.0', cuda: '13.0' }],
    ['vllm', 'v0.20.0-x86_64', { python: '3.12', torch: '2.11.0', cuda: '13.0' }],
    ['vllm', 'v0.20.0-cu129', { python: '3.12', cuda: '12.9' }],
    ['vllm', 'v0.20.0-cu129-x86_64', { python: '3.12', cuda: '12.9' }],
    ['vllm', 'v0.20.0-ubuntu2404', {}],
    ['vllm', 'v0.20.0-cu129-ubuntu2404', { cuda: '12.9' }],
    ['vllm', 'v0.32.0', { python: '3.12', torch: '2.13.0', cuda: '13.0', nixl: '1.5.0' }],
    ['vllm', 'v0.33.0', { python: '3.12', torch: '2.14.0', cuda: '13.0', nixl: '1.5.0', nixlFloor: '1.5.0' }],
    ['vllm', 'v9.0.0', {}],
    ['sglang', 'v0.5.5.post3', { python: '3.12', torch: '2.9', cuda: '12.9' }],
    ['sglang', 'v0.5.5', { python: '3.12', torch: '2.8.0', cuda: '12.9' }],
    ['sglang', 'v0.5.6', { torch: '2.9.1' }],
    ['sglang', 'v0.5.21', { torch: '2.13.0', cuda: '13' }],
    ['sglang', 'v9.0.0', {}],
    ['sglang', 'v0.5.10.post1-cu130-runtime', { cuda: '13.0' }],
  ])('%s %s', (engine, tag, known) => {
    expect(knownBase(catalogue, engine, version(tag))).toEqual({ source: 'catalogue', ...known })
  })
})

describe('an image is possible', () => {
  it.each<[string, Case, Change]>([
    ['with a patch', { tag: 'v0.10.2', aibrix: 'v0.5.0' }, {}],
    ['with a patch, for a variant of the image', { tag: 'v0.14.0-cu130', integration: 'patch' }, {}],
    ['with the connector module', { tag: 'v0.21.0' }, { torch: '2.11.0+cu130', cuda: '13.0' }],
    ['with the module where there is a patch, too', { tag: 'v0.14.0', integration: 'module' }, {}],
    ['with the module, for a pre-release of its first vLLM', { tag: 'v0.14.0rc1' }, {}],
    ['without integration', { tag: 'v0.11.0', aibrix: 'v0.5.0', integration: 'none' }, {}],
    ['for SGLang, whatever the release', { engine: 'sglang', tag: 'v0.5.5.post3', aibrix: 'v0.5.0' }, {}],
    [
      'for an SGLang without the backend, which auto only warns of',
      { engine: 'sglang', tag: 'v0.4.9.post3' },
      {},
    ],
    ['for SGLang with its module', { engine: 'sglang', tag: 'v0.5.3', integration: 'module' }, {}],
    ['with the oldest Python', {}, { python: '3.9' }],
    ['with a Python with its third number', {}, { python: '3.12.11' }],
    ['with a torch that is just new enough', {}, { torch: '2.7.0' }],
    ['with a torch of the night', {}, { torch: '2.10.0.dev20251101+cu130' }],
    ['with a pre-release of the first torch', {}, { torch: '2.7.0a0+50eac811a6.nv25.03' }],
    ['with a NIXL from before the variants, on CUDA 12', { nixl: '0.7.0' }, {}],
  ])('%s', (_, one, base) => {
    expect(judge(one, base)).toEqual({ state: 'possible' })
  })
})

describe('an image is impossible', () => {
  it.each<[string, Case, Change, string]>([
    [
      'Python is too new',
      {},
      { python: '3.13' },
      `aibrix_kvcache v0.7.0 needs Python <3.13, and ${image} has 3.13`,
    ],
    [
      'Python is too new, in full',
      {},
      { python: '3.13.1' },
      `aibrix_kvcache v0.7.0 needs Python <3.13, and ${image} has 3.13.1`,
    ],
    [
      'Python is too old',
      {},
      { python: '3.8' },
      `aibrix_kvcache v0.7.0 needs Python >=3.9, and ${image} has 3.8`,
    ],
    [
      'torch is too old',
      {},
      { torch: '2.6.0' },
      `aibrix_kvcache v0.7.0 needs torch >=2.7.0, and ${image} has 2.6.0`,
    ],
    [
      'it was measured that there is no torch',
      {},
      { torch: undefined },
      `aibrix_kvcache v0.7.0 needs torch, and ${image} has none`,
    ],
    [
      'it was measured that torch has no CUDA',
      {},
      { cuda: undefined },
      `NIXL needs a torch for CUDA, and ${image} has none`,
    ],
    [
      'there is neither patch nor module',
      { tag: 'v0.11.0', aibrix: 'v0.5.0' },
      {},
      'aibrix_kvcache v0.5.0 has no patch for vLLM v0.11.0 (it has them for v0.8.5, v0.9.1, v0.10.2), and no connector module',
    ],
    [
      'there is no patch, and the module is for later ones',
      { tag: 'v0.13.0' },
      {},
      'aibrix_kvcache v0.7.0 has no patch for vLLM v0.13.0 (it has them for v0.8.5, v0.9.1, v0.10.2, v0.14.0), and its connector module works from vLLM v0.14.0 on',
    ],
    [
      'the patch is for another post release',
      { tag: 'v0.10.2.post1', aibrix: 'v0.5.0', integration: 'patch' },
      {},
      'aibrix_kvcache v0.5.0 has no patch for vLLM v0.10.2.post1 (it has them for v0.8.5, v0.9.1, v0.10.2)',
    ],
    [
      'there is no module',
      { aibrix: 'v0.6.0', integration: 'module' },
      {},
      'aibrix_kvcache v0.6.0 has no connector module',
    ],
    [
      'the module does not fit',
      { integration: 'module' },
      {},
      'aibrix_kvcache v0.7.0 does not fit: its connector module works from vLLM v0.14.0 on',
    ],
    [
      'SGLang is to be patched',
      { engine: 'sglang', tag: 'v0.5.5', integration: 'patch' },
      {},
      'AIBrix has no patches for SGLang, which has its storage backend itself',
    ],
    [
      'SGLang is too old for its module',
      { engine: 'sglang', tag: 'v0.5.2', integration: 'module' },
      {},
      'SGLang v0.5.2 has no storage backend for AIBrix; it has one from v0.5.3 on',
    ],
    [
      'NIXL has no wheel for that Python',
      { nixl: '1.4.1' },
      { python: '3.9' },
      `NIXL 1.4.1 has no wheel for Python 3.9, which ${image} has`,
    ],
    [
      'NIXL has no wheel for that CUDA',
      { nixl: '0.7.0' },
      { cuda: '13.0' },
      `NIXL 0.7.0 has no wheel for CUDA 13, which ${image} has`,
    ],
    [
      'its engine refuses that NIXL, by what was measured',
      {},
      { nixl: '1.5.0', nixlFloor: '1.5.0' },
      'vLLM v0.10.2 refuses NIXL 0.7.1, because it needs 1.5.0 or later; set nixl-version: base (which ships 1.5.0), 1.5.0 or later, or force: true with allow-failed: engine-demands=<why>',
    ],
    [
      'its engine refuses the NIXL of the base, too',
      { nixl: '1.1.0', nixlFrom: 'base' },
      { nixl: '1.1.0', nixlFloor: '1.5.0' },
      'vLLM v0.10.2 refuses NIXL 1.1.0, because it needs 1.5.0 or later; set nixl-version: 1.5.0 or later, or force: true with allow-failed: engine-demands=<why>',
    ],
    [
      'nothing is known of that NIXL',
      { nixl: '9.9.9' },
      {},
      'this version of the action does not know NIXL 9.9.9; the nearest that it knows are 1.',
    ],
    [
      'nothing is known of AIBrix, but of NIXL',
      { aibrix: 'main', kind: 'branch', nixl: '0.7.0' },
      { cuda: '13.0' },
      'NIXL 0.7.0 has no wheel for CUDA 13',
    ],
  ])('if %s', (_, one, base, reason) => {
    expect(judge(one, base)).toEqual({ state: 'impossible', reason: expect.stringContaining(reason) })
  })
})

describe("if pip was asked, its answer decides about NIXL's wheels", () => {
  it.each<[string, string, Change, string[], Feasibility['state']]>([
    ['has it', '0.7.1', {}, ['0.8.0', '0.7.1'], 'possible'],
    ['has it in another spelling', '0.7.1', {}, ['0.7.1.0'], 'possible'],
    ['lacks it', '0.7.1', {}, ['0.8.0'], 'impossible'],
    ['has none', '0.7.1', {}, [], 'impossible'],
    ['has one that the catalogue denies', '0.7.0', { cuda: '13.0' }, ['0.7.0'], 'possible'],
    ['was not asked for this Python', '0.7.1', { python: undefined, source: 'catalogue' }, [], 'unknown'],
  ])('it %s', (_, nixl, base, versions, state) => {
    expect(judge({ nixl }, base, versions).state).toBe(state)
  })

  it('and the reason names what the wheel must fit', () => {
    expect(judge({ platform: 'linux/arm64' }, { cuda: '13.0' }, ['0.8.0'])).toEqual({
      state: 'impossible',
      reason: `NIXL 0.7.1 has no wheel for Python 3.12 with CUDA 13 on linux/arm64, which ${image} has`,
    })
  })
})

describe('whether an image is possible is unknown', () => {
  const nothing = { source: 'catalogue', python: undefined, torch: undefined, cuda: undefined } as const

  it.each<[string, Case, Change, string]>([
    ['of a branch of AIBrix', { aibrix: 'main', kind: 'branch' }, {}, 'what AIBrix main needs'],
    [
      'of a branch that is named like a release',
      { aibrix: 'v0.7.0', kind: 'branch' },
      {},
      'what AIBrix v0.7.0 needs',
    ],
    ['of a commit', { aibrix: 'c5465890', kind: 'commit' }, {}, 'what AIBrix c5465890 needs'],
    ['of a later release', { aibrix: 'v0.99.0' }, {}, 'what AIBrix v0.99.0 needs'],
    [
      'of a tag with the name of a method of objects',
      { aibrix: 'constructor' },
      {},
      'what AIBrix constructor needs',
    ],
    [
      'without the base’s Python',
      {},
      { ...nothing, torch: '2.8.0', cuda: '12.8' },
      `the Python of ${image} is not known`,
    ],
    [
      'with a torch without a version',
      {},
      { torch: 'git-1234' },
      'has git-1234, which is not a PEP 440 version',
    ],
    [
      'without its torch',
      {},
      { ...nothing, python: '3.12', cuda: '12.8' },
      `the torch of ${image} is not known`,
    ],
    [
      'without its CUDA',
      {},
      { ...nothing, python: '3.12', torch: '2.8.0' },
      `the CUDA of ${image} is not known`,
    ],
  ])('%s', (_, one, base, reason) => {
    expect(judge(one, base)).toEqual({ state: 'unknown', reason: expect.stringContaining(reason) })
  })
})

it('names no patches of a release without patches', () => {
  const release = { needs: { python: '>=3.9', torch: '>=2.7.0' }, vllm: { patches: [] } }
  const other = { ...catalogue, releases: { 'v0.9.0': release } }
  expect(judgeFeasibility(wanted({ aibrix: 'v0.9.0' }), usual, other, 'unknown')).toEqual({
    state: 'impossible',
    reason:
      'aibrix_kvcache v0.9.0 has no patch for vLLM v0.10.2, and no connector module; choose another aibrix-version or integration: none',
  })
})

it('judges any words, with reasons without a full stop', () => {
  const word = fc.oneof(fc.string(), fc.constantFrom('constructor', '__proto__', '0.7.1', '2.8.0', '3.12'))
  fc.assert(
    fc.property(
      fc.record({ aibrix: word, nixl: word, platform: word }),
      fc.record({ python: word, torch: word, cuda: word }, { requiredKeys: [] }),
      fc.constantFrom('auto', 'patch', 'module', 'none'),
      (one, base, integration) => {
        const judged = judgeFeasibility(
          wanted({ ...one, integration }),
          { source: 'catalogue', ...base },
          catalogue,
          'unknown',
        )
        if (judged.state !== 'possible') expect(judged.reason.length).toBeGreaterThan(10)
      },
    ),
  )
})

it('calls nothing impossible that is possible once more is known', () => {
  const one = (...values: string[]) => fc.constantFrom(...values)
  fc.assert(
    fc.property(
      fc.record(
        {
          python: one('3.8', '3.9', '3.12', '3.13'),
          torch: one('2.6.0', '2.8.0'),
          cuda: one('12.8', '13.0'),
        },
        { requiredKeys: [] },
      ),
      fc.constantFrom('v0.9.1', 'v0.11.0', 'v0.21.0'),
      fc.constantFrom('0.7.0', '0.7.1', '1.4.1'),
      (some, tag, nixl) => {
        const less = judgeFeasibility(
          wanted({ tag, nixl }),
          { source: 'catalogue', ...some },
          catalogue,
          'unknown',
        )
        const known = { ...usual, ...some, source: 'measured' as const }
        const more = judgeFeasibility(wanted({ tag, nixl }), known, catalogue, 'unknown')
        if (less.state === 'impossible') expect(more).toMatchObject({ state: 'impossible' })
        if (less.state === 'possible') expect(more.state).toBe('possible')
        expect(more.state).not.toBe('unknown')
      },
    ),
  )
})
