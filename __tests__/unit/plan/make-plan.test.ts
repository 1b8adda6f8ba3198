import type { PlanWorld } from '../../../src/plan/world.ts'
import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { buildId, determinantsLabel, determinantsOf } from '../../../src/plan/keys/build-id.ts'
import { canonicalJson } from '../../../src/plan/canonical.ts'
import { parsePlan, planDigest, serialisePlan } from '../../../src/store/plan-document.ts'
import { makePlan } from '../../../src/plan/make-plan.ts'
import { pendingLegs } from '../../../src/plan/pending.ts'
import type { Plan, PlannedImage, PlannedLeg } from '../../../src/plan/plan.ts'
import { buildIdLabel } from '../../../src/plan/published/published.ts'
import type { PlanRequest } from '../../../src/plan/request.ts'
import { stagedTag } from '../../../src/store/contents.ts'
import {
  bases,
  commit,
  gitOf,
  type Images,
  registryOf,
  releases,
  request,
  selectors,
  world,
} from '../../support/plan-world.ts'

const wantedTag = 'v0.10.2-aibrix-v0.5.0-nixl-0.7.1-20251123'
const vllm = (versions: string) => [{ engine: 'vllm' as const, versions: selectors('engine', versions) }]
const amd64 = { 'linux/amd64': {} }
const both = ['linux/amd64', 'linux/arm64'] as [string, string]

async function onlyLeg(plan: Promise<Plan>) {
  const [image] = (await plan).images
  if (!image) throw new Error('the plan is empty')
  return image.legs[0]
}

