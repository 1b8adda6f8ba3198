import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { PromoteChoices } from '../../../src/command/inspect-image.ts'
import { promoteImages, type Promotion } from '../../../src/command/promote-images.ts'
import type { Plan, PlannedImage, PlannedLeg } from '../../../src/plan/plan.ts'
import { namedCopiesTag, reportTag, stagedTag } from '../../../src/store/contents.ts'
import { digestOf } from '../../../src/registry/content/digest.ts'
import { newlyPublished } from '../../../src/report/attestation/newly-published.ts'
import type { LegOutcome } from '../../../src/report/outcome.ts'
import { makeOutcomeReport, makePlan, makePlannedImage, sglang } from '../../support/reports.ts'
import { runWorldOf } from '../../support/run-world.ts'
import { makeLeg } from '../../support/verified-leg.ts'
import {
  cache,
  createMemory,
  type Memory,
  putImage,
  sglang as sglangImages,
  stageLeg,
  vllm,
} from '../../support/memory-client.ts'

/** Two images of two platforms, each leg with its own build id, each image with two tags. */
function planOf(changes: Partial<Plan> = {}): Plan {
  const images = [makeLeg(), sglang()].map((leg): PlannedImage => {
    const image = makePlannedImage(leg, ['linux/amd64', 'linux/arm64'])
    const own = (planned: PlannedLeg): PlannedLeg => ({
      ...planned,
      buildId: digestOf(Buffer.from(planned.id)).slice('sha256:'.length),
    })
    const [first, ...others] = image.legs
    return { ...image, tags: ['dated', 'undated'], legs: [own(first), ...others.map(own)] }
  })
  return makePlan(images, changes)
}

const plan = planOf()
const legs = plan.images.flatMap((image) => image.legs)
const [amd64, arm64, sglangAmd64] = legs
if (!amd64 || !arm64 || !sglangAmd64) throw new Error('there are four')
const usual: PromoteChoices = { built: [], failFast: true, lookAgain: true }

async function promoted(
  memory: Memory,
  choices: Partial<PromoteChoices> = {},
  of = plan,
): Promise<Promotion & { log: string[] }> {
  const log: string[] = []
  const world = runWorldOf(memory, { log: (line) => log.push(line) })
  return { ...(await promoteImages(of, { ...usual, ...choices }, world)), log }
}

/** A registry in which these legs are staged. */
async function withStaged(staged = legs, refuses?: (request: string) => boolean): Promise<Memory> {
  let ready = false
  const memory = createMemory((request) => ready && refuses?.(request) === true)
  for (const leg of staged) await stageLeg(memory, leg)
  ready = true
  return memory
}

const states = ({ outcomes }: Promotion) => outcomes.map(({ state }) => state)
const legStates = ({ outcomes }: Promotion) => outcomes.map((image) => image.legs.map(({ state }) => state))
const publicTags = (memory: Memory) =>
  [vllm, sglangImages].map((repository) => Object.keys(memory.tagsOf(repository)))

const sglangDigest = (memory: Memory) => memory.tagsOf(sglangImages).dated

function errorsOf({ outcomes }: Promotion): string[] {
  return outcomes.flatMap((image) => [
    ...(image.state === 'failed' && image.error !== undefined ? [image.error] : []),
    ...image.legs.flatMap((leg) => (leg.state === 'failed' ? [leg.error] : [])),
  ])
}

