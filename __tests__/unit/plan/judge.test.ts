import { describe, expect, it } from '@jest/globals'
import { judgeLeg } from '../../../src/plan/feasibility/judge-leg.ts'
import { makePlan } from '../../../src/plan/make-plan.ts'
import type { KnownBase } from '../../../src/plan/feasibility/known-base.ts'
import type { NixlIndex } from '../../../src/plan/nixl/nixl-index.ts'
import type { Versions } from '../../../src/plan/nixl/pip-answer.ts'
import type { BaseImage } from '../../../src/plan/pinned.ts'
import { buildIdLabel } from '../../../src/plan/published/published.ts'
import type { PlanRequest } from '../../../src/plan/request.ts'
import { stagedTag } from '../../../src/store/contents.ts'
import { bases, catalogue, type Images, request, selectors, world } from '../../support/plan-world.ts'

const noPip: Versions = { state: 'no-pip', reason: 'python3 has no pip' }
const absent = 'the package index has no nixl (index.example returned 404 Not Found); check package-index'
const lacking: Versions = { state: 'known', versions: [], absent }
const known = (...versions: string[]): Versions => ({ state: 'known', versions })

const base: KnownBase = { source: 'measured', python: '3.12', torch: '2.8.0', cuda: '12.8' }

/** An index with this answer, and a record of what it is asked. */
function indexOf(answer: Versions): { nixl: NixlIndex; asked: string[] } {
  const asked: string[] = []
  const versions: NixlIndex['versions'] = ({ python, cuda }, platform) => {
    asked.push(`${python ?? '?'} ${cuda ?? '?'} ${platform}`)
    return Promise.resolve(answer)
  }
  return { nixl: { versions }, asked }
}

const leg = {
  engine: 'vllm',
  version: { tag: 'v0.10.2', release: '0.10.2' },
  aibrix: { kind: 'tag', ref: 'v0.5.0' },
  nixl: '0.7.1',
  nixlFrom: 'index',
  integration: 'auto',
  platform: 'linux/amd64',
} as const

describe('a leg is judged by the index', () => {
  const branch = { ...leg, aibrix: { kind: 'branch', ref: 'main' } } as const
  const older = { ...leg, nixl: '0.7.0' }
  const guessed: KnownBase = { source: 'catalogue', torch: '2.8.0', cuda: '12.8' }

  it.each<[string, typeof leg | typeof branch | typeof older, KnownBase, Versions, string, string[]]>([
    ['that has it', leg, base, known('0.7.1'), 'possible', ['3.12 12.8 linux/amd64']],
    ['that lacks it', leg, base, known('0.7.0'), 'impossible', ['3.12 12.8 linux/amd64']],
    ['that lacks it for a branch of AIBrix', branch, base, known(), 'impossible', ['3.12 12.8 linux/amd64']],
    ['that cannot be asked', leg, base, noPip, 'possible', ['3.12 12.8 linux/amd64']],
    [
      'that cannot be asked, if the catalogue lacks it',
      older,
      { ...base, cuda: '13.0' },
      noPip,
      'impossible',
      ['3.12 13.0 linux/amd64'],
    ],
    ['not without its Python', leg, guessed, known(), 'unknown', []],
    ['not if it is impossible anyhow', leg, { ...base, python: '3.13' }, known('0.7.1'), 'impossible', []],
  ])('%s', async (_, one, on, answer, state, questions) => {
    const { nixl, asked } = indexOf(answer)
    expect((await judgeLeg(one, on, { catalogue: catalogue(), nixl })).state).toBe(state)
    expect(asked).toEqual(questions)
  })
})