describe('the plan', () => {
  it('pins base and sources and names the tag of the recommended images', async () => {
    const plan = await makePlan(request(), world())
    expect(plan.images).toHaveLength(1)
    const [image] = plan.images
    expect(image).toMatchObject({
      id: 'vllm-v0.10.2-aibrix-v0.5.0-nixl-0.7.1',
      repository: { registry: 'docker.io', path: 'aibrix/vllm-openai' },
      tags: [wantedTag],
      published: { kind: 'absent' },
      why: 'versions v0.10.2, aibrix-version default, nixl-version default',
    })
    expect(image?.legs).toHaveLength(1)
    expect(image?.legs[0]).toMatchObject({
      id: 'vllm-v0.10.2-aibrix-v0.5.0-nixl-0.7.1-amd64',
      nixl: '0.7.1',
      ucxVersion: '1.19.0',
      aibrix: { ref: 'v0.5.0', commit, kind: 'tag' },
      architecture: 'amd64',
      existing: 'nothing',
    })
    expect(image?.legs[0].base.digest).toMatch(/^sha256:/)
  })

  it('leaves the local part of the NIXL out of the tag, which cannot contain it', async () => {
    const storedFacts = () =>
      Promise.resolve({
        source: 'measured',
        python: '3.12',
        torch: '2.8.0',
        cuda: '13.0',
        nixl: '1.5.0+g1234',
        ucx: '1.23.0',
      } as const)
    const { images } = await makePlan(
      request({ nixl: selectors('nixl', 'base') }),
      world({}, { storedFacts }),
    )
    expect(images[0]?.legs[0].nixl).toBe('1.5.0+g1234')
    expect(images[0]?.tags).toEqual(['v0.10.2-aibrix-v0.5.0-nixl-1.5.0-20251123'])
  })

  it('uses the current release of the catalogue for both engines by default', async () => {
    const engines = (['vllm', 'sglang'] as const).map((engine) => ({
      engine,
      versions: selectors('engine', 'default'),
    }))
    const plan = await makePlan(request({ engines }), world())
    expect(plan.images.map(({ version }) => version.tag)).toEqual(['v0.10.2', 'v0.5.5.post3'])
  })

  it('combines each engine version with each AIBrix and each NIXL', async () => {
    const aibrix = { ...request().aibrix, versions: selectors('aibrix', 'v0.5.0, main') }
    const nixl = selectors('nixl', '0.7.1, 0.7.0')
    const plan = await makePlan(
      request({ engines: vllm('v0.10.2, v0.9.1'), aibrix, nixl, force: true }),
      world(),
    )
    expect(plan.images.map(({ id }) => id)).toEqual(
      ['v0.10.2', 'v0.9.1'].flatMap((version) =>
        ['v0.5.0', 'main-52405d7'].flatMap((ref) =>
          ['0.7.1', '0.7.0'].map((library) => `vllm-${version}-aibrix-${ref}-nixl-${library}`),
        ),
      ),
    )
  })

  it('has a leg for each platform, with build ids and bases of their own', async () => {
    const images = { 'vllm/vllm-openai:v0.10.2': { 'linux/amd64': { a: '1' }, 'linux/arm64': { a: '2' } } }
    const plan = await makePlan(request({ platforms: both, force: true }), world(images))
    const legs = plan.images[0]?.legs ?? []
    expect(legs.map(({ platform }) => platform)).toEqual(both)
    expect(new Set(legs.map(({ buildId }) => buildId)).size).toBe(2)
    expect(new Set(legs.map(({ base }) => base.manifestDigest)).size).toBe(2)
    expect(new Set(legs.map(({ base }) => base.digest)).size).toBe(1)
  })

  it('finds a published image of the same build id', async () => {
    const { buildId } = await onlyLeg(makePlan(request(), world()))
    const published = { [`aibrix/vllm-openai:${wantedTag}`]: { 'linux/amd64': { [buildIdLabel]: buildId } } }
    const second = (await makePlan(request(), world(published))).images[0]
    expect(second?.published.kind).toBe('same')
    expect(pendingLegs({ images: second ? [second] : [] })).toEqual([])
  })

  it('finds staged legs, and builds them on request', async () => {
    const staged = stagedTag(await onlyLeg(makePlan(request(), world())))
    const images = { [`aibrix/image-cache:${staged}`]: amd64 }
    const existing = async (rebuild: boolean) =>
      (await onlyLeg(makePlan(request({ rebuild }), world(images)))).existing
    expect([await existing(false), await existing(true)]).toEqual(['staged', 'nothing'])
  })

  it('builds what is staged without a valid report', async () => {
    const leg = await onlyLeg(makePlan(request(), world()))
    const images = { [`aibrix/image-cache:${stagedTag(leg)}`]: amd64 }
    const unfit = () => Promise.resolve('It has no report.')
    expect((await onlyLeg(makePlan(request(), world(images, { unfit })))).existing).toBe('nothing')
  })

  it.each([
    ['retag', 'absent', 'unverified'],
    ['keep', 'same', 'unchanged'],
  ] as const)(
    'builds what is published without a valid report only for a new date: %s',
    async (unchanged, kind, cause) => {
      const { buildId } = await onlyLeg(makePlan(request(), world()))
      const old = wantedTag.replace('20251123', '20251101')
      const images = { [`aibrix/vllm-openai:${old}`]: { 'linux/amd64': { [buildIdLabel]: buildId } } }
      const unfit = () => Promise.resolve('It has no report.')
      const [image] = (await makePlan(request({ unchanged }), world(images, { unfit }))).images
      expect(image).toMatchObject({ published: { kind }, cause: { kind: cause } })
    },
  )
})