describe('images whose legs are all staged', () => {
  it('get their tags, the same digest for each, with the reports from the registry', async () => {
    const memory = await withStaged()
    const run = await promoted(memory)
    expect(states(run)).toEqual(['published', 'published'])
    expect(newlyPublished(run.outcomes).map(({ reports }) => reports.length)).toEqual([2, 2])
    expect(legStates(run).flat()).toEqual(['staged', 'staged', 'staged', 'staged'])
    expect(run.error).toBeUndefined()
    for (const [index, repository] of [vllm, sglangImages].entries()) {
      const outcome = run.outcomes[index]
      const digest = outcome?.state === 'published' ? outcome.digest : undefined
      expect(memory.tagsOf(repository)).toEqual({ dated: digest, undated: digest })
    }
    expect(run.outcomes[0]?.legs[0]).toMatchObject({
      report: { buildId: amd64.buildId, platform: 'linux/amd64' },
    })
    expect(run.log).toHaveLength(4)
  })

  it('get their first tag after the last of them is inspected', async () => {
    const memory = await withStaged()
    const from = memory.seen.length
    await promoted(memory)
    const seen = memory.seen.slice(from)
    const firstTag = seen.findIndex((request) => /^put .*:(?:dated|undated)$/.test(request))
    const lastRead = seen.findLastIndex((request) => request.includes('image-cache:build-'))
    expect(firstTag).toBeGreaterThan(lastRead)
    expect(seen.slice(0, firstTag)).toContain(`put aibrix/sglang:${String(sglangDigest(memory))}`)
  })
})

describe('one leg that is not as planned', () => {
  const withOther = async (refuses?: (request: string) => boolean): Promise<Memory> => {
    const memory = await withStaged(legs, refuses)
    await putImage(memory, cache, stagedTag(arm64), sglangAmd64, { platform: 'linux/arm64' })
    return memory
  }
  const failedHere: LegOutcome = { leg: arm64, state: 'failed', error: 'A gate failed.', report: undefined }

  it.each<[string, () => Promise<Memory>, LegOutcome[], string[]]>([
    [
      'is missing',
      () => withStaged(legs.filter((leg) => leg !== arm64)),
      [],
      [
        `docker.io/aibrix/image-cache:${stagedTag(arm64)} does not exist: no runner has built and verified it yet.`,
      ],
    ],
    [
      'was built from something else',
      () => withOther(),
      [],
      [
        `docker.io/aibrix/image-cache:${stagedTag(arm64)} was built from something else than planned: its build id is ${sglangAmd64.buildId}; delete this tag, or set skip-unchanged: false to replace it.`,
      ],
    ],
    [
      'has no report',
      async () => {
        const memory = await withStaged()
        memory.remove(cache, reportTag(arm64))
        return memory
      },
      [],
      [
        `docker.io/aibrix/image-cache:${stagedTag(arm64)} has no report that says how it was judged: the cache repository has no report of it; delete this tag, or set skip-unchanged: false to replace it.`,
      ],
    ],
    [
      'has a report that the registry refuses',
      () => withStaged(legs, (request) => request === `get aibrix/image-cache:${reportTag(arm64)}`),
      [],
      [`registry docker.io refused "get aibrix/image-cache:${reportTag(arm64)}".`],
    ],
    [
      'failed in this process',
      () => withStaged(legs.filter((leg) => leg !== arm64)),
      [failedHere],
      ['A gate failed.'],
    ],
    [
      'failed in this process, although an earlier run has staged it',
      () => withStaged(),
      [failedHere],
      ['A gate failed.'],
    ],
    ['was not begun in this process', () => withStaged(), [{ leg: arm64, state: 'skipped' }], []],
    [
      "can't be read",
      () => withStaged(legs, (request) => request === `get aibrix/image-cache:${stagedTag(arm64)}`),
      [],
      [`registry docker.io refused "get aibrix/image-cache:${stagedTag(arm64)}".`],
    ],
    [
      "can't be put into the public repository",
      () => withStaged(legs, (request) => request === 'mount aibrix/vllm-openai'),
      [],
      ['registry docker.io refused "mount aibrix/vllm-openai".'],
    ],
  ])(
    'and %s keeps all images from being published, or with fail-fast: false its own',
    async (_, make, built, errors) => {
      const strict = await make()
      const stopped = await promoted(strict, { built })
      expect(publicTags(strict)).toEqual([[], []])
      expect(states(stopped).slice(1)).toEqual(['staged'])
      expect(errorsOf(stopped)).toEqual(errors)
      const lenient = await make()
      const run = await promoted(lenient, { built, failFast: false })
      expect(publicTags(lenient)).toEqual([[], ['dated', 'undated']])
      expect(states(run)).toEqual([states(stopped)[0], 'published'])
      expect(['failed', 'skipped']).toContain(states(run)[0])
      expect(errorsOf(run)).toEqual(errors)
      expect(run.error).toBeUndefined()
    },
  )
})

