import type { RunWorld } from '../../../src/command/world/run-world.ts'
import { describe, expect, it } from '@jest/globals'
import { type Build, buildOne, promotePlan, runPlan } from '../../../src/command/run.ts'
import type { Chooser, Plan, PlannedImage, PlannedLeg } from '../../../src/plan/plan.ts'
import type { LegOutcome, Run } from '../../../src/report/outcome.ts'
import {
  digest,
  makeExcluded,
  makeOutcomeReport,
  makePlan,
  makePlannedImage,
  makePlannedImages,
  sglang,
} from '../../support/reports.ts'
import { runWorldOf } from '../../support/run-world.ts'
import { makeLeg } from '../../support/verified-leg.ts'
import {
  createMemory,
  type Memory,
  sglang as sglangImages,
  stageLeg,
  vllm,
} from '../../support/memory-client.ts'

const secret = 'hunter2'

const worldOf = (memory: Memory, objectionTo?: RunWorld['objectionTo']): RunWorld =>
  runWorldOf(memory, {
    redact: (text) => text.replaceAll(secret, '***'),
    ...(objectionTo && { objectionTo }),
  })

/** Stages legs, as `buildLegs` does if all is well. */
function stagingBuild(memory: Memory, asked: string[][]): Build {
  return async (legs) => {
    asked.push(legs.map(({ id }) => id))
    const outcomes: LegOutcome[] = []
    for (const leg of legs) {
      const report = makeOutcomeReport(leg, undefined, { digest: await stageLeg(memory, leg) })
      outcomes.push({ leg, state: 'built', report })
    }
    return outcomes
  }
}

const ending =
  (endings: Record<string, 'built' | 'failed' | 'skipped' | 'impossible'>): Build =>
  (legs) =>
    Promise.resolve(
      legs.map((leg) => {
        const state = endings[leg.architecture] ?? 'built'
        switch (state) {
          case 'built':
            return { leg, state, report: makeOutcomeReport(leg) }
          case 'failed':
            return { leg, state, error: 'A gate failed.', report: undefined }
          case 'skipped':
            return { leg, state }
          case 'impossible':
            return { leg, state, reason: 'it has no torch' }
        }
      }),
    )

const never: Build = () => Promise.reject(new Error('there is nothing to build'))
const states = ({ outcomes }: Run) => outcomes.map(({ state }) => state)
const uploads = ({ seen }: Memory) => seen.filter((request) => request.startsWith('blob '))

/** One image of each engine, for one platform. */
const plan = makePlan(
  [makePlannedImage(), makePlannedImage(sglang())].map((image, index) =>
    withLeg(image, (leg) => ({ ...leg, buildId: String(index + 1).repeat(64) })),
  ),
)
const push = { push: true, failFast: true }

function withLeg(image: PlannedImage, change: (leg: PlannedLeg) => PlannedLeg): PlannedImage {
  const [first, ...others] = image.legs
  return { ...image, legs: [change(first), ...others.map(change)] }
}

/** The plan with legs that name only these. */
function named(choosers: Chooser[]): Plan {
  return planWith((image) => withLeg(image, (leg) => ({ ...leg, named: choosers })))
}

function planWith(change: (image: PlannedImage) => PlannedImage): Plan {
  return { ...plan, images: plan.images.map(change) }
}

