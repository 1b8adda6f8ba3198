import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pLimit from 'p-limit'
import { type FreshEngine, noFreshEngine, openFreshEngine } from '../../script/fresh-engine.ts'
import { type ActionRun, changedAction, errorsOf, runAction, tagsOf } from '../support/action.ts'
import {
  type Act,
  again,
  type Blow,
  expectNoLie,
  expectUndisturbed,
  interrupted,
  type Moment,
  type Place,
  readUndisturbed,
  struck,
  type Undisturbed,
  withStaged,
} from '../support/interrupted-runs.ts'
import {
  type Journey,
  killedAndAgain,
  openPlace as openPlaceInMemory,
  type Place as InMemory,
  publishBases,
  undisturbedRun,
} from '../support/in-process/kills.ts'
import { type Content, withTags } from '../support/registry-in-memory.ts'
import { type Door, openRegistryProxy } from '../support/registry-proxy.ts'
import { wanted } from '../support/faults/wanted.ts'
import { useStandIns } from '../support/stand-in-inputs.ts'
import { stateOf } from '../support/two-platforms.ts'

const minutes = 60_000

const world = useStandIns()

/** Short delays, because a killed engine does not come back. */
const impatient = { IMAGE_ACTION_WAITS: JSON.stringify({ settle: 10, retry: 10, longest: 10 }) }

/** Why no engine can be killed on this machine */
const withoutEngine = noFreshEngine()

/** Journeys in parallel; each has its own namespace and waits half of its time */
const limit = pLimit(2)

let undisturbed: Undisturbed
let counter = 0
let tried = 0
let survived = 0
let wholeRuns = 0

/**
 * Tags of the undisturbed run that another run starts with if a test is not about the steps before
 * them
 */
const kept = /^(?:facts|extension|wheel|ucx)-/
const nothing = /^(?!)/

type Begin = { folder?: string; with?: RegExp }

async function openPlace({ folder = '.', with: tags = kept }: Begin = {}): Promise<Place> {
  const door: Door = {}
  const namespace = `${world().namespace}-${(counter += 1)}`
  const place = { namespace, door, proxy: await openRegistryProxy(door), folder }
  if (tags !== nothing) await withStaged(place, undisturbed, tags)
  return place
}

function actWith(more: NodeJS.ProcessEnv): Act {
  return ({ namespace, proxy, folder }, inputs, watch) =>
    runAction(world().inputs({ ...wanted, namespace, registry: proxy.host, ...inputs }), {
      environment: more,
      folder,
      ...(watch && { watch }),
    })
}

const act = actWith({})

async function runUndisturbed(begin: Begin, on = act): Promise<Undisturbed> {
  const place = await openPlace(begin)
  const run = await on(place, {})
  await place.proxy.close()
  expect(errorsOf(run)).toEqual([])
  return readUndisturbed(place.namespace)
}

/** Runs and counts one journey, and closes its proxy at the end. */
async function journey(work: (place: Place) => Promise<void>, begin: Begin = {}): Promise<void> {
  await limit(async () => {
    tried += 1
    wholeRuns += 1
    const place = await openPlace(begin)
    try {
      await work(place)
      survived += 1
    } finally {
      await place.proxy.close()
    }
  })
}

/** Asserts that the same run, started again, succeeds and builds nothing that is finished. */
async function expectCompleted(place: Place, expected: Undisturbed, on = act): Promise<ActionRun> {
  const finished = [...(await expectNoLie(place, expected)).keys()]
  const run = await again(on, place, {}, expected)
  // As BuildKit reports the steps
  for (const kind of ['extension', 'wheel', 'ucx'])
    if (finished.some((tag) => tag.startsWith(`${kind}-`))) expect(run.log).not.toContain(`[${kind}-builder `)
  if (finished.some((tag) => tag.startsWith('build-'))) expect(run.log).not.toContain('[with-aibrix ')
  await expectUndisturbed(place, expected)
  return run
}

/** Returns an action with some stages that were never built, so that their steps run. */
function actionWithNew(...stages: string[]): string {
  const from = new RegExp(`^FROM .* AS (?:${stages.join('|')})$`, 'gm')
  return changedAction('dockerfiles/Dockerfile.vllm', (text) =>
    text.replace(from, (line) => `${line}\nRUN : ${randomInt(1e9)}`),
  )
}

