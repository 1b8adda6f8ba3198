import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { ListedImage, ListedPlatform } from '../../../src/inventory/inventory.ts'
import { parseWhere, type Where } from '../../../src/inventory/where.ts'
import { testOf } from '../../../src/inventory/where-test.ts'

const digest = `sha256:${'1'.repeat(64)}` as const

function platformOf(changes: Partial<ListedPlatform> = {}): ListedPlatform {
  return {
    ...{ platform: 'linux/amd64', digest, buildId: null, gates: null, why: null },
    components: {
      ...{ engine: '0.21.0', aibrix: '0.7.0+cu130', nixl: '0.7.1', ucx: '1.19.0' },
      ...{ torch: '2.11.0+cu130', cuda: '13.0', python: '3.12.11' },
    },
    conditions: ['VLLM_USE_V2_MODEL_RUNNER=0', 'ucx-tools: none'],
    environment: {},
    waivers: [{ gate: 'second-libucp', reason: 'nothing loads it' }],
    ...{ addedBytes: null, totalBytes: 0, largestLayerBytes: 0, addedPackages: null, minimumDriver: null },
    base: { name: 'docker.io/vllm/vllm-openai:v0.21.0', digest, state: 'moved' },
    ...changes,
  }
}

function imageOf(platforms = [platformOf()], changes: Partial<ListedImage> = {}): ListedImage {
  return {
    ...{ repository: 'docker.io/aibrix/vllm-openai', digest, engine: 'vllm', mirrors: [] },
    tags: ['v0.21.0-20251123', 'stable'],
    created: '2025-11-23T23:59:00.000Z',
    platforms,
    ...changes,
  }
}

function whereOf(text: string): Where {
  const where = parseWhere(text)
  if ('refused' in where) throw new Error(JSON.stringify(where.refused))
  return where
}

async function isListed(text: string, image = imageOf()): Promise<boolean> {
  return (await testOf(whereOf(text)))(image)
}

describe('a filter', () => {
  it.each([
    ['', true],
    ['nixl=0.7.1', true],
    ['nixl=v0.7.1', true],
    ['nixl=0.7', true],
    ['nixl=0.7.0', false],
    ['nixl!=0.7.0', true],
    ['nixl!=0.7', false],
    ['nixl >= 0.7', true],
    ['nixl>0.7', false],
    ['nixl>0.6', true],
    ['nixl<=0.7', true],
    ['nixl<0.7.1', false],
    ['engine>=0.20 nixl=0.7.1', true],
    ['engine>=0.20 nixl=0.7.0', false],
    ['engine=vllm', true],
    ['engine!=vllm', false],
    ['engine=sglang', false],
    ['aibrix=v0.7.0', true],
    ['torch=2.11.0 cuda=13', true],
    ['cuda>=13.0 cuda<14', true],
    ['cuda<13', false],
    ['python=3.12 ucx=1.19.0', true],
    ['date=20251123', true],
    ['date>=20251101 date<20251201', true],
    ['date>20251123', false],
    ['date!=20251123', false],
    ['base=moved', true],
    ['base!=current', true],
    ['base=gone', false],
    ['platform=linux/amd64', true],
    ['platform=linux/arm64', false],
    ['condition=VLLM_USE_V2_MODEL_RUNNER=0', true],
    ['condition=VLLM_USE_V2_MODEL_RUNNER=1', false],
    ['condition=VLLM_USE_V2_MODEL_RUNNER', true],
    ['condition=ucx-tools', true],
    ['condition!=ucx-tools', false],
    ['waived=yes', true],
    ['waived=no', false],
    ['waived=second-libucp', true],
    ['waived=extension', false],
    ['tag=stable', true],
    ['tag!=stable', false],
    ['tag=stab', false],
  ])('%s: %s', async (text, expected) => {
    expect(await isListed(text)).toBe(expected)
  })

  it.each([
    ['nixl>=0.8', '0.8.0rc1', false],
    ['nixl>=0.8.0rc1', '0.8.0rc1', true],
    ['nixl!=0.7.1', '0.8.0rc1', true],
    ['nixl=0.8', '0.8.0.post1', true],
    ['nixl=0.8.0', '0.8.0.post1', false],
    ['nixl=0.8.0.post1', '0.8.0.post1', true],
    ['nixl>=0.8', '0.10.0', true],
    ['nixl=0.8', 'no version', false],
    ['nixl!=0.8', 'no version', true],
  ])('%s on %s: %s', async (text, nixl, expected) => {
    expect(await isListed(text, imageOf([platformOf({ components: { nixl } })]))).toBe(expected)
  })

  it('must hold as a whole on one platform', async () => {
    const image = imageOf([
      platformOf(),
      platformOf({ platform: 'linux/arm64', waivers: [], components: { nixl: '0.7.0' } }),
    ])
    expect(await isListed('platform=linux/arm64 nixl=0.7.0', image)).toBe(true)
    expect(await isListed('platform=linux/arm64 nixl=0.7.1', image)).toBe(false)
    expect(await isListed('platform=linux/arm64 waived=no', image)).toBe(true)
  })

  it.each([
    ['nixl=0.7.1', false],
    ['nixl!=0.7.1', true],
    ['engine=vllm', false],
    ['base=unknown', false],
    ['waived=no', true],
    ['date<20300101', false],
    ['date!=20300101', true],
    ['tag=stable', true],
  ])('on what is no image, %s: %s', async (text, expected) => {
    expect(await isListed(text, imageOf([], { engine: null, created: null }))).toBe(expected)
  })
})