describe('a run', () => {
  it('builds all pending legs, publishes them, and reports the duration', async () => {
    const memory = createMemory()
    const asked: string[][] = []
    const run = await runPlan(plan, push, worldOf(memory), stagingBuild(memory, asked))
    expect(asked).toEqual([plan.images.map(({ legs: [leg] }) => leg.id)])
    expect(run).toMatchObject({ command: 'run', duration: 1000, excluded: [] })
    expect(states(run)).toEqual(['published', 'published'])
    expect(run.outcomes.map((image) => image.legs.map(({ state }) => state))).toEqual([['built'], ['built']])
    expect(Object.keys(memory.tagsOf(vllm))).toEqual(plan.images[0]?.tags)
    expect(Object.keys(memory.tagsOf(sglangImages))).toEqual(plan.images[1]?.tags)
  })

  it.each<[string, Plan, string[]]>([
    ['every repository, once', plan, ['image-cache', 'vllm-openai', 'sglang']],
    ['one repository of several images', makePlan(makePlannedImages(3)), ['image-cache', 'vllm-openai']],
    [
      'none if all is published',
      planWith((image) => ({ ...image, published: { kind: 'same', digest, tags: [], missingTags: [] } })),
      [],
    ],
  ])('checks before building whether it may push to %s', async (_, of, expected) => {
    const memory = createMemory()
    let before: string[] = []
    await runPlan(of, push, worldOf(memory), (legs) => {
      before = uploads(memory)
      return ending({})(legs, plan)
    })
    expect(before).toEqual(expected.map((name) => `blob aibrix/${name}`))
  })

  it('builds nothing if it may not push', async () => {
    const memory = createMemory((request) => request === 'blob aibrix/sglang')
    const run = await runPlan(plan, push, worldOf(memory), never)
    expect(run.error).toBe('registry docker.io refused "blob aibrix/sglang".')
    expect(run.outcomes).toEqual([])
  })

  it('publishes staged legs without a build', async () => {
    const memory = createMemory()
    const staged = planWith((image) => withLeg(image, (leg) => ({ ...leg, existing: 'staged' })))
    for (const { legs } of staged.images) await stageLeg(memory, legs[0])
    const run = await runPlan(staged, push, worldOf(memory), never)
    expect(run.error).toBeUndefined()
    expect(states(run)).toEqual(['published', 'published'])
  })

  it('sends no request to the registry without push', async () => {
    const memory = createMemory()
    const run = await runPlan(plan, { ...push, push: false }, worldOf(memory), ending({}))
    expect(memory.seen).toEqual([])
    expect(states(run)).toEqual(['built', 'built'])
  })

  it('reports without secrets what stopped the build, and what the plan left out', async () => {
    const excluded = [makeExcluded()]
    const run = await runPlan({ ...plan, excluded }, push, worldOf(createMemory()), () =>
      Promise.reject(new Error(`No builder for ${secret}.`)),
    )
    expect(run).toEqual({
      command: 'run',
      outcomes: [],
      excluded,
      duration: 1000,
      error: 'No builder for ***.',
    })
  })

  it('leaves out an impossible leg that a range chose, and continues', async () => {
    const memory = createMemory()
    const asked: string[][] = []
    const build: Build = async (legs) => [
      ...(await ending({ amd64: 'impossible' })(legs.slice(0, 1), plan)),
      ...(await stagingBuild(memory, asked)(legs.slice(1), plan)),
    ]
    const run = await runPlan(named(['nixl']), push, worldOf(memory), build)
    expect(states(run)).toEqual(['published'])
    expect(run.excluded).toMatchObject([{ version: 'v0.21.0', reason: 'it has no torch' }])
  })

  it.each([true, false])(
    'fails if nothing is left of a named version, with fail-fast: %s',
    async (failFast) => {
      const memory = createMemory()
      const build: Build = async (legs) => [
        ...(await ending({ amd64: 'impossible' })(legs.slice(0, 1), plan)),
        ...(await stagingBuild(memory, [])(legs.slice(1), plan)),
      ]
      const run = await runPlan(named(['engine', 'nixl']), { push: true, failFast }, worldOf(memory), build)
      expect(states(run)).toEqual(['failed', failFast ? 'staged' : 'published'])
      expect(run.excluded).toEqual([])
      expect(run.outcomes[0]?.legs).toMatchObject([
        {
          state: 'failed',
          error: expect.stringMatching(
            /^vLLM v0\.21\.0 with AIBrix v0\.7\.0 and NIXL 0\.7\.1 can't be built for linux\/amd64: it has no torch; /,
          ),
        },
      ])
    },
  )

  it('fails if nothing is left', async () => {
    const run = await runPlan(named([]), push, worldOf(createMemory()), ending({ amd64: 'impossible' }))
    expect(run.error).toContain(
      'Nothing that was selected can be built: for SGLang v0.5.11, it has no torch;',
    )
  })
})

const image = makePlannedImage(makeLeg(), ['linux/amd64', 'linux/arm64'])
const two = makePlan([image])
const [amd64, arm64] = image.legs
if (!arm64) throw new Error('there are two')

describe('an image that is not pushed', () => {
  it.each<[string, string, Parameters<typeof ending>[0]]>([
    ['built', 'if all of its legs are', {}],
    ['failed', 'if one leg is', { arm64: 'failed' }],
    ['failed', 'if one leg is, and another is skipped', { amd64: 'failed', arm64: 'skipped' }],
    ['skipped', 'if one leg is skipped', { arm64: 'skipped' }],
  ])('is %s %s', async (state, _, endings) => {
    const run = await runPlan(two, { push: false, failFast: true }, worldOf(createMemory()), ending(endings))
    expect(states(run)).toEqual([state])
    expect(run.outcomes[0]?.legs.map((leg) => leg.state)).toEqual([
      endings.amd64 ?? 'built',
      endings.arm64 ?? 'built',
    ])
  })
})

