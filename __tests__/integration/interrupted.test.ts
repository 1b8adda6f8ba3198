import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type ChildProcess } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type ActionOptions,
  type ActionRun,
  changedAction,
  digestOf,
  errorsOf,
  runAction,
  tagsOf,
} from './action.ts'
import { type Door, openRegistryProxy, type RegistryProxy } from './registry-proxy.ts'
import { useStandIns } from './stand-in-inputs.ts'
import { copyTag, pathThatEmulates, publishBasesForTwoPlatforms, rowsOf, stateOf } from './two-platforms.ts'

const minutes = 60_000

const world = useStandIns()

/** One image of two platforms, which gets two tags. */
const wanted = {
  engine: 'vllm',
  versions: 'v0.21.0',
  'aibrix-version': 'v0.7.0',
  'gpu-architectures': '9.0',
  platforms: 'linux/amd64, linux/arm64',
  tags: '{{engine-version}}-aibrix-{{aibrix}}-nixl-{{nixl}}-{{date}}\n{{engine-version}}',
}

let bases: string
let path: string
let counter = 0
let tried = 0
let right = 0

/** What a run gives that nothing disturbs */
let undisturbed: { namespace: string; state: Record<string, unknown>; cache: string[] }

/** A namespace of its own in the test registry, behind a door of its own. */
type Place = { namespace: string; door: Door; proxy: RegistryProxy; folder: string }

async function openPlace(folder = '.'): Promise<Place> {
  const door: Door = {}
  const namespace = `${world().namespace}-${(counter += 1)}`
  return { namespace, door, proxy: await openRegistryProxy(door), folder }
}

function act(
  { namespace, proxy, folder }: Pick<Place, 'namespace' | 'folder'> & { proxy?: RegistryProxy },
  more: Record<string, string>,
  watch?: ActionOptions['watch'],
): Promise<ActionRun> {
  const inputs = world().inputs({
    ...wanted,
    ...{ 'base-registry': bases, namespace },
    ...(proxy && { registry: proxy.host }),
    ...more,
  })
  return runAction(inputs, { environment: { PATH: path }, folder, ...(watch && { watch }) })
}

/** When the process is ended: at a request, before or after the registry sees it, or at a line of the output. */
type Blow = { before?: RegExp; after?: RegExp; at?: RegExp; nth?: number; signal?: NodeJS.Signals }

/** Carries out a command that gets a signal in the middle, which it must not survive. */
async function interrupted(place: Place, more: Record<string, string>, blow: Blow): Promise<ActionRun> {
  const { before, after, at, nth = 1, signal = 'SIGKILL' } = blow
  const struck = new AbortController()
  const gone = Promise.withResolvers<undefined>()
  let child: ChildProcess | undefined
  const strike = () => {
    struck.abort()
    child?.kill(signal)
  }
  const counted = (pattern: RegExp | undefined) => {
    let left = nth
    return (seen: string) => pattern?.test(seen) === true && (left -= 1) === 0
  }
  const [isBefore, isAfter] = [counted(before), counted(after)]
  place.door.before = async (seen) => {
    if (!isBefore(seen)) return undefined
    strike()
    await gone.promise
    return 503
  }
  place.door.after = async (seen) => {
    if (!isAfter(seen)) return
    strike()
    await gone.promise
  }
  const run = await act(place, more, (started, output) => {
    child = started
    if (at?.test(output) === true) strike()
  })
  gone.resolve(undefined)
  delete place.door.before
  delete place.door.after
  if (!struck.signal.aborted) throw new Error(`it ended before it was to be ended: ${run.log}`)
  if (signal === 'SIGKILL') expect(run.signal).toBe('SIGKILL')
  else expect(run.code).toBe(1)
  return run
}

/** The tags of the cache repository that stand for work done, with what they name. */
async function cacheOf(namespace: string): Promise<Map<string, string | null>> {
  const name = `${namespace}/image-cache`
  const tags = (await tagsOf(name)).filter((tag) => !tag.startsWith('plan-'))
  return new Map(await Promise.all(tags.map(async (tag) => [tag, await digestOf(name, tag)] as const)))
}

/** Whatever was interrupted, what is public is right. @returns what is staged */
async function expectNoLie(
  { namespace }: Place,
  expected = undisturbed.state,
): Promise<Map<string, string | null>> {
  expect(expected).toMatchObject(await stateOf(namespace))
  return new Map([...(await cacheOf(namespace))].filter(([tag]) => tag.startsWith('build-')))
}