const compiling = /\[extension-builder 2\/2\] RUN build-extension/
const stepOfTheImage = /\[with-aibrix \d\/\d\] RUN install-aibrix\n/

/** What promotion prints for two tags: each is confirmed. */
const bothTags = /(?: → sha256:[^]*){2}/
const publicTag = /^PUT \/v2\/[^?]+\/vllm-openai\/manifests\/(?!sha256:)/

beforeAll(async () => {
  undisturbed = await runUndisturbed({ with: nothing })
  expect(Object.keys(undisturbed.state)).toHaveLength(2)
}, 15 * minutes)

afterAll(() => {
  if (withoutEngine !== undefined) process.stdout.write(`No engine was killed: ${withoutEngine}\n`)
  process.stdout.write(`kill matrix: ${tried} tried, ${survived} survived; ${wholeRuns} were whole runs\n`)
})

describe('a command that was killed at any of its requests reaches the undisturbed result when started again', () => {
  const one = ['linux/amd64']
  const two = [...one, 'linux/arm64']
  let inMemory: InMemory

  beforeAll(async () => {
    inMemory = await openPlaceInMemory()
  })
  afterAll(() => inMemory.close())

  async function survivesAll(journey: Journey): Promise<void> {
    for (const when of ['before', 'after'] as const)
      for (let nth = 1; ; nth += 1) {
        tried += 1
        const at = await killedAndAgain(inMemory, journey, { nth, when })
        if (at === undefined) {
          tried -= 1
          break
        }
        survived += 1
      }
  }

  const undisturbedFrom = (begin: Content, platforms: string[], inputs: Record<string, string> = {}) =>
    undisturbedRun(inMemory, { begin, platforms, inputs })

  /**
   * Returns a registry with the verified legs of the matching platforms (of two) and nothing
   * public.
   */
  async function verified(tags: RegExp): Promise<Content> {
    const { content } = await undisturbedFrom(await publishBases(inMemory, two), two)
    return withTags(withTags(content, 'acme/image-cache', tags), 'acme/vllm-openai', /^(?!)/)
  }

  it(
    'run, from nothing',
    async () => {
      const { journey } = await undisturbedFrom(await publishBases(inMemory, one), one)
      await survivesAll(journey)
    },
    5 * minutes,
  )

  it(
    'run, with both platforms verified',
    async () => {
      const { journey } = await undisturbedFrom(await verified(/./), two)
      await survivesAll(journey)
    },
    5 * minutes,
  )

  it(
    'plan, which returns the same plan',
    async () => {
      const { journey } = await undisturbedFrom(await verified(/./), two, { command: 'plan' })
      expect(journey.undisturbed.plan).toMatch(/^plan-[0-9a-f]{64}$/)
      await survivesAll(journey)
    },
    5 * minutes,
  )

  it(
    'build and promote, with one of two platforms verified',
    async () => {
      const planned = await undisturbedFrom(await verified(/^(?!.*-amd64$)/), two, { command: 'plan' })
      const plan = planned.journey.undisturbed.plan ?? ''
      const leg = 'vllm-v0.21.0-aibrix-v0.7.0-nixl-0.7.1-amd64'
      const build = await undisturbedFrom(planned.content, two, { command: 'build', plan, leg })
      await survivesAll(build.journey)
      const promote = await undisturbedFrom(build.content, two, { command: 'promote', plan })
      expect(Object.keys(promote.journey.undisturbed.state)).toHaveLength(4)
      await survivesAll(promote.journey)
    },
    5 * minutes,
  )

  it(
    'tag, of a staged leg',
    async () => {
      const begin = await verified(/-amd64$/)
      const tags = [...(begin.get('acme/image-cache')?.tags.keys() ?? [])]
      const image = tags.find((tag) => tag.startsWith('build-')) ?? ''
      const { journey } = await undisturbedFrom(begin, one, { command: 'tag', image })
      expect(Object.keys(journey.undisturbed.state)).toHaveLength(2)
      await survivesAll(journey)
    },
    5 * minutes,
  )
})