describe('public tags', () => {
  const take = (memory: Memory, tag: string) =>
    putImage(memory, vllm, tag, { ...amd64, buildId: 'f'.repeat(64) })

  it('of something else are named, and kept', async () => {
    const memory = await withStaged()
    const other = await take(memory, 'undated')
    const run = await promoted(memory, { failFast: false })
    expect(errorsOf(run)).toEqual([
      'docker.io/aibrix/vllm-openai:undated already names a different image; choose another date or tag, or set overwrite-tags: true.',
    ])
    expect(memory.tagsOf(vllm)).toEqual({ undated: other })
    expect(states(run)).toEqual(['failed', 'published'])
  })

  it('of something else are overwritten if the plan allows it', async () => {
    const memory = await withStaged()
    const other = await take(memory, 'undated')
    const run = await promoted(memory, {}, planOf({ publicTags: 'overwrite' }))
    expect(states(run)).toEqual(['published', 'published'])
    expect(memory.tagsOf(vllm).undated).not.toBe(other)
    expect(memory.tagsOf(vllm).undated).toBe(memory.tagsOf(vllm).dated)
  })

  it('of something else are overwritten only if their template allows it', async () => {
    const memory = await withStaged()
    const of = planOf()
    const images = of.images.map((image) => ({ ...image, overwritable: ['undated'] }))
    const other = await take(memory, 'undated')
    const run = await promoted(memory, {}, { ...of, images })
    expect(states(run)).toEqual(['published', 'published'])
    expect(memory.tagsOf(vllm).undated).not.toBe(other)
    const guarded = await withStaged()
    await take(guarded, 'dated')
    const before = await take(guarded, 'undated')
    const refused = await promoted(guarded, {}, { ...of, images })
    expect(errorsOf(refused)).toEqual([
      'docker.io/aibrix/vllm-openai:dated already names a different image; choose another date or tag, or set overwrite-tags: true.',
    ])
    expect(guarded.tagsOf(vllm).undated).toBe(before)
  })

  it('that already name the content are kept, and nothing is written', async () => {
    const memory = await withStaged()
    await promoted(memory)
    const from = memory.seen.length
    const run = await promoted(memory)
    expect(states(run)).toEqual(['unchanged', 'unchanged'])
    expect(newlyPublished(run.outcomes)).toEqual([])
    expect(run.outcomes.map((outcome) => outcome.state === 'unchanged' && outcome.digest)).toEqual([
      memory.tagsOf(vllm).dated,
      sglangDigest(memory),
    ])
    expect(memory.seen.slice(from).filter((request) => !request.startsWith('get '))).toEqual([])
  })

  it('have no report if the stored one is about a later build', async () => {
    const memory = await withStaged()
    const [single] = makePlan([makePlannedImage()]).images
    if (!single) throw new Error('there is one')
    const one = makePlan([single])
    await stageLeg(memory, single.legs[0])
    const reports = async () => {
      const { outcomes } = await promoted(memory, {}, one)
      return outcomes.flatMap((image) =>
        image.legs.map((leg) => leg.state === 'staged' && leg.report?.digest),
      )
    }
    const first = memory.tagsOf(cache)[stagedTag(single.legs[0])]
    expect([await reports(), await reports()]).toEqual([[first], [first]])
    await stageLeg(memory, single.legs[0], { again: 'true' })
    expect(await reports()).toEqual([undefined])
  })

  it('move to what was built again, if that was forced', async () => {
    const memory = await withStaged()
    await promoted(memory)
    const before = sglangDigest(memory)
    for (const leg of legs) await stageLeg(memory, leg, { again: 'true' })
    expect(states(await promoted(memory))).toEqual(['unchanged', 'unchanged'])
    const images = plan.images.map((image): PlannedImage => ({ ...image, cause: { kind: 'forced' } }))
    expect(states(await promoted(memory, {}, { ...plan, images }))).toEqual(['published', 'published'])
    expect(sglangDigest(memory)).not.toBe(before)
  })

  it('of another date are reported if the plan keeps them, and created if they are gone', async () => {
    const memory = await withStaged()
    await promoted(memory)
    const digest = memory.tagsOf(vllm).dated
    if (!digest) throw new Error('it is published')
    // The next day
    const [image] = plan.images
    if (!image) throw new Error('there are two')
    const kept = (old: string): Plan => ({
      ...plan,
      images: [
        {
          ...image,
          tags: ['tomorrow'],
          published: { kind: 'same', digest, tags: [old], missingTags: [] },
          cause: { kind: 'unchanged', tag: old },
        },
      ],
    })
    for (const lookAgain of [true, false]) {
      const { outcomes } = await promoted(memory, { lookAgain }, kept('dated'))
      expect(outcomes).toMatchObject([{ state: 'unchanged', digest, tags: ['dated'] }])
    }
    expect(Object.keys(memory.tagsOf(vllm))).not.toContain('tomorrow')
    const { outcomes } = await promoted(memory, {}, kept('gone'))
    expect(outcomes).toMatchObject([{ state: 'published', tags: ['tomorrow'] }])
    expect(memory.tagsOf(vllm).tomorrow).toBe(digest)
  })

  it('of today are new, but not what they name, if it has tags of another date', async () => {
    const memory = await withStaged()
    await promoted(memory)
    const digest = memory.tagsOf(vllm).dated
    const [image] = plan.images
    if (!digest || !image) throw new Error('it is published')
    const retagged: PlannedImage = {
      ...image,
      tags: ['tomorrow'],
      published: { kind: 'same', digest, tags: ['dated'], missingTags: ['tomorrow'] },
    }
    const { outcomes } = await promoted(memory, { lookAgain: false }, { ...plan, images: [retagged] })
    expect(outcomes).toMatchObject([{ state: 'published', digest }])
    expect(newlyPublished(outcomes)).toEqual([])
    expect(memory.tagsOf(vllm).tomorrow).toBe(digest)
  })

  it('are not looked up again if the plan has just done so', async () => {
    const memory = await withStaged()
    await promoted(memory)
    const images = plan.images.map((image, index): PlannedImage => {
      const digest = memory.tagsOf(index === 0 ? vllm : sglangImages).dated
      if (!digest) throw new Error('it is published')
      return { ...image, published: { kind: 'same', digest, tags: image.tags, missingTags: [] } }
    })
    const from = memory.seen.length
    const run = await promoted(memory, { lookAgain: false }, { ...plan, images })
    expect(states(run)).toEqual(['unchanged', 'unchanged'])
    // With several platforms, the index tells whether a report is about what the tag names.
    const tags = /:(?:dated|undated)$/
    expect(memory.seen.slice(from).filter((request) => tags.test(request))).toEqual([])
  })

  it('that could not all be created are named, and the next promotion completes them', async () => {
    let broken = true
    const memory = await withStaged(legs, (request) => broken && request === 'put aibrix/vllm-openai:undated')
    const red = await promoted(memory)
    expect(red.error).toContain('Promotion stopped at docker.io/aibrix/vllm-openai:undated')
    expect(red.error).toContain('These tags were created: docker.io/aibrix/vllm-openai:dated; run it again')
    expect(states(red)).toEqual(['staged', 'staged'])
    const stillRed = await promoted(memory)
    expect(stillRed.error).toContain('No public tag was created')
    // Not "unchanged", which would vouch for a missing tag
    expect(states(stillRed)).toEqual(['staged', 'staged'])
    broken = false
    const green = await promoted(memory)
    expect(states(green)).toEqual(['published', 'published'])
    const undisturbed = await withStaged()
    await promoted(undisturbed)
    for (const repository of [vllm, sglangImages])
      expect(memory.tagsOf(repository)).toEqual(undisturbed.tagsOf(repository))
  })
})

