import { createStore } from '../../../src/store/store.ts'
import { describe, expect, it } from '@jest/globals'
import { findImpossible, leaveOutImpossible } from '../../../src/command/impossible.ts'
import { makePlan } from '../../../src/plan/make-plan.ts'
import type { Plan, PlannedImage, PlannedLeg } from '../../../src/plan/plan.ts'
import type { LegOutcome } from '../../../src/report/outcome.ts'
import { request, selectors, world } from '../../support/plan-world.ts'
import { cache, createMemory, type Memory, stageLeg } from '../../support/memory-client.ts'

const both = { 'linux/amd64': { a: '1' }, 'linux/arm64': { a: '2' } }

/** Two images of two platforms, chosen by a range, with an AIBrix that is not in the catalogue. */
function planOf(versions = '>=0.9 <0.11'): Promise<Plan> {
  const wanted = request({
    engines: [{ engine: 'vllm', versions: selectors('engine', versions) }],
    aibrix: { ...request().aibrix, versions: selectors('aibrix', 'main') },
    platforms: ['linux/amd64', 'linux/arm64'],
  })
  const images = { 'vllm/vllm-openai:v0.10.2': both, 'vllm/vllm-openai:v0.9.1': both }
  return makePlan(wanted, world(images))
}

const legsOf = ({ images }: Plan): PlannedLeg[] => images.flatMap(({ legs }) => legs)
const matchedNixl = (image: PlannedImage): PlannedImage => {
  const [first, ...others] = image.legs
  const change = (leg: PlannedLeg): PlannedLeg => ({
    ...leg,
    named: leg.named.filter((chooser) => chooser === 'engine'),
  })
  return { ...image, legs: [change(first), ...others.map(change)] }
}
const failed = (leg: PlannedLeg): LegOutcome => ({ leg, state: 'failed', error: 'No.', report: undefined })
const staged = (leg: PlannedLeg): LegOutcome => ({ leg, state: 'staged', report: undefined })
const impossible = (leg: PlannedLeg) => ({ leg, state: 'impossible', reason: 'it has no torch' }) as const

describe('an impossible leg', () => {
  it('takes only its image out of the plan, with the reason', async () => {
    const plan = await planOf()
    const [first, second, ...others] = legsOf(plan)
    if (!first || !second) throw new Error('the plan is empty')
    const { left, excluded, built } = leaveOutImpossible(plan, [
      impossible(first),
      staged(second),
      ...others.map(staged),
    ])
    expect(left.images.map(({ id }) => id)).toEqual(plan.images.slice(1).map(({ id }) => id))
    expect(excluded).toEqual([
      {
        engine: 'vllm',
        version: 'v0.10.2',
        aibrix: 'main-52405d7',
        nixl: '0.7.1',
        platform: 'linux/amd64',
        reason: 'it has no torch',
        why: plan.images[0]?.why,
      },
    ])
    expect(built.map(({ state }) => state)).toEqual(['skipped', 'staged', 'staged', 'staged'])
  })

  it('fails, and so does its image, if nothing is left of a named version', async () => {
    const plan = await planOf('v0.10.2, ~0.9')
    const chosen = { ...plan, images: plan.images.map(matchedNixl) }
    const [first, second, ...others] = legsOf(chosen)
    if (!first || !second) throw new Error('the plan is empty')
    const results = [impossible(first), impossible(second), ...others.map(impossible)]
    const all = leaveOutImpossible(chosen, results)
    expect(all.left.images).toEqual(chosen.images.slice(0, 1))
    expect(all.excluded).toMatchObject([{ version: 'v0.9.1' }])
    expect(all.built.map(({ state }) => state)).toEqual(['failed', 'skipped', 'skipped', 'skipped'])
    expect(all.built[0]).toMatchObject({
      error:
        "vLLM v0.10.2 with AIBrix main-52405d7 and NIXL 0.7.1 can't be built for linux/amd64: it has no torch; choose other versions, or set force: true to try.",
    })
  })

  it('hides no failure of another leg of its image', async () => {
    const plan = await planOf()
    const [first, second, ...others] = legsOf(plan)
    if (!first || !second) throw new Error('the plan is empty')
    const { left, excluded, built } = leaveOutImpossible(plan, [
      impossible(first),
      failed(second),
      ...others.map(staged),
    ])
    expect(left.images).toEqual(plan.images)
    expect(excluded).toEqual([])
    expect(built.map(({ state }) => state)).toEqual(['skipped', 'failed', 'staged', 'staged'])
  })

  it('that does not exist changes nothing', async () => {
    const plan = await planOf()
    const results = legsOf(plan).map(staged)
    expect(leaveOutImpossible(plan, results)).toEqual({ left: plan, excluded: [], built: results })
  })
})

describe('legs that another runner may have found to be impossible', () => {
  const objections = async (plan: Plan, memory: Memory) => {
    const asked: string[] = []
    const objectionTo = (leg: PlannedLeg) => {
      asked.push(leg.id)
      return Promise.resolve(leg.version.tag === 'v0.9.1' ? 'it has no torch' : undefined)
    }
    const found = await findImpossible(plan, { store: createStore(memory.client, cache), objectionTo })
    return { asked, found: found.map(({ leg }) => leg.id) }
  }
  const change = (plan: Plan, changed: Partial<PlannedLeg>): Plan => ({
    ...plan,
    images: plan.images.map((image) => {
      const [first, ...others] = image.legs
      return { ...image, legs: [{ ...first, ...changed }, ...others.map((leg) => ({ ...leg, ...changed }))] }
    }),
  })

  it.each(['unknown', 'possible'] as const)('are those that nobody has staged (%s)', async (feasibility) => {
    const plan = change(await planOf(), { feasibility })
    const ids = legsOf(plan).map(({ id }) => id)
    const memory = createMemory()
    expect(await objections(plan, memory)).toEqual({ asked: ids, found: ids.slice(2) })
    for (const leg of legsOf(plan).slice(1)) await stageLeg(memory, leg)
    expect(await objections(plan, memory)).toEqual({ asked: ids.slice(0, 1), found: [] })
  })

  it('are looked up in one list if there are many', async () => {
    const { images, ...rest } = await planOf()
    const plan = { ...rest, images: [...images, ...images] }
    const memory = createMemory()
    await objections(plan, memory)
    expect(memory.seen).toEqual(['list aibrix/image-cache'])
  })

  it('are none of those that are forced', async () => {
    const memory = createMemory()
    expect(await objections(change(await planOf(), { feasibility: 'forced' }), memory)).toEqual({
      asked: [],
      found: [],
    })
    expect(memory.seen).toEqual([])
  })

  it('fails if it was named', async () => {
    const plan = await planOf('v0.10.2, v0.9.1')
    const results = await findImpossible(plan, {
      store: createStore(createMemory().client, cache),
      objectionTo: () => Promise.resolve('it has no torch'),
    })
    const { left, built } = leaveOutImpossible(plan, results)
    expect(left).toEqual(plan)
    expect(built.map(({ state }) => state)).toEqual(['failed', 'skipped', 'failed', 'skipped'])
  })
})
