import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pLimit from 'p-limit'
import { digestOf, errorsOf, runAction, tagsOf } from '../support/action.ts'
import {
  type Act,
  again,
  type Blow,
  expectUndisturbed,
  interrupted,
  type Place,
  readUndisturbed,
  type Undisturbed,
  withStaged,
} from '../support/interrupted-runs.ts'
import { wanted as oneImage } from '../support/faults/wanted.ts'
import { type Door, openRegistryProxy } from '../support/registry-proxy.ts'
import { useStandIns } from '../support/stand-in-inputs.ts'
import { pathThatEmulates, publishBasesForTwoPlatforms, rowsOf } from '../support/two-platforms.ts'

const minutes = 60_000

const world = useStandIns()

/** One image of two platforms with two tags. */
const wanted = { ...oneImage, platforms: 'linux/amd64, linux/arm64' }

let bases: string
let path: string
let counter = 0
let tried = 0
let right = 0

let undisturbed: Undisturbed

/** Journeys in parallel; each has its own namespace and waits half of its time */
const limit = pLimit(2)

async function openPlace(): Promise<Place> {
  const door: Door = {}
  const namespace = `${world().namespace}-${(counter += 1)}`
  return { namespace, door, proxy: await openRegistryProxy(door), folder: '.' }
}

const act: Act = ({ namespace, proxy, folder }, more, watch) => {
  const inputs = world().inputs({
    ...wanted,
    ...{ 'base-registry': bases, namespace, registry: proxy.host },
    ...more,
  })
  return runAction(inputs, { environment: { PATH: path }, folder, ...(watch && { watch }) })
}

/** Runs and counts one journey, and closes its proxy at the end. */
async function journey(work: (place: Place) => Promise<void>): Promise<void> {
  await limit(async () => {
    tried += 1
    const place = await openPlace()
    try {
      await work(place)
      right += 1
    } finally {
      await place.proxy.close()
    }
  })
}

/** @param begin an earlier run whose stored work this run finds */
async function runUndisturbed(more: Record<string, string>, begin?: Undisturbed): Promise<Undisturbed> {
  const place = await openPlace()
  if (begin) await withStaged(place, begin, /./)
  const run = await act(place, more)
  await place.proxy.close()
  expect(errorsOf(run)).toEqual([])
  return readUndisturbed(place.namespace)
}

beforeAll(async () => {
  path = pathThatEmulates()
  bases = await publishBasesForTwoPlatforms(world(), [
    'vllm/vllm-openai:v0.21.0',
    'vllm/vllm-openai:v0.10.2',
    'lmsysorg/sglang:v0.5.11',
  ])
  undisturbed = await runUndisturbed({})
  expect(Object.keys(undisturbed.state)).toHaveLength(4)
}, 15 * minutes)

afterAll(() => {
  process.stdout.write(`interrupted: ${tried} tried, ${right} ended right\n`)
})

describe('a command that was interrupted on one of many runners can simply be started again', () => {
  it.concurrent(
    'plan, right after the plan was stored: it returns the same plan',
    async () => {
      await journey(async (place) => {
        await withStaged(place, undisturbed, /./)
        await interrupted(act, place, { command: 'plan' }, { after: /^PUT .*\/manifests\/plan-/ })
        const [stored] = (await tagsOf(`${place.namespace}/image-cache`)).filter((tag) =>
          tag.startsWith('plan-'),
        )
        const { outputs } = await again(act, place, { command: 'plan' }, undisturbed)
        expect(outputs.plan).toBe(`${place.proxy.host}/${place.namespace}/image-cache:${stored ?? ''}`)
        await again(act, place, { command: 'promote', plan: outputs.plan ?? '' }, undisturbed)
        await expectUndisturbed(place, undisturbed)
      })
    },
    10 * minutes,
  )

  it.concurrent(
    'build, after the report, before the leg was marked as verified',
    async () => {
      const blow: Blow = { before: /^PUT .*\/manifests\/build-/ }
      await journey(async (place) => {
        await withStaged(place, undisturbed, /^(?!.*-amd64$)/)
        const planned = await act(place, { command: 'plan' })
        const [row] = rowsOf(planned)
        expect(rowsOf(planned)).toHaveLength(1)
        const build = { command: 'build', plan: planned.outputs.plan ?? '', leg: row?.leg ?? '' }
        await interrupted(act, place, build, blow)
        await again(act, place, build, undisturbed)
        await again(act, place, { command: 'promote', plan: build.plan }, undisturbed)
        await expectUndisturbed(place, undisturbed)
      })
    },
    10 * minutes,
  )

  it.concurrent(
    'promote, between its two tags',
    async () => {
      const tag = /^PUT .*\/vllm-openai\/manifests\/(?!sha256:)/
      await journey(async (place) => {
        await withStaged(place, undisturbed, /./)
        const plan = (await act(place, { command: 'plan' })).outputs.plan ?? ''
        const promote = { command: 'promote', plan }
        await interrupted(act, place, promote, { before: tag, nth: 2 })
        const from = place.proxy.seen.length
        await again(act, place, promote, undisturbed)
        // Two images, an attestation for each, their index, two tags: only what is missing is put
        // again.
        expect(place.proxy.seen.slice(from).filter((seen) => tag.test(seen))).toHaveLength(1)
        await expectUndisturbed(place, undisturbed)
        for (const name of await tagsOf(`${place.namespace}/vllm-openai`))
          expect(await digestOf(`${place.namespace}/vllm-openai`, name)).toBe(
            await digestOf(`${undisturbed.namespace}/vllm-openai`, name),
          )
      })
    },
    10 * minutes,
  )
})

describe('six legs on three runners in parallel', () => {
  const sixLegs = { engine: 'vllm, sglang', versions: 'vllm: v0.21.0, v0.10.2\nsglang: v0.5.11' }

  it.concurrent(
    'reach the state of one run, whenever they are interrupted and started again',
    async () => {
      const expected = await runUndisturbed({ ...sixLegs, parallel: '2' }, undisturbed)
      expect(Object.keys(expected.state)).toHaveLength(12)
      await journey(async (place) => {
        const planned = await act(place, { ...sixLegs, command: 'plan' })
        const plan = planned.outputs.plan ?? ''
        const legs = rowsOf(planned).map(({ leg }) => leg)
        expect(legs).toHaveLength(6)
        const moments: number[] = []
        /** Interrupts a command at some moment, and then runs it to its end. */
        const carryOut = async (more: Record<string, string>, longest: number): Promise<void> => {
          const moment = randomInt(longest)
          moments.push(moment)
          await act(place, more, (child, output) => {
            if (output === '') void sleep(moment).then(() => child.kill('SIGKILL'))
          })
          await act(place, more).then((run) => expect(errorsOf(run)).toEqual([]))
        }
        const runner = async (own: string[]): Promise<void> => {
          for (const leg of own) await carryOut({ command: 'build', plan, leg }, 6000)
        }
        await Promise.all([0, 1, 2].map((index) => runner(legs.filter((_, at) => at % 3 === index))))
        await carryOut({ command: 'promote', plan }, 1000)
        process.stdout.write(`ended after ${moments.join(', ')} ms\n`)
        await expectUndisturbed(place, expected)
      })
    },
    10 * minutes,
  )
})
