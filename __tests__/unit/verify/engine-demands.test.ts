import { describe, expect, it } from '@jest/globals'
import type { Floor } from '../../../src/verify/demand-facts.ts'
import { judgeEngineDemands } from '../../../src/verify/engine-demands.ts'
import type { LegFacts } from '../../../src/verify/facts.ts'
import { makeFacts, makeLeg } from '../../support/verified-leg.ts'

const floor = (distribution: string, version: string, more: Partial<Floor> = {}): Floor => ({
  distribution,
  bound: '>=',
  version,
  file: 'vllm/some.py',
  line: 7,
  form: 'call',
  ...more,
})

type Case = { floors?: Floor[]; unread?: boolean; base?: string; installed?: string; nixl?: string }

function judge({ floors = [], unread = false, base, installed, nixl = '0.7.1' }: Case) {
  const facts: LegFacts = makeFacts()
  const demands = facts.image.demands?.vllm
  demands?.floors.push(...floors)
  if (unread) demands?.unread.push({ file: 'vllm/broken.py', error: 'line 3: invalid syntax' })
  if (base !== undefined) facts.base.nixl.distributions = { nixl: base }
  if (installed !== undefined) {
    facts.image.nixl.distributions = { nixl: installed, 'nixl-cu13': installed }
    Object.assign(facts.image.pip, facts.image.nixl.distributions)
  }
  return judgeEngineDemands(makeLeg({ nixl }), facts)
}

describe('engine-demands', () => {
  it.each<[string, Case, string]>([
    ['no demand', {}, 'pass'],
    ['a demand that is met', { floors: [floor('nixl', '0.7.1')] }, 'pass'],
    [
      'a demand of a release candidate that is met by the release',
      { floors: [floor('nixl', '0.7.1rc1')] },
      'pass',
    ],
    ['a demand of a version that is one digit longer', { floors: [floor('nixl', '0.10.0')] }, 'fail'],
    ['a demand of the variant', { floors: [floor('nixl-cu13', '1.0')] }, 'fail'],
    ['a demand of what is not installed', { floors: [floor('flashinfer-python', '0.6.8')] }, 'pass'],
    [
      'a comparison in a part that may not be used',
      { floors: [floor('redis', '9.0', { form: 'comparison' })] },
      'pass',
    ],
    [
      "a comparison of torch, with the base's local part",
      { floors: [floor('torch', '2.11.0', { form: 'comparison' })] },
      'pass',
    ],
    [
      'a comparison of torch that is not met',
      { floors: [floor('torch', '2.12', { form: 'comparison' })] },
      'fail',
    ],
    ["a source that can't be read", { unread: true }, 'undetermined'],
    [
      "a source that can't be read, with an unmet demand elsewhere",
      { unread: true, floors: [floor('nixl', '1.5.0')] },
      'fail',
    ],
    ['a base with the same NIXL', { base: '0.7.1' }, 'pass'],
    ['a base with an older NIXL', { base: '0.7.0' }, 'pass'],
    ['a base with a newer NIXL', { base: '0.8.0' }, 'fail'],
    [
      'a NIXL that a step replaced, where the requested one is new enough',
      { base: '0.8.0', nixl: '0.8.0', installed: '0.7.0' },
      'follows',
    ],
    [
      'a NIXL that a step replaced by one that the engine refuses',
      { floors: [floor('nixl', '0.8.0')], nixl: '0.8.0', installed: '0.7.0' },
      'follows',
    ],
    [
      'a version that is none',
      { installed: 'unknown', floors: [floor('nixl', '0.1')], nixl: 'unknown' },
      'undetermined',
    ],
  ])('%s', (_, given, state) => {
    expect(judge(given).state).toBe(state)
  })

  it("names a source file that can't be read", () => {
    const gate = judge({ unread: true })
    expect(gate.state === 'undetermined' && gate.hint).toContain(
      "vllm/broken.py can't be read: line 3: invalid syntax",
    )
  })

  it('shows the demands that are met, and where they are', () => {
    expect(judge({ floors: [floor('nixl', '0.7.0')] }).actual).toBe(
      'met: nixl >= 0.7.0 (vllm/some.py:7); NIXL 0.7.1',
    )
  })

  it("is undetermined without the engine's source, and follows without the engine", () => {
    const facts = makeFacts()
    facts.image.demands = null
    expect(judgeEngineDemands(makeLeg(), facts).state).toBe('undetermined')
    facts.image.engines = []
    expect(judgeEngineDemands(makeLeg(), facts).state).toBe('follows')
  })
})