describe('one leg of a plan', () => {
  it.each<[string, boolean, Parameters<typeof ending>[0], string[], string[]]>([
    ['is staged', true, {}, ['staged'], ['built']],
    ['is built without push', false, {}, ['built'], ['built']],
    ['fails', true, { arm64: 'failed' }, ['failed'], ['failed']],
    ['is left out if it is impossible', true, { arm64: 'impossible' }, [], []],
  ])('%s', async (_, pushes, endings, imageStates, legStates) => {
    const memory = createMemory()
    const matched = withLeg(image, (leg) => ({ ...leg, named: [] }))
    const [, own = arm64] = matched.legs
    const planned = { image: matched, leg: own }
    const run = await buildOne(
      makePlan([matched]),
      planned,
      { push: pushes },
      worldOf(memory),
      ending(endings),
    )
    expect(run.command).toBe('build')
    expect(states(run)).toEqual(imageStates)
    expect(run.outcomes.flatMap(({ legs }) => legs.map(({ state }) => state))).toEqual(legStates)
    expect(run.outcomes.flatMap(({ legs }) => legs.map(({ leg }) => leg.id))).toEqual(
      legStates.map(() => arm64.id),
    )
    expect(run.excluded).toHaveLength(endings.arm64 === 'impossible' ? 1 : 0)
    expect(run.error).toBeUndefined()
    // Only `promote` needs the public repository.
    expect(uploads(memory)).toEqual(pushes ? ['blob aibrix/image-cache'] : [])
  })

  it('is not built if the cache repository refuses a push', async () => {
    const memory = createMemory((request) => request.startsWith('blob '))
    const run = await buildOne(two, { image, leg: amd64 }, push, worldOf(memory), never)
    expect(run).toMatchObject({
      outcomes: [],
      error: 'registry docker.io refused "blob aibrix/image-cache".',
    })
  })
})

describe('a plan that was created without push', () => {
  const unpushed: Plan = { ...plan, publicTags: 'ignore' }
  const [first] = unpushed.images
  if (!first) throw new Error('there are two')
  const one = { image: first, leg: first.legs[0] }

  it('is not published, since nobody has checked its tags', async () => {
    const memory = createMemory()
    for (const { legs } of plan.images) await stageLeg(memory, legs[0])
    const before = memory.seen.length
    const run = await promotePlan(unpushed, true, worldOf(memory))
    expect(run).toMatchObject({
      outcomes: [],
      error:
        'The plan was created with push: false, without checking what exists, and cannot be published; plan again with push: true, or build with push: false.',
    })
    expect(memory.seen).toHaveLength(before)
  })

  it('is built without push, but not with it', async () => {
    const memory = createMemory()
    const pushing = await buildOne(unpushed, one, { push: true }, worldOf(memory), never)
    expect(pushing).toMatchObject({
      outcomes: [],
      error: expect.stringContaining('created with push: false'),
    })
    expect(memory.seen).toEqual([])
    const run = await buildOne(unpushed, one, { push: false }, worldOf(memory), ending({}))
    expect(states(run)).toEqual(['built'])
  })
})

describe('the promotion of a plan', () => {
  it('publishes what other runners have staged since', async () => {
    const memory = createMemory()
    for (const { legs } of plan.images) await stageLeg(memory, legs[0])
    const run = await promotePlan(plan, true, worldOf(memory))
    expect(run.command).toBe('promote')
    expect(states(run)).toEqual(['published', 'published'])
  })

  it('checks again what the plan has as published', async () => {
    const memory = createMemory()
    const published = planWith((each) => ({
      ...each,
      published: { kind: 'same', digest, tags: [], missingTags: [] },
    }))
    expect(states(await promotePlan(published, true, worldOf(memory)))).toEqual(['failed', 'failed'])
  })

  it('reports with its outcomes what stopped it', async () => {
    let ready = false
    const tag = plan.images[1]?.tags[0] ?? ''
    const memory = createMemory((request) => ready && request === `put aibrix/sglang:${tag}`)
    for (const { legs } of plan.images) await stageLeg(memory, legs[0])
    ready = true
    const run = await promotePlan(plan, true, worldOf(memory))
    expect(run.error).toContain(`Promotion stopped at docker.io/aibrix/sglang:${tag}`)
    expect(states(run)).toEqual(['published', 'staged'])
  })

  it('leaves out what another runner found to be impossible, unless that is all or was named', async () => {
    const chosen = (choosers: Chooser[]) =>
      planWith((each) => withLeg(each, (leg) => ({ ...leg, named: choosers, feasibility: 'unknown' })))
    const memory = createMemory()
    const [, second] = plan.images
    if (!second) throw new Error('there are two')
    await stageLeg(memory, second.legs[0])
    const objection = (only?: string, of = memory) =>
      worldOf(of, ({ engine }) =>
        Promise.resolve(only === undefined || engine === only ? 'it has no torch' : undefined),
      )
    const run = await promotePlan(chosen(['nixl']), true, objection('vllm'))
    expect(states(run)).toEqual(['published'])
    expect(run.excluded).toMatchObject([{ engine: 'vllm', reason: 'it has no torch' }])
    const none = await promotePlan(chosen([]), true, objection(undefined, createMemory()))
    expect(none).toMatchObject({ outcomes: [], error: expect.stringContaining('Nothing that was selected') })
    const named = await promotePlan(chosen(['engine']), false, objection('vllm'))
    expect(states(named)).toEqual(['failed', 'unchanged'])
    expect(named.outcomes[0]?.legs).toMatchObject([{ error: expect.stringContaining('it has no torch') }])
  })
})