describe('a bad term', () => {
  it.each([
    ['nixl', 'nixl', 'terms such as nixl=0.7.1'],
    ['nixl=', 'nixl=', 'terms such as'],
    ['color=red', 'color=red', 'one of engine, aibrix, nixl, ucx, torch, cuda, python, date, base'],
    ['nixl==0.7.1', 'nixl==0.7.1', 'a version such as nixl=0.7.1'],
    ['nixl=latest', 'nixl=latest', 'a version such as'],
    ['nixl=0.7.1+cu12', 'nixl=0.7.1+cu12', 'a version such as'],
    ['nixl=0.7||0.8', 'nixl=0.7||0.8', 'a version such as'],
    ['engine=trt', 'engine=trt', 'or engine=vllm or engine=sglang'],
    ['engine>vllm', 'engine>vllm', 'engine= or engine!= with vllm, sglang'],
    ['date=2025-11-23', 'date=2025-11-23', 'a day as YYYYMMDD'],
    ['date=20250230', 'date=20250230', 'a day as YYYYMMDD'],
    ['base=old', 'base=old', 'with current, moved, gone, unknown'],
    ['base>moved', 'base>moved', 'base= or base!= with'],
    ['platform=amd64', 'platform=amd64', 'a platform such as linux/arm64'],
    ['condition=$(x)', 'condition=$(x)', 'a condition such as'],
    ['waived=maybe', 'waived=maybe', 'with yes, no, engine-version'],
    ['tag=a:b', 'tag=a:b', 'the whole name of a tag'],
  ])('%s', (text, term, allowed) => {
    expect(parseWhere(text)).toEqual({ refused: [{ term, allowed: expect.stringContaining(allowed) }] })
  })

  it('does not hide another one', () => {
    expect(parseWhere('nixl=0.7.1 a=b c=d')).toMatchObject({ refused: [{ term: 'a=b' }, { term: 'c=d' }] })
  })

  it('is one of a text that is too long', () => {
    expect(parseWhere('nixl=0.7.1 '.repeat(1000))).toMatchObject({
      refused: [{ allowed: 'at most 2000 characters' }],
    })
  })

  it('is all that hostile text is', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[a-z]{2,9}(=|!=|>=)[-\w.:/ ]*$/)),
        async (text) => {
          const where = parseWhere(text)
          if ('refused' in where) expect(where.refused.length).toBeGreaterThan(0)
          else expect(typeof (await testOf(where))(imageOf())).toBe('boolean')
        },
      ),
    )
  })
})