it('an image that has all of its tags is published, and attested, whatever became of a later one', async () => {
  const memory = await withStaged(legs, (request) => request === 'put aibrix/sglang:undated')
  const run = await promoted(memory)
  expect(run.error).toContain('Promotion stopped at docker.io/aibrix/sglang:undated')
  expect(states(run)).toEqual(['published', 'staged'])
  expect(newlyPublished(run.outcomes)).toMatchObject([{ digest: memory.tagsOf(vllm).dated }])
})

describe('whatever is staged, whatever fails', () => {
  it('only images with all of their legs are published, with fail-fast only if all images are', async () => {
    const broken = fc.uniqueArray(fc.constantFrom(...legs), { maxLength: legs.length })
    await fc.assert(
      fc.asyncProperty(broken, fc.boolean(), fc.boolean(), async (absent, failFast, here) => {
        const memory = await withStaged(legs.filter((leg) => !absent.includes(leg)))
        const built = here
          ? legs.map((leg): LegOutcome =>
              absent.includes(leg)
                ? { leg, state: 'failed', error: 'No.', report: undefined }
                : { leg, state: 'built', report: makeOutcomeReport(leg) },
            )
          : []
        const from = memory.seen.length
        const run = await promoted(memory, { built, failFast })
        const complete = plan.images.map((image) => !image.legs.some((leg) => absent.includes(leg)))
        const expected = complete.map((whole) => whole && (!failFast || complete.every(Boolean)))
        expect(publicTags(memory)).toEqual(expected.map((is) => (is ? ['dated', 'undated'] : [])))
        expect(run.outcomes.map(({ state }) => state === 'published')).toEqual(expected)
        expect(run.outcomes.map(({ state }) => state === 'failed')).toEqual(complete.map((whole) => !whole))
        expect(errorsOf(run)).toHaveLength(absent.length)
        // Without a publication nothing is written, either.
        const writes = memory.seen.slice(from).filter((request) => !request.startsWith('get '))
        expect(writes.length > 0).toBe(expected.some(Boolean))
      }),
    )
  })

  it('a promotion that a registry interrupts anywhere is completed by the next one', async () => {
    const undisturbed = await withStaged()
    const from = undisturbed.seen.length
    await promoted(undisturbed)
    const requests = undisturbed.seen.length - from
    for (let at = 0; at < requests; at += 1) {
      let left = at
      let refused = ''
      const memory = await withStaged(legs, (request) => {
        left -= 1
        if (left === -1) refused = request
        return left === -1
      })
      const first = await promoted(memory)
      for (const repository of [vllm, sglangImages])
        expect(undisturbed.tagsOf(repository)).toMatchObject(memory.tagsOf(repository))
      expect([refused, first.error !== undefined || states(first).includes('failed')]).toEqual([
        refused,
        true,
      ])
      const second = await promoted(memory)
      expect(second.error).toBeUndefined()
      for (const repository of [vllm, sglangImages])
        expect(memory.tagsOf(repository)).toEqual(undisturbed.tagsOf(repository))
    }
  })
})