describe('a plan with an exact NIXL', () => {
  const planned = (answer: Versions, changed: Partial<PlanRequest> = {}, images: Images = {}) => {
    const { nixl, asked } = indexOf(answer)
    return { plan: makePlan(request(changed), world(images, { nixl })), asked }
  }

  it('is refused if the index has no wheel of it for the base', async () => {
    await expect(planned(known('0.7.0', '0.8.0')).plan).rejects.toThrow(
      /NIXL 0\.7\.1 can't be built for linux\/amd64: NIXL 0\.7\.1 has no wheel for Python 3\.12 with CUDA 12 on linux\/amd64/,
    )
  })

  it('is refused with the answer of an index that has no NIXL at all', async () => {
    await expect(planned(lacking).plan).rejects.toThrow(
      /can't be built for linux\/amd64: the package index has no nixl \(index\.example returned 404 Not Found\); check package-index, or set force: true to try\.$/,
    )
    // NIXL 0.7.0 has no variant for CUDA 13, so that this index does not lack it.
    const older = { ...leg, nixl: '0.7.0', integration: 'none' } as const
    const judged = await judgeLeg(
      older,
      { ...base, cuda: '13.0' },
      { catalogue: catalogue(), nixl: indexOf(lacking).nixl },
    )
    expect(judged).toMatchObject({ reason: expect.stringContaining('no wheel for Python 3.12 with CUDA 13') })
  })

  it('is refused with its answer also for a range of NIXL', async () => {
    const nixl = selectors('nixl', 'latest')
    await expect(planned(lacking, { nixl }).plan).rejects.toThrow(`nixl-version: ${absent}.`)
  })

  it.each<[string, Versions]>([
    ['there is no pip', noPip],
    ['the index has it', known('0.7.1')],
  ])('is created if %s', async (_, answer) => {
    const { plan, asked } = planned(answer)
    expect((await plan).images[0]?.legs[0].feasibility).toBe('possible')
    expect(asked).toEqual(['3.12 12.8 linux/amd64'])
  })

  it('leaves a base without a wheel out of a range', async () => {
    const engines = [{ engine: 'vllm' as const, versions: selectors('engine', '0.9 - 0.10') }]
    const versions: NixlIndex['versions'] = ({ python }) =>
      Promise.resolve(python === '3.12' ? known('0.7.1') : known())
    const storedFacts = ({ tag }: BaseImage) =>
      Promise.resolve(tag === 'v0.9.1' ? { ...base, python: '3.11' } : undefined)
    const plan = await makePlan(request({ engines }), world({}, { nixl: { versions }, storedFacts }))
    expect(plan.images.map(({ version }) => version.tag)).toEqual(['v0.10.2'])
    expect(plan.excluded).toMatchObject([
      { version: 'v0.9.1', reason: expect.stringContaining('no wheel for Python 3.11 with CUDA 12') },
    ])
  })

  it('does not ask pip about what is published, staged or forced', async () => {
    const [image] = (await planned(known('0.7.1')).plan).images
    if (!image) throw new Error('the plan is empty')
    const [leg] = image.legs
    const cases: [Partial<PlanRequest>, Images][] = [
      [
        {},
        { [`aibrix/vllm-openai:${image.tags[0] ?? ''}`]: { 'linux/amd64': { [buildIdLabel]: leg.buildId } } },
      ],
      [{}, { [`aibrix/image-cache:${stagedTag(leg)}`]: { 'linux/amd64': {} } }],
      [{ force: true }, {}],
    ]
    for (const [changed, images] of cases) {
      const { plan, asked } = planned(known(), changed, images)
      expect((await plan).images).toHaveLength(1)
      expect(asked).toEqual([])
    }
  })

  it('asks about two platforms in parallel', async () => {
    const both = { 'linux/amd64': { a: '1' }, 'linux/arm64': { a: '2' } }
    const underWay = { now: 0, most: 0 }
    const versions: NixlIndex['versions'] = async () => {
      underWay.most = Math.max(underWay.most, (underWay.now += 1))
      await new Promise((done) => setTimeout(done, 5))
      underWay.now -= 1
      return known('0.7.1')
    }
    const images = { ...bases, 'vllm/vllm-openai:v0.10.2': both }
    await makePlan(
      request({ platforms: ['linux/amd64', 'linux/arm64'] }),
      world(images, { nixl: { versions } }),
    )
    expect(underWay.most).toBe(2)
  })
})