describe('a determinant', () => {
  /** A git in which one of the two repositories has other commits. */
  const moved =
    (name: string): PlanWorld['git'] =>
    async (args) => {
      const answer = await gitOf(releases, ['main'])(args)
      return args.includes(`https://git.example/${name}`) ? answer.replaceAll('5240', '9999') : answer
    }
  const of = (changed: Partial<PlanRequest>, more: Partial<PlanWorld> = {}, images: Images = {}) =>
    onlyLeg(makePlan(request({ force: true, ...changed }), world(images, more))).then(
      ({ buildId }) => buildId,
    )

  it.each<[string, Partial<PlanRequest>, Partial<PlanWorld>?, Images?]>([
    ['the engine version', { engines: vllm('v0.9.1') }],
    ['the base', {}, {}, { 'vllm/vllm-openai:v0.10.2': { 'linux/amd64': { built: 'again' } } }],
    ['the AIBrix version', { aibrix: { ...request().aibrix, versions: selectors('aibrix', 'v0.6.0') } }],
    ['a branch of AIBrix', { aibrix: { ...request().aibrix, versions: selectors('aibrix', 'main') } }],
    ['the commit of AIBrix', {}, { git: moved('aibrix') }],
    ['the commit of UCX', {}, { git: moved('ucx') }],
    ['NIXL', { nixl: selectors('nixl', '0.7.0') }],
    ['the integration', { integration: 'none' }],
    ['GPU architectures', { gpuArchitectures: ['9.0'] }],
    ['build arguments', { buildArguments: { A: '1' } }],
    ['variables', { environment: { A: '1' } }],
    ['Dockerfile and scripts', {}, { recipeOf: () => 'another recipe' }],
  ])('changes the build id: %s', async (_, changed, more = {}, images = {}) => {
    expect(await of(changed, more, images)).not.toBe(await of({}))
  })

  it('does not include the other platforms of a base, or whether it is pushed', async () => {
    const widened = { 'vllm/vllm-openai:v0.10.2': { ...amd64, 'linux/arm64': { x: 'y' } } }
    const ids = [await of({}), await of({}, {}, widened), await of({ publicTags: 'ignore' })]
    expect(new Set(ids).size).toBe(1)
  })
})

describe('a plan is refused', () => {
  const taken = { [`aibrix/vllm-openai:${wantedTag}`]: { 'linux/amd64': { [buildIdLabel]: 'another' } } }

  it('when a tag names something else', async () => {
    await expect(makePlan(request(), world(taken))).rejects.toThrow(
      `docker.io/aibrix/vllm-openai:${wantedTag} already names`,
    )
  })

  it('when a tag names only one of two requested platforms', async () => {
    const two = { 'vllm/vllm-openai:v0.10.2': { ...amd64, 'linux/arm64': {} } }
    const { buildId } = await onlyLeg(makePlan(request(), world(two)))
    const half = { [`aibrix/vllm-openai:${wantedTag}`]: { 'linux/amd64': { [buildIdLabel]: buildId } } }
    await expect(
      makePlan(request({ platforms: both, force: true }), world({ ...two, ...half })),
    ).rejects.toThrow('already names a different image')
  })

  it('except when such a tag may be overwritten, or nothing is pushed', async () => {
    for (const publicTags of ['overwrite', 'ignore'] as const)
      expect((await makePlan(request({ publicTags }), world(taken))).images[0]?.published.kind).toBe('absent')
  })

  it('when the version does not exist, with the nearest existing ones', async () => {
    await expect(makePlan(request({ engines: vllm('v9.9.9') }), world())).rejects.toThrow(
      /the base image docker\.io\/vllm\/vllm-openai:v9\.9\.9 does not exist; the nearest are v0\.11\.0/,
    )
  })

  it.each([
    [
      'v0.10.2',
      'base-registry: the base image mirror.example/hub/vllm/vllm-openai:v0.10.2 does not exist, and its repository has no releases; check base-registry.',
    ],
    [
      'latest',
      'versions: "latest" matches no version; mirror.example/hub/vllm/vllm-openai has no release to choose from, check base-registry.',
    ],
  ])('when the registry has no base: %s', async (versions, message) => {
    const asked = { baseRegistry: 'mirror.example/hub', engines: vllm(versions) }
    await expect(makePlan(request(asked), world())).rejects.toThrow(message)
  })

  it('when AIBrix has no such tag, with its nearest tags', async () => {
    const aibrix = { ...request().aibrix, versions: selectors('aibrix', 'v0.5.1') }
    await expect(makePlan(request({ aibrix }), world())).rejects.toThrow(
      /aibrix-version: https:\/\/git\.example\/aibrix has no tag, branch or commit "v0\.5\.1"; the nearest tags are v0\.[56]\.0, /,
    )
  })

  it('when the UCX that a NIXL bundles is not known', async () => {
    await expect(makePlan(request({ nixl: selectors('nixl', '9.9.9') }), world())).rejects.toThrow(
      'this version of the action does not know NIXL 9.9.9',
    )
  })

  it('when two images would get one tag', async () => {
    const templates = [{ text: 'fixed', dated: false }]
    await expect(makePlan(request({ templates, engines: vllm('v0.10.2, v0.9.1') }), world())).rejects.toThrow(
      'docker.io/aibrix/vllm-openai:fixed',
    )
  })

  it('when the base is for another platform', async () => {
    await expect(makePlan(request({ platforms: ['linux/arm64'] }), world())).rejects.toThrow(
      'is for linux/amd64, not for linux/arm64',
    )
  })
})