describe('a whole run that was killed reaches the undisturbed result when started again', () => {
  it.concurrent.each<[string, Blow, Begin?]>([
    ['before the facts of the base are stored', { before: /^PUT .*\/manifests\/facts-/ }, { with: nothing }],
    ['right after the wheel was stored', { after: /^PUT .*\/manifests\/wheel-/ }, { with: /^facts-/ }],
    ['in the push of the candidate, after the registry took it', { after: /^PUT .*\/manifests\/candidate-/ }],
    ['before the leg is marked as verified', { before: /^PUT .*\/manifests\/build-/ }],
    ['between two public tags, by SIGINT', { before: publicTag, nth: 2, signal: 'SIGINT' }],
  ])(
    '%s',
    async (_, blow, begin) => {
      await journey(async (place) => {
        const run = await interrupted(act, place, {}, blow)
        if (blow.signal === 'SIGINT') expect(errorsOf(run).join()).toMatch(/cancelled/)
        await expectCompleted(place, undisturbed)
      }, begin)
    },
    10 * minutes,
  )

  it.concurrent(
    'in the report of the run, after its last tag',
    async () => {
      // Nothing reads the summary's pipe, so writing it never ends.
      const summary = join(mkdtempSync(join(tmpdir(), 'summary-')), 'unread')
      execFileSync('mkfifo', [summary])
      await journey(async (place) => {
        const run = await interrupted(actWith({ GITHUB_STEP_SUMMARY: summary }), place, {}, { at: bothTags })
        expect(Object.keys(run.outputs)).toEqual(['logs-path'])
        expect(await stateOf(place.namespace)).toEqual(undisturbed.state)
        await expectCompleted(place, undisturbed)
      })
    },
    10 * minutes,
  )

  it.concurrent(
    'while the extension is compiled, and again in a step of the image',
    async () => {
      const begin = { folder: actionWithNew('extension-builder', 'with-aibrix'), with: /^(?:facts|ucx)-/ }
      await journey(async (place) => {
        for (const at of [compiling, stepOfTheImage]) {
          await interrupted(act, place, {}, { at })
          // Nothing with this build id was ever published.
          expect(await tagsOf(`${place.namespace}/vllm-openai`)).toEqual([])
        }
        await expectCompleted(place, await runUndisturbed(begin))
      }, begin)
    },
    10 * minutes,
  )
})

describe('a run whose engine was killed', () => {
  const killing = withoutEngine === undefined ? it : it.skip
  /** A separate one that can be killed */
  let engine: FreshEngine | undefined
  /** On that engine, since the layers of another one have other sizes */
  let undisturbedThere: Undisturbed
  const actThere = (more: NodeJS.ProcessEnv = {}) => actWith({ ...engine?.environment, ...more })

  beforeAll(async () => {
    if (withoutEngine !== undefined) return
    engine = await openFreshEngine()
    undisturbedThere = await runUndisturbed({}, actThere())
  }, 5 * minutes)
  afterAll(() => engine?.close(), minutes)

  killing.each<[string, 'with-aibrix' | undefined, Moment]>([
    ['in a step of the image', 'with-aibrix', { at: stepOfTheImage }],
    ['in the push of the candidate', undefined, { before: /^PUT .*\/manifests\/candidate-/ }],
  ])(
    '%s reports it, and reaches the undisturbed result when started again',
    async (_, stage, moment) => {
      const begin = stage === undefined ? {} : { folder: actionWithNew(stage) }
      await journey(async (place) => {
        const run = await struck(actThere(impatient), place, {}, moment, async () => engine?.crash())
        await engine?.restart()
        expect(run.code).toBe(1)
        expect(errorsOf(run)).toHaveLength(1)
        expect(errorsOf(run).join()).toMatch(/failed.*\.$/)
        expect(await tagsOf(`${place.namespace}/vllm-openai`)).toEqual([])
        const expected = stage === undefined ? undisturbedThere : await runUndisturbed(begin, actThere())
        await expectCompleted(place, expected, actThere())
      }, begin)
    },
    5 * minutes,
  )
})