/** Carries out a command to its end, which repeats nothing that is staged. */
async function again(
  place: Place,
  more: Record<string, string>,
  expected = undisturbed.state,
): Promise<ActionRun> {
  const staged = await expectNoLie(place, expected)
  const from = place.proxy.seen.length
  const run = await act(place, more)
  expect(errorsOf(run)).toEqual([])
  expect(run.code).toBe(0)
  const writes = place.proxy.seen.slice(from).filter((seen) => seen.startsWith('PUT '))
  const now = await cacheOf(place.namespace)
  for (const [tag, digest] of staged) {
    expect(now.get(tag)).toBe(digest)
    for (const kind of ['candidate-', 'report-', 'build-'])
      expect(writes.filter((seen) => seen.endsWith(tag.replace('build-', kind)))).toEqual([])
  }
  return run
}

async function expectUndisturbed(place: Place, expected = undisturbed): Promise<void> {
  expect(await stateOf(place.namespace)).toEqual(expected.state)
  expect([...(await cacheOf(place.namespace)).keys()]).toEqual(expected.cache)
}

/** One journey: counted, and its door closed at the end. */
async function journey(work: (place: Place) => Promise<void>, folder = '.'): Promise<void> {
  tried += 1
  const place = await openPlace(folder)
  try {
    await work(place)
    right += 1
  } finally {
    await place.proxy.close()
  }
}

async function runUndisturbed({ folder = '.', more = {} } = {}): Promise<typeof undisturbed> {
  const namespace = `${world().namespace}-undisturbed-${(counter += 1)}`
  const run = await act({ namespace, folder }, more)
  expect(errorsOf(run)).toEqual([])
  const cache = [...(await cacheOf(namespace)).keys()]
  return { namespace, state: await stateOf(namespace), cache }
}

/** Has what the undisturbed run left in its cache repository, as far as its tags match. */
async function withStaged({ namespace }: Place, pattern: RegExp): Promise<void> {
  for (const [tag, digest] of await cacheOf(undisturbed.namespace))
    if (pattern.test(tag) && digest !== null)
      await copyTag(`${undisturbed.namespace}/image-cache`, digest, `${namespace}/image-cache`, tag)
}

const publicTag = /^PUT \/v2\/[^?]+\/vllm-openai\/manifests\/(?!sha256:)/

beforeAll(async () => {
  path = pathThatEmulates()
  bases = await publishBasesForTwoPlatforms(world(), [
    'vllm/vllm-openai:v0.21.0',
    'vllm/vllm-openai:v0.10.2',
    'lmsysorg/sglang:v0.5.11',
  ])
  undisturbed = await runUndisturbed()
  expect(Object.keys(undisturbed.state)).toHaveLength(4)
}, 15 * minutes)

afterAll(() => {
  process.stdout.write(`interrupted: ${tried} tried, ${right} ended right\n`)
})

describe('a run that was ended ends as if nothing had been when it is started again', () => {
  it.each<[string, Blow]>([
    ['before anything was built', { before: /^POST .*\/blobs\/uploads/ }],
    ['right after the first candidate was pushed', { after: /^PUT .*\/manifests\/candidate-/ }],
    [
      'after a report was stored, before its leg was marked as verified',
      { before: /^PUT .*\/manifests\/build-.*-amd64/ },
    ],
    ['right after a leg was marked as verified', { after: /^PUT .*\/manifests\/build-.*-amd64/ }],
    ['when the second leg was built', { before: /^PUT .*\/manifests\/report-.*-arm64/ }],
    ['before the first public tag', { before: publicTag }],
    ['between two public tags, by SIGINT', { before: publicTag, nth: 2, signal: 'SIGINT' }],
  ])(
    '%s',
    async (_, blow) => {
      await journey(async (place) => {
        const run = await interrupted(place, {}, blow)
        if (blow.signal === 'SIGINT') expect(errorsOf(run).join()).toMatch(/cancelled/)
        await again(place, {})
        await expectUndisturbed(place)
      })
    },
    2 * minutes,
  )

  it(
    'in the middle of a step of BuildKit, of the second leg',
    async () => {
      const folder = changedAction('dockerfiles/Dockerfile.vllm', (text) =>
        text.replace('ARG BASE_USER=""', () => `RUN sleep 4; : ${randomInt(1e9)}\nARG BASE_USER=""`),
      )
      await journey(async (place) => {
        await interrupted(place, {}, { at: /-arm64 \| .*RUN sleep 4/ })
        // Nothing with its build id was published ever before.
        expect(await tagsOf(`${place.namespace}/vllm-openai`)).toEqual([])
        expect(
          [...(await cacheOf(place.namespace)).keys()].filter((tag) => tag.startsWith('build-')),
        ).toHaveLength(1)
        await again(place, {})
        await expectUndisturbed(place, await runUndisturbed({ folder }))
      }, folder)
    },
    3 * minutes,
  )
})