describe('the document of a plan', () => {
  it('is parsed to the same plan, and serialised to the same bytes', async () => {
    const images = { 'vllm/vllm-openai:v0.10.2': { 'linux/amd64': { a: '1' }, 'linux/arm64': { a: '2' } } }
    const plan = await makePlan(request({ platforms: both, force: true }), world(images))
    const text = serialisePlan(plan)
    expect(parsePlan(text, 'the plan')).toEqual(plan)
    expect(serialisePlan(parsePlan(text, 'the plan'))).toBe(text)
    expect(planDigest(text)).toMatch(/^[0-9a-f]{64}$/)
  })

  it.each([
    ['{', 'not JSON'],
    ['{}', 'is not a plan that this version of the action can read'],
    ['{"format":2}', 'is not a plan'],
  ])('%s is refused', (text, message) => {
    expect(() => parsePlan(text, 'plan.json')).toThrow(message)
  })

  it('does not depend on the order of the answers', async () => {
    const engines = [
      ...vllm('>=0.9 <0.12'),
      { engine: 'sglang' as const, versions: selectors('engine', 'latest') },
    ]
    const wanted = request({ engines, nixl: selectors('nixl', '0.7.1, >=0.7 <1') })
    const storedFacts: PlanWorld['storedFacts'] = ({ tag }) =>
      Promise.resolve(
        tag === 'v0.9.1' ? { source: 'measured', python: '3.11', torch: '2.7.0', cuda: '12.8' } : undefined,
      )
    const plain = await makePlan(wanted, world({}, { storedFacts }))
    const [published, staged, changed] = plain.images.map(({ legs, tags }) => ({
      leg: legs[0],
      before: `aibrix/vllm-openai:${(tags[0] ?? '').replace('20251123', '20251101')}`,
    }))
    if (!published || !staged || !changed) throw new Error('the plan has fewer than three images')
    const old = { ...determinantsOf(changed.leg, changed.leg.recipe), recipe: 'older' }
    const images: Images = {
      ...bases,
      [published.before]: { 'linux/amd64': { [buildIdLabel]: published.leg.buildId } },
      [`aibrix/image-cache:${stagedTag(staged.leg)}`]: amd64,
      [changed.before]: {
        'linux/amd64': { [buildIdLabel]: buildId(old), [determinantsLabel]: canonicalJson(old) },
      },
    }
    const plan = await makePlan(wanted, world(images, { storedFacts }))
    expect(plan.images.map(({ cause }) => cause.kind).sort()).toEqual([
      'changed',
      'changed',
      'first',
      'first',
      'unchanged',
      'unknown',
    ])
    expect(pendingLegs(plan)).toHaveLength(plan.images.length - 2)
    expect(plan.excluded).not.toEqual([])

    const answers = world(images, { storedFacts })
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.shuffledSubarray(Object.entries(images), { minLength: Object.keys(images).length }),
        async (scheduler, entries) => {
          const later = async <T>(answer: Promise<T>): Promise<T> => scheduler.schedule(answer)
          const { registry } = registryOf(Object.fromEntries(entries), () => later(Promise.resolve()))
          const made = makePlan(wanted, {
            ...answers,
            registry,
            git: (args) => later(answers.git(args)),
            nixl: { versions: (...question) => later(answers.nixl.versions(...question)) },
            storedFacts: (...question) => later(storedFacts(...question)),
          })
          await scheduler.waitFor(made)
          expect(serialisePlan(await made)).toBe(serialisePlan(plan))
        },
      ),
      { numRuns: 30 },
    )
  })
})

