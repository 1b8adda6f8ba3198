import { describe, expect, it } from '@jest/globals'
import { artifactsFor } from '../../../src/leg/stages.ts'
import { buildId, determinantsOf, recipeDigest } from '../../../src/plan/keys/build-id.ts'
import type { Leg } from '../../../src/plan/plan.ts'
import { stageRecipe } from '../../../src/plan/keys/stage-recipe.ts'
import { candidateTag, factsTag, layersTag, reportTag, stagedTag } from '../../../src/store/contents.ts'
import type { Facts } from '../../../src/verify/facts.ts'
import { makeLeg } from '../../support/verified-leg.ts'
import { realFacts } from '../../support/measured-facts.ts'

// Moved code must not rebuild anybody's images. The recipe, which may change an id, is fixed here.
const recipe = '7'.repeat(64)
const recipes = { wheel: 'a'.repeat(64), ucx: 'b'.repeat(64) }

const facts = (base: string): Facts => realFacts(base, 'base')

const { aibrix } = makeLeg()
const bases = {
  'vllm-v0.21.0': {},
  'vllm-v0.10.2': { version: { tag: 'v0.10.2', release: '0.10.2' }, aibrix: { ...aibrix, ref: 'v0.5.0' } },
  'sglang-v0.5.11': { engine: 'sglang', version: { tag: 'v0.5.11', release: '0.5.11' } },
} satisfies Record<string, Partial<Leg>>

const changes = {
  'as it is': {},
  'a branch': { aibrix: { ...aibrix, ref: 'main', kind: 'branch' } },
  'two architectures': { gpuArchitectures: ['8.0', '9.0'] },
  'another NIXL': { nixl: '0.9.0', ucxVersion: '1.20.0' },
  'a build argument': { buildArguments: { MAX_JOBS: '2' } },
  patch: { integration: 'patch' },
  arm64: { platform: 'linux/arm64', architecture: 'arm64' },
} satisfies Record<string, Partial<Leg>>

type Base = keyof typeof bases
type Change = keyof typeof changes

/** The first sixteen digits of build id and keys of wheel and UCX, which are enough to differ. */
function idsOf(base: Base, change: Change): string {
  const leg = makeLeg({ ...bases[base], ...changes[change] })
  const { wheel, ucx } = artifactsFor(leg, facts(base), { recipes })
  return [buildId(determinantsOf(leg, recipe)), wheel.name.slice(6), ucx.name.slice(4)]
    .map((id) => id.slice(0, 16))
    .join(' ')
}

it.each<[Base, Change, string]>([
  ['vllm-v0.21.0', 'as it is', 'a6278d54f8ae60f4 33cd8c3ee76d190e 99e66b5f7fcf65f5'],
  ['vllm-v0.21.0', 'a branch', '8ce9b8f752cae446 f6a8d011a701b986 99e66b5f7fcf65f5'],
  ['vllm-v0.21.0', 'two architectures', '026e931e3a841dc2 38f4fcde983df478 99e66b5f7fcf65f5'],
  ['vllm-v0.21.0', 'another NIXL', '6c5918cd29d4a5d0 33cd8c3ee76d190e aeb84be9748012ea'],
  ['vllm-v0.21.0', 'a build argument', 'bd491faab905e749 544c87b3f5144bd9 9a01b75fb4b0e6ba'],
  ['vllm-v0.21.0', 'patch', '77350455d013dc14 33cd8c3ee76d190e 99e66b5f7fcf65f5'],
  ['vllm-v0.21.0', 'arm64', '159db6b5cb004e08 1b6fb4ac122b5523 1262a7963225efb3'],
  ['vllm-v0.10.2', 'as it is', '3990d88eb52f5914 da5823028680fc57 99e66b5f7fcf65f5'],
  ['vllm-v0.10.2', 'a branch', '2a54dbc81e2b4bfa f6a8d011a701b986 99e66b5f7fcf65f5'],
  ['vllm-v0.10.2', 'two architectures', 'd62f4e6cd6aadddc e12c1f9ba38a7580 99e66b5f7fcf65f5'],
  ['vllm-v0.10.2', 'another NIXL', '81b2ff5c855e1b8b da5823028680fc57 aeb84be9748012ea'],
  ['vllm-v0.10.2', 'a build argument', 'bba6b1a9777c202e 29e37b54593749d0 9a01b75fb4b0e6ba'],
  ['vllm-v0.10.2', 'patch', 'a1ba9e0d89ace8c9 da5823028680fc57 99e66b5f7fcf65f5'],
  ['vllm-v0.10.2', 'arm64', '421b3d2918b97454 d37e061ecf298121 1262a7963225efb3'],
  ['sglang-v0.5.11', 'as it is', '81dacc3443b9b4c9 1aecc32249eb7517 915574330ac35226'],
  ['sglang-v0.5.11', 'a branch', 'e52008b0187670c0 6856b77668223f85 915574330ac35226'],
  ['sglang-v0.5.11', 'two architectures', '3e56f22df7295690 f39c19c1bfae2491 915574330ac35226'],
  ['sglang-v0.5.11', 'another NIXL', '7ba81964a570e6d3 1aecc32249eb7517 34d6a40247893404'],
  ['sglang-v0.5.11', 'a build argument', '7e1d3012900d0d99 1dabf9625e4e4f9b d530e3da54f83e70'],
  ['sglang-v0.5.11', 'patch', '8334f51df019a056 1aecc32249eb7517 915574330ac35226'],
  ['sglang-v0.5.11', 'arm64', '8804e8bdad7d0700 e73a4de3d5f3bc39 99abc6636d9ba8c9'],
])('%s, %s: build id and keys of wheel and UCX are pinned', (base, change, ids) => {
  expect(idsOf(base, change)).toBe(ids)
})

describe('pinned, too, are', () => {
  const leg = makeLeg()

  it('the tags of the cache repository', () => {
    const id = 'd'.repeat(64)
    expect([candidateTag(leg, '0123abcd'), stagedTag(leg), reportTag(leg)]).toEqual([
      `candidate-${id}-amd64-0123abcd`,
      `build-${id}-amd64`,
      `report-${id}-amd64`,
    ])
    expect([factsTag(leg.base), layersTag(leg.base)]).toEqual([
      `facts-${'b'.repeat(64)}`,
      `layers-${'b'.repeat(64)}`,
    ])
  })

  it('the digest of a recipe of these files', () => {
    const files = { '/Dockerfile.vllm': 'FROM base\n', '/scripts/step/common/run': '#!/bin/sh\n' }
    const contents = Object.entries(files).map(([path, text]) => [path, Buffer.from(text)] as const)
    expect(recipeDigest(new Map(contents))).toBe(
      'bf1a4bc738a725d881fdb4dca5f441c9007cfe912fcb62dfb73cd34c7de266b9',
    )
  })

  it('the digest of a stage of this Dockerfile', () => {
    const dockerfile = 'FROM base AS wheel\nRUN --mount=source=scripts/step/common,target=/x build\n'
    const scripts = new Map([['scripts/step/common/run', Buffer.from('#!/bin/sh\n')]])
    expect(stageRecipe(dockerfile, 'wheel', scripts)).toBe(
      '44bf53d22869a0be6ef2ed888a647ea40bc595545071056ed45e83c144aada73',
    )
  })
})