describe('a command on one of many runners that was ended is simply started again', () => {
  it(
    'plan, right after the plan was stored: it gives the same plan',
    async () => {
      await journey(async (place) => {
        await withStaged(place, /./)
        await interrupted(place, { command: 'plan' }, { after: /^PUT .*\/manifests\/plan-/ })
        const [stored] = (await tagsOf(`${place.namespace}/image-cache`)).filter((tag) =>
          tag.startsWith('plan-'),
        )
        const { outputs } = await again(place, { command: 'plan' })
        expect(outputs.plan).toBe(`${place.proxy.host}/${place.namespace}/image-cache:${stored ?? ''}`)
        await again(place, { command: 'promote', plan: outputs.plan ?? '' })
        await expectUndisturbed(place)
      })
    },
    2 * minutes,
  )

  it.each<[string, Blow]>([
    ['right after the candidate was pushed', { after: /^PUT .*\/manifests\/candidate-/ }],
    ['before the report', { before: /^PUT .*\/manifests\/report-/ }],
    ['after the report, before the leg was marked as verified', { before: /^PUT .*\/manifests\/build-/ }],
    ['right after the leg was marked as verified', { after: /^PUT .*\/manifests\/build-/ }],
  ])(
    'build, %s',
    async (_, blow) => {
      await journey(async (place) => {
        await withStaged(place, /^(?!.*-amd64$)/)
        const planned = await act(place, { command: 'plan' })
        const [row] = rowsOf(planned)
        expect(rowsOf(planned)).toHaveLength(1)
        const build = { command: 'build', plan: planned.outputs.plan ?? '', leg: row?.leg ?? '' }
        await interrupted(place, build, blow)
        await again(place, build)
        await again(place, { command: 'promote', plan: build.plan })
        await expectUndisturbed(place)
      })
    },
    2 * minutes,
  )

  it(
    'promote, before each manifest that it puts, and at its first blob',
    async () => {
      const promotion = async (blow: Blow | undefined): Promise<string[]> => {
        let puts: string[] = []
        await journey(async (place) => {
          await withStaged(place, /./)
          const plan = (await act(place, { command: 'plan' })).outputs.plan ?? ''
          const promote = { command: 'promote', plan }
          if (blow) await interrupted(place, promote, blow)
          const from = place.proxy.seen.length
          await again(place, promote)
          puts = place.proxy.seen.slice(from).filter((seen) => seen.startsWith('PUT '))
          await expectUndisturbed(place)
          for (const tag of await tagsOf(`${place.namespace}/vllm-openai`))
            expect(await digestOf(`${place.namespace}/vllm-openai`, tag)).toBe(
              await digestOf(`${undisturbed.namespace}/vllm-openai`, tag),
            )
        })
        return puts
      }
      // Two images, an attestation for each, their index, two tags
      const all = await promotion(undefined)
      expect(all).toHaveLength(7)
      await promotion({ before: /^POST .*mount=/ })
      for (const nth of all.keys()) await promotion({ before: /^PUT .*\/manifests\//, nth: nth + 1 })
    },
    4 * minutes,
  )
})

describe('six legs on three runners side by side', () => {
  const sixLegs = { engine: 'vllm, sglang', versions: 'vllm: v0.21.0, v0.10.2\nsglang: v0.5.11' }

  it(
    'that are ended at any time and started again come to the state of one run',
    async () => {
      const expected = await runUndisturbed({ more: { ...sixLegs, parallel: '2' } })
      expect(Object.keys(expected.state)).toHaveLength(12)
      await journey(async (place) => {
        const planned = await act(place, { ...sixLegs, command: 'plan' })
        const plan = planned.outputs.plan ?? ''
        const legs = rowsOf(planned).map(({ leg }) => leg)
        expect(legs).toHaveLength(6)
        const moments: number[] = []
        /** Ends a command at some moment, and then lets it come to its end. */
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
    6 * minutes,
  )
})
