import { describe, expect, it } from '@jest/globals'
import { conditionsOf } from '../../../src/verify/conditions.ts'
import type { Hooks, Runners } from '../../../src/verify/demand-facts.ts'
import type { Facts } from '../../../src/verify/facts.ts'
import { hooksVerdict } from '../../../src/verify/runners.ts'
import { makeImage, makeLeg } from '../../support/verified-leg.ts'

const v1Only: Runners['there'] = ['V1']
const both: Runners['there'] = ['V1', 'V2']

type Case = Partial<Runners> & {
  hooked?: Hooks['found'][number]['runner'][]
  noted?: string
  set?: string
}

function image({ hooked = ['V1'], noted, set, ...runners }: Case): Facts {
  const facts = makeImage()
  Object.assign(facts.demands?.vllm?.runners ?? {}, runners)
  const there = facts.demands?.vllm?.runners?.there ?? []
  const found = hooked.map((runner) => ({ runner, there: there.includes(runner), missing: [] }))
  const conditions =
    noted === undefined
      ? []
      : [{ kind: 'environment' as const, name: noted, reason: 'so it is', set: set ?? null }]
  return { ...facts, hooks: { found, error: null }, conditions }
}

const zero = 'VLLM_USE_V2_MODEL_RUNNER=0'

describe('the model runner that AIBrix hooks', () => {
  it.each<[string, Case, string, string[]]>([
    ['the only one', { there: v1Only }, 'fits', []],
    ['the one that runs while the other one is not the default', { v2Default: false }, 'fits', []],
    ['one of two that can run, on a condition', { v2Default: true, noted: zero }, 'fits', [zero]],
    [
      'one of two that can run, which the image chooses',
      { v2Default: true, noted: zero, set: '0' },
      'fits',
      [],
    ],
    [
      'one of two that can run, while the image chooses the other one',
      { v2Default: true, noted: zero, set: '1' },
      'fits',
      [zero],
    ],
    ['one of two, on a condition that is not noted', { v2Default: true }, 'fails', []],
    ['both', { v2Default: true, hooked: both }, 'fits', []],
    ['none', { v2Default: true, hooked: [] }, 'fits', []],
    ['one that is gone', { there: ['V2'], v2Default: true }, 'fails', []],
    ['both, where the engine has only one', { there: ['V2'], v2Default: true, hooked: both }, 'fits', []],
    ['one of two with an unknown default', { v2Default: null }, 'unknown', []],
    ["one of two that can't be chosen", { v2Default: true, switch: false }, 'fails', []],
    [
      'only the second one, on its condition',
      { v2Default: true, hooked: ['V2'], noted: 'VLLM_USE_V2_MODEL_RUNNER=1' },
      'fits',
      ['VLLM_USE_V2_MODEL_RUNNER=1'],
    ],
    ["one of an engine that can't be read", { error: 'vllm/envs.py: line 3: invalid syntax' }, 'unknown', []],
  ])('%s', (_, given, kind, conditions) => {
    const facts = image(given)
    expect(hooksVerdict(facts).kind).toBe(kind)
    expect(conditionsOf(makeLeg(), facts).map(({ name }) => name)).toEqual(conditions)
  })

  it('does not matter if AIBrix hooks none, as in SGLang', () => {
    expect(hooksVerdict({ ...makeImage(), hooks: null, demands: null })).toEqual({ kind: 'fits', note: '' })
  })

  it("is unknown if the source of AIBrix or of the engine can't be read", () => {
    const facts = makeImage()
    expect(hooksVerdict({ ...facts, demands: null }).kind).toBe('unknown')
    const error = 'aibrix_kvcache/integration/vllm/x.py: line 1: invalid syntax'
    expect(hooksVerdict({ ...facts, hooks: { found: [], error } })).toEqual({ kind: 'unknown', why: error })
  })
})
