import { describe, expect, it } from '@jest/globals'
import { nameBuilt } from '../../../src/plan/built.ts'
import { canonicalJson } from '../../../src/plan/canonical.ts'
import { compose } from '../../../src/plan/combination.ts'
import { determinantsOf } from '../../../src/plan/keys/build-id.ts'
import { request } from '../../support/plan-world.ts'
import { makeLeg } from '../../support/verified-leg.ts'
import type { Leg } from '../../../src/plan/plan.ts'

const commit = '52405d7'.padEnd(40, '0')
const aibrix = makeLeg().aibrix

describe('an image that was built has the id and the placeholders of its plan', () => {
  it.each<[string, Partial<Leg>]>([
    ['for a release', {}],
    ['for a variant of the engine', { version: { tag: 'v0.20.0-cu129', release: '0.20.0' } }],
    ['for a branch', { aibrix: { ...aibrix, ref: 'feature/x', commit, kind: 'branch' } }],
    ['for a commit', { aibrix: { ...aibrix, ref: commit, commit, kind: 'commit' } }],
    ["with the base's own NIXL", { nixl: '1.5.0+g1234', nixlFrom: 'base' }],
    ['without UCX tools', { ucx: null, ucxVersion: null }],
  ])('%s', (_, changes) => {
    const leg = makeLeg(changes)
    const planned = compose(
      request(),
      { ...leg, named: [], why: '', bases: new Map([[leg.platform, leg.base]]) },
      { version: leg.ucxVersion, source: leg.ucx },
      leg.recipe,
    )
    const { engine, version, aibrix } = leg
    const determinants = canonicalJson(determinantsOf(leg, leg.recipe))
    const built = nameBuilt({ engine, version: version.tag, aibrix, determinants }, request().date)
    expect(built).toEqual({ id: planned.id, values: planned.values })
  })

  it.each(['', 'null', '[]', '{}', '{"nixl":null}', '{"nixl":{"a":1}}', 'x'.repeat(100_000)])(
    'but not with the label %.20j',
    (determinants) => {
      const built = { engine: 'vllm', version: 'v0.10.2', aibrix: { ref: 'v0.5.0', commit } } as const
      expect(nameBuilt({ ...built, determinants }, '20251123')).toBeUndefined()
    },
  )
})