describe('the requests of a plan', () => {
  it('grow with bases and repositories, not with images', async () => {
    const count = async (nixl: string) => {
      const { registry, requests } = registryOf(bases)
      let git = 0
      const plan = await makePlan(
        request({ nixl: selectors('nixl', nixl), engines: vllm('v0.10.2, v0.9.1'), force: true }),
        world(
          {},
          {
            registry,
            git: (args) => {
              git += 1
              return gitOf(releases)(args)
            },
          },
        ),
      )
      return { images: plan.images.length, requests: requests.length, git }
    }
    const few = await count('0.7.1')
    const many = await count('0.5.1, 0.6.0, 0.6.1, 0.7.0, 0.7.1')
    expect([few.images, many.images]).toEqual([2, 10])
    // A few legs are requested one by one, many with one list.
    expect(many.requests).toBeLessThanOrEqual(few.requests + 1)
    expect(many.git).toBe(few.git)
    expect(few.git).toBe(2)
  })

  const wantedOf = (nixl: string) =>
    request({ nixl: selectors('nixl', nixl), engines: vllm('v0.10.2, v0.9.1') })
  const nixls = ['0.7.1', '0.5.1, 0.6.0, 0.6.1, 0.7.0, 0.7.1'] as const
  const offers = {
    versions: () => Promise.resolve({ state: 'known' as const, versions: nixls[1].split(', ') }),
  }
  const dates = ['20251101', '20251102', '20251103', '20251104', '20251105', '20251106']
  const other = { [buildIdLabel]: 'f'.repeat(64) }

  it.each<[string, (image: PlannedImage) => Images, number]>([
    [
      'is published and the same',
      ({ tags, legs }) => ({ ...under(tags, dates.slice(0, 1), labelsOf(legs[0])), ...staged(legs[0]) }),
      1,
    ],
    [
      'is published and the same, if the cache repository was emptied',
      ({ tags, legs }) => under(tags, dates.slice(0, 1), labelsOf(legs[0])),
      1,
    ],
    ['is published with other content, on six dates', ({ tags }) => under(tags, dates, other), 1],
    [
      'is new, beside images of other versions',
      ({ tags }) =>
        under(
          tags.map((tag) => tag.replace('aibrix-v0.5.0', 'aibrix-v0.4.0')),
          dates,
          other,
        ),
      0,
    ],
  ])('grow at most by one read for each image that %s', async (_, imagesOf, looks) => {
    const count = async (nixl: string) => {
      const { images } = await makePlan(wantedOf(nixl), world({}, { nixl: offers }))
      const published = Object.fromEntries(images.flatMap((image) => Object.entries(imagesOf(image))))
      const { registry, requests } = registryOf({ ...bases, ...published })
      await makePlan(wantedOf(nixl), world({}, { registry, nixl: offers }))
      return { images: images.length, requests: requests.length }
    }
    const few = await count(nixls[0])
    const many = await count(nixls[1])
    expect([few.images, many.images]).toEqual([2, 10])
    // A plain manifest takes two requests. Many legs are listed, a few requested one by one.
    expect(many.requests).toBeLessThanOrEqual(few.requests + (10 - 2) * looks * 2 + 1)
  })

  function under(tags: readonly string[], days: readonly string[], labels: Record<string, string>): Images {
    const names = tags.flatMap((tag) => days.map((day) => tag.replace('20251123', day)))
    return Object.fromEntries(names.map((name) => [`aibrix/vllm-openai:${name}`, { 'linux/amd64': labels }]))
  }
  const labelsOf = ({ buildId }: PlannedLeg) => ({ [buildIdLabel]: buildId, content: buildId })
  const staged = (leg: PlannedLeg): Images => ({
    [`aibrix/image-cache:${stagedTag(leg)}`]: { 'linux/amd64': labelsOf(leg) },
  })
})