it('a tag that is moved in a second attempt is reported once, with what it named before', async () => {
  const [leg] = makePlannedImage(makeLeg(), ['linux/amd64']).legs
  const memory = await withStaged([leg])
  const before = await putImage(memory, vllm, 'stable', { ...leg, buildId: 'another' })
  const { putManifest } = memory.client
  const client: typeof memory.client = {
    ...memory.client,
    putManifest: async (...put) => {
      await put[4]?.()
      return putManifest(...put)
    },
  }
  const image = { ...makePlannedImage(leg, ['linux/amd64']), tags: ['stable'], overwritable: ['stable'] }
  const { outcomes } = await promoteImages(makePlan([image]), usual, runWorldOf({ ...memory, client }))
  expect(outcomes).toMatchObject([{ state: 'published', moved: [{ tag: 'stable', from: before }] }])
  expect(outcomes[0]).toHaveProperty('moved.length', 1)
})

describe('with keep-base', () => {
  const upstream = { registry: 'docker.io', path: 'vllm/vllm-openai' }
  const image = makePlannedImage(makeLeg(), ['linux/amd64'])

  /** Puts the base into the registry, and publishes an image on it. */
  async function published(refuses?: (request: string) => boolean) {
    const memory = createMemory(refuses)
    const digest = await putImage(memory, upstream, 'v0.21.0', makeLeg())
    const [first] = image.legs
    const leg = { ...first, base: { ...first.base, digest, manifestDigest: digest } }
    await stageLeg(memory, leg)
    const world = runWorldOf(memory, { keepsBases: true })
    const run = await promoteImages(makePlan([{ ...image, legs: [leg] }]), usual, world)
    return { memory, run, copy: `base-${digest.replace('sha256:', '')}` }
  }

  it('the copy of the base is there before the first public tag', async () => {
    const { memory, run, copy } = await published()
    expect(run.error).toBeUndefined()
    expect(states(run)).toEqual(['published'])
    const tagged = memory.seen.findIndex((request) => request.startsWith('put aibrix/vllm-openai:'))
    expect(memory.seen.slice(0, tagged)).toContain(`put aibrix/image-cache:${copy}`)
  })

  it('a failure at any request leaves no public tag without the copy, and the next run completes both', async () => {
    const promotedAfter = async (failing: number) => {
      let left = Infinity
      const memory = createMemory(() => (left -= 1) === -1)
      const digest = await putImage(memory, upstream, 'v0.21.0', makeLeg())
      const [first] = image.legs
      const leg = { ...first, base: { ...first.base, digest, manifestDigest: digest } }
      await stageLeg(memory, leg)
      const [plan, world] = [makePlan([{ ...image, legs: [leg] }]), runWorldOf(memory, { keepsBases: true })]
      const tags = () => ({ copies: Object.keys(memory.tagsOf(cache)), published: memory.tagsOf(vllm) })
      left = failing
      const run = await promoteImages(plan, usual, world)
      const between = tags()
      left = Infinity
      const second = await promoteImages(plan, usual, world)
      return { run, between, second, after: tags(), copy: `base-${digest.replace('sha256:', '')}` }
    }
    let failed = 0
    for (let request = 0; ; request += 1) {
      const { run, between, second, after, copy } = await promotedAfter(request)
      if (Object.keys(between.published).length > 0) expect(between.copies).toContain(copy)
      expect(second.error).toBeUndefined()
      expect(after.copies).toEqual(
        expect.arrayContaining([copy, namedCopiesTag('docker.io/vllm/vllm-openai:v0.21.0')]),
      )
      expect(Object.keys(after.published)).toEqual(image.tags)
      if (run.error === undefined && states(run).join() === 'published') break
      failed += 1
    }
    expect(failed).toBeGreaterThan(20)
  })

  it('nothing is published on a base that could not be copied', async () => {
    const { memory, run } = await published((request) => request.startsWith('put aibrix/image-cache:base-'))
    expect(run.error).toMatch(
      /^keep-base: no copy of the base vllm\/vllm-openai:v0\.21\.0 could be stored in docker\.io\/aibrix\/image-cache, and nothing was published; run it again, or set keep-base: false: registry docker\.io refused/,
    )
    expect(states(run)).toEqual(['staged'])
    expect(memory.tagsOf(vllm)).toEqual({})
  })
})
