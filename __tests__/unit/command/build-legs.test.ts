import { getArtifact } from '../../../src/registry/artifact.ts'
import { createStore } from '../../../src/store/store.ts'
import { describe, expect, it } from '@jest/globals'
import { buildLegs, type BuildChoices } from '../../../src/command/build-legs.ts'
import { createLegLog } from '../../../src/leg/leg-log.ts'
import type { BuildCall } from '../../../src/buildkit/call.ts'
import type { LegSettings } from '../../../src/leg/leg.ts'
import type { LegWorld } from '../../../src/leg/world.ts'
import { BuildError } from '../../../src/buildkit/build-error.ts'
import type { Step } from '../../../src/buildkit/steps.ts'
import type { PlannedLeg } from '../../../src/plan/plan.ts'
import { candidateTag, documents, factsTag, reportTag, stagedTag } from '../../../src/store/contents.ts'
import type { Digest } from '../../../src/registry/content/digest.ts'
import { parseReport, serialiseReport } from '../../../src/store/leg-report.ts'
import type { LegFacts } from '../../../src/verify/facts.ts'
import { makeCall } from '../../support/build-calls.ts'
import { factsOf, makeOutcomeReport, makePlannedImages } from '../../support/reports.ts'
import { cache, createMemory, type Memory, putImage, stageLeg, run } from '../../support/memory-client.ts'
import { readMeasured } from '../../support/measured-facts.ts'

/** Three legs, each with its own engine version, base and build id. */
const legs = makePlannedImages(3).map(({ legs: [leg] }, index): PlannedLeg => {
  const digit = String(index + 1)
  const base = { ...leg.base, manifestDigest: `sha256:${digit.repeat(64)}` } as const
  return { ...leg, buildId: digit.repeat(64), base }
})
const [first, second, third] = legs
if (!first || !second || !third) throw new Error('there are three')

const usual: BuildChoices = { push: true, parallel: 1, failFast: true, force: false }
const secret = 'hunter2'

type Behaviour = {
  /** Called before BuildKit returns from a call */
  build?: (leg: PlannedLeg, call: BuildCall) => Promise<void> | void
  /** The steps that BuildKit reports for a call */
  steps?: (call: BuildCall) => Step[]
  /** The reason why the facts of a leg's base make it impossible */
  objection?: (leg: PlannedLeg) => string | undefined
  /** Called as soon as the image is pushed */
  pushed?: (leg: PlannedLeg) => Promise<unknown>
  /** What another run does while this one waits for it */
  settling?: () => Promise<unknown>
  commandOf?: () => string
  /** Changes what is measured */
  measured?: (facts: LegFacts) => void
  rules?: Partial<LegSettings>
}

/** A BuildKit that measures and pushes immediately. */
function legWorld(memory: Memory, leg: PlannedLeg, { build, steps, measured, pushed }: Behaviour): LegWorld {
  const facts = factsOf(leg)
  measured?.(facts)
  return {
    registry: memory.client,
    say: () => undefined,
    build: async (call) => {
      await build?.(leg, call)
      const said = steps?.(call) ?? []
      if (call.output.kind !== 'image') return { steps: said, digest: undefined }
      const { labels } = call.output
      const digest = await putImage(memory, cache, candidateTag(leg, run), leg, { labels })
      await pushed?.(leg)
      return { steps: said, digest }
    },
    facts: createStore(memory.client, cache).facts,
    artifacts: {
      provide: async ({ name }, make) => {
        await make(name)
        return { folder: name, origin: { state: 'built', duration: 1000 }, warnings: [] }
      },
      leaveOut: (kind) => Promise.resolve({ folder: kind, origin: { state: 'left out' }, warnings: [] }),
    },
    newPath: (name) => name,
    readText: readMeasured(facts),
    inspectImage: () => Promise.resolve(undefined),
    forgetImage: () => Promise.resolve(),
    compiledSources: () => Promise.resolve('c'.repeat(64)),
    fetchSource: (component) => Promise.resolve(`/sources/${component}`),
  }
}

async function built(
  behaviour: Behaviour = {},
  {
    memory = createMemory(),
    of = legs,
    ...choices
  }: Partial<BuildChoices> & { memory?: Memory; of?: PlannedLeg[] } = {},
) {
  const log: string[] = []
  const { context, dockerfile, secrets, options } = makeCall()
  const outcomes = await buildLegs(
    of,
    { ...usual, ...choices },
    {
      registry: memory.client,
      store: createStore(memory.client, cache),
      legWorld: (leg) => legWorld(memory, leg, behaviour),
      awaitOtherRuns: async () => {
        await behaviour.settling?.()
      },
      legLog: (leg) => createLegLog(leg.id, true, (line) => log.push(line)),
      settingsOf: (leg) => ({
        layerCache: { repository: cache, tag: 'layers-1', write: choices.push ?? true },
        call: { context, dockerfile, secrets, options },
        candidate: createStore(memory.client, cache).legs.candidate(leg, run),
        push: choices.push ?? true,
        judge: 'all',
        waivers: new Map(),
        addedBytesLimit: 100_000_000,
        outdated: () => undefined,
        ...behaviour.rules,
        index: false,
        recipes: { extension: 'e'.repeat(64), wheel: 'a'.repeat(64), ucx: 'b'.repeat(64) },
        objection: behaviour.objection && (() => Promise.resolve(behaviour.objection?.(leg))),
      }),
      commandOf: behaviour.commandOf ?? ((leg) => `docker build --build-arg TOKEN=${secret} ${leg.id}`),
      redact: (text) => text.replaceAll(secret, '***'),
    },
  )
  return { outcomes, log, memory, states: outcomes.map(({ state }) => state) }
}

/** The stored report of the first leg */
async function storedReport({ client }: Memory): Promise<string> {
  const [leg] = legs
  const bytes = leg && (await getArtifact(client, cache, reportTag(leg), documents.report))
  return bytes?.toString() ?? ''
}

const errorOf = (outcome: { state: string; error?: string } | undefined) => outcome?.error
const kinds = (memory: Memory) =>
  Object.keys(memory.tagsOf(cache))
    .map((tag) => tag.split('-')[0])
    .sort()

/** Records the legs that BuildKit builds. */
function recorder() {
  const asked: string[] = []
  const build = (leg: PlannedLeg): void => {
    if (asked.at(-1) !== leg.id) asked.push(leg.id)
  }
  return { asked, build }
}

describe('a leg that passes', () => {
  it('is staged with its report and the facts of its base', async () => {
    const { memory, states, outcomes } = await built({}, { of: [first] })
    expect(states).toEqual(['built'])
    const tags = memory.tagsOf(cache)
    expect(Object.keys(tags).sort()).toEqual(
      [stagedTag(first), candidateTag(first, run), factsTag(first.base), reportTag(first)].sort(),
    )
    expect(tags[stagedTag(first)]).toBe(tags[candidateTag(first, run)])
    const report = parseReport(await storedReport(memory), 'it')
    expect(report).toMatchObject({ buildId: first.buildId, digest: tags[stagedTag(first)] })
    expect(outcomes[0]).toMatchObject({ command: `docker build --build-arg TOKEN=*** ${first.id}`, report })
  })

  it('is staged with a warning if the registry refuses the facts of its base', async () => {
    const tag = factsTag(first.base)
    const memory = createMemory((request) => request === `put aibrix/image-cache:${tag}`)
    const { states, outcomes } = await built({}, { memory, of: [first] })
    expect(states).toEqual(['built'])
    expect(kinds(memory)).toEqual(['build', 'candidate', 'report'])
    const why = `The facts of the base are not stored, so the next run measures it again: registry docker.io refused "put aibrix/image-cache:${tag}".`
    expect(outcomes[0]).toMatchObject({ report: { warnings: [why] } })
  })

  it('is built and not staged without push', async () => {
    const { memory, states } = await built(
      { build: (_, { output }) => expect(output).not.toMatchObject({ push: true }) },
      { of: [first], push: false },
    )
    expect(states).toEqual(['built'])
    expect(kinds(memory)).toEqual(['candidate'])
    expect(memory.seen.filter((request) => request.startsWith('get '))).toEqual([
      'get aibrix/image-cache:layers-1',
      `get aibrix/image-cache:${factsTag(first.base)}`,
    ])
  })

  it('reads the layer cache by digest in each call, and writes it with the image', async () => {
    const memory = createMemory()
    const digest = await putImage(memory, cache, 'layers-1', second)
    const calls: (string | undefined)[][] = []
    const build = async (_: PlannedLeg, { output, layers }: BuildCall): Promise<void> => {
      if (layers) calls.push([output.kind, layers.from, layers.to])
      // Another run writes it meanwhile.
      if (output.kind === 'report') await putImage(memory, cache, 'layers-1', third)
    }
    await built({ build }, { memory, of: [first] })
    const place = `${cache.registry}/${cache.path}`
    expect(calls).toEqual([
      ['ahead', `${place}@${digest}`, undefined],
      ['report', `${place}@${digest}`, undefined],
      ['image', `${place}@${digest}`, `${place}:layers-1`],
    ])
  })

  it('reads no missing layer cache, and writes none without push', async () => {
    const calls: (string | undefined)[][] = []
    const build = (_: PlannedLeg, { layers }: BuildCall): void => {
      if (layers) calls.push([layers.from, layers.to])
    }
    await built({ build }, { of: [first], push: false })
    expect(calls).toEqual(Array.from({ length: 3 }, () => [undefined, undefined]))
  })

  it('passes and is staged if the layer cache fails, with a warning that is not stored', async () => {
    const steps = (): Step[] => [{ ...step, name: 'exporting cache to registry', instruction: undefined }]
    const { memory, outcomes, states } = await built({ steps }, { of: [first] })
    expect(states).toEqual(['built'])
    const [outcome] = outcomes
    expect(outcome && 'report' in outcome && outcome.report?.warnings).toEqual([
      expect.stringMatching(/^The layer cache .* could not be written, .*: exit code: 1\.$/),
    ])
    const stored = parseReport(await storedReport(memory), 'it')
    expect(stored.warnings).toEqual([])
  })

  it('is not built if it is already staged, and has the stored report', async () => {
    const memory = createMemory()
    await stageLeg(memory, second)
    const { asked, build } = recorder()
    const { states, outcomes, log } = await built({ build }, { memory })
    expect(states).toEqual(['built', 'staged', 'built'])
    expect(asked).toEqual([first.id, third.id])
    expect(outcomes[1]).toMatchObject({ report: { buildId: second.buildId } })
    expect(log).toContain(`${second.id} is already built and verified`)
  })

  it.each<[string, Partial<BuildChoices>, (memory: Memory) => Promise<unknown>]>([
    ['it is staged and force is set', { force: true }, (memory) => stageLeg(memory, first)],
    ['it has only a candidate', {}, (memory) => putImage(memory, cache, candidateTag(first, run), first)],
    ['its tag names something else', {}, (memory) => putImage(memory, cache, stagedTag(first), second)],
  ])('is built if %s', async (_, choices, prepare) => {
    const memory = createMemory()
    await prepare(memory)
    const { asked, build } = recorder()
    const { states } = await built({ build }, { memory, of: [first], ...choices })
    expect(states).toEqual(['built'])
    expect(asked).toEqual([first.id])
    expect(memory.tagsOf(cache)[stagedTag(first)]).toBe(memory.tagsOf(cache)[candidateTag(first, run)])
  })
})

it('a leg whose tag names something else warns that it replaces that', async () => {
  const memory = createMemory()
  await putImage(memory, cache, stagedTag(first), second)
  const { outcomes } = await built({}, { memory, of: [first] })
  const [outcome] = outcomes
  expect(outcome && 'report' in outcome && outcome.report?.warnings).toEqual([
    `docker.io/aibrix/image-cache:${stagedTag(first)} was built from something else than planned: its build id is ${second.buildId}. It is replaced.`,
  ])
  const stored = parseReport(await storedReport(memory), 'it')
  expect(stored.warnings).toEqual([])
})

describe('a leg that is staged and too old', () => {
  const aged = { ...first, newerThan: '2025-11-23T00:00:00.000Z' }

  it('is built, and replaces the old one', async () => {
    const memory = createMemory()
    const old = await stageLeg(memory, first)
    const { asked, build } = recorder()
    const { states } = await built({ build }, { memory, of: [aged] })
    expect([states, asked]).toEqual([['built'], [first.id]])
    expect(memory.tagsOf(cache)[stagedTag(first)]).not.toBe(old)
  })
})

describe('a leg that another run builds at the same time', () => {
  /** Has another run push, and stage, other bytes after this one has pushed its own. */
  const meanwhile = async (memory: Memory, leg: PlannedLeg, { staged }: { staged: boolean }) => {
    const labels = { 'io.aibrix.image.build-id': leg.buildId, other: 'true' }
    const digest = await putImage(memory, cache, candidateTag(leg, run), leg, { labels })
    const report = serialiseReport(makeOutcomeReport(leg, undefined, { digest }))
    if (staged) await createStore(memory.client, cache).legs.stage(leg, digest, report)
    return digest
  }

  it('is staged as built here, if the other run has only a candidate', async () => {
    const memory = createMemory()
    let other: string | undefined
    const pushed = async () => (other = await meanwhile(memory, first, { staged: false }))
    const { states, outcomes } = await built({ pushed }, { memory, of: [first] })
    expect(outcomes[0]).not.toHaveProperty('error')
    expect(states).toEqual(['built'])
    const tags = memory.tagsOf(cache)
    expect(tags[candidateTag(first, run)]).toBe(other)
    expect(tags[stagedTag(first)]).not.toBe(other)
  })

  it.each([false, true])('is as staged by the other run, if that was faster (force: %s)', async (force) => {
    const memory = createMemory()
    await stageLeg(memory, first)
    if (!force) memory.remove(cache, stagedTag(first))
    let other: string | undefined
    const pushed = async () => (other = await meanwhile(memory, first, { staged: true }))
    const { states, outcomes, log } = await built({ pushed }, { memory, of: [first], force })
    expect(states).toEqual(['staged'])
    expect(outcomes[0]).toMatchObject({ report: { digest: other } })
    expect(memory.tagsOf(cache)[stagedTag(first)]).toBe(other)
    expect(log).toContain(
      `${first.id} was built and verified by another run meanwhile, whose image is reused`,
    )
  })

  it('is as staged by the other run, if that wrote the tag at the same moment', async () => {
    let other: Digest | undefined
    let reported: Digest | undefined
    const memory = createMemory((request) => {
      if (other !== undefined && request === `put aibrix/image-cache:${stagedTag(first)}`) {
        memory.tag(cache, stagedTag(first), other)
        memory.tag(cache, reportTag(first), reported ?? other)
        return true
      }
      return false
    })
    const pushed = async () => {
      const digest = await meanwhile(memory, first, { staged: true })
      reported = memory.tagsOf(cache)[reportTag(first)]
      for (const tag of [stagedTag(first), reportTag(first)]) memory.remove(cache, tag)
      other = digest
    }
    const { states } = await built({ pushed }, { memory, of: [first] })
    expect(states).toEqual(['staged'])
    expect(memory.tagsOf(cache)[stagedTag(first)]).toBe(other)
  })

  it('is as staged by the other run, if that wrote the tag a moment later', async () => {
    const memory = createMemory()
    let other: string | undefined
    const settling = async () => (other = await meanwhile(memory, first, { staged: true }))
    const { outcomes } = await built({ settling }, { memory, of: [first] })
    expect(outcomes[0]).toMatchObject({ state: 'staged', report: { digest: other } })
    expect(memory.tagsOf(cache)[stagedTag(first)]).toBe(other)
  })

  it('is as staged here, with its report, if the other run wrote its report a moment later', async () => {
    const memory = createMemory()
    const settling = async () => {
      const own = await memory.client.getManifest(cache, stagedTag(first))
      if (!own) throw new Error('nothing is staged')
      await meanwhile(memory, first, { staged: true })
      memory.tag(cache, stagedTag(first), own.digest)
    }
    const { states } = await built({ settling }, { memory, of: [first] })
    expect(states).toEqual(['built'])
    const report = parseReport(await storedReport(memory), 'it')
    expect(report.digest).toBe(memory.tagsOf(cache)[stagedTag(first)])
  })
})

it('a leg whose report another run has overwritten is staged with its own', async () => {
  let other: Digest | undefined
  const memory = createMemory((request) => {
    // Between this run's report and its tag
    if (other !== undefined && request === `put aibrix/image-cache:${stagedTag(first)}`) {
      memory.tag(cache, reportTag(first), other)
      other = undefined
    }
    return false
  })
  const pushed = async () => (other = await putImage(memory, cache, 'x', second))
  const { states } = await built({ pushed }, { memory, of: [first] })
  expect(states).toEqual(['built'])
  const report = parseReport(await storedReport(memory), 'it')
  expect(report.digest).toBe(memory.tagsOf(cache)[stagedTag(first)])
})

it('a leg whose command can not be written has none', async () => {
  const commandOf = () => {
    throw new Error('a line break')
  }
  const { outcomes } = await built({ commandOf }, { of: [first] })
  expect(outcomes[0]).toMatchObject({ state: 'built' })
  expect(outcomes[0]).not.toHaveProperty('command')
})

const step: Step = {
  id: 'x',
  name: '[wheel 1/2] RUN build',
  stage: 'wheel',
  instruction: 'RUN',
  started: 1000,
  completed: 3000,
  cached: false,
  error: 'exit code: 1',
  lastLines: [],
  suspects: [],
}

describe('a leg that fails', () => {
  it.each<[string, Behaviour, RegExp, string[]]>([
    [
      'at a gate',
      { measured: ({ image }) => (image.nixl.distributions = { nixl: '0.7.0', 'nixl-cu13': '0.7.0' }) },
      /^(?:A gate|\d gates) failed: .*\(.*0\.7\.0.*\)\. /,
      ['facts'],
    ],
    [
      'at a gate on the base',
      { measured: ({ base }) => (base.engines = []) },
      /^A gate failed: engine-version \(no vllm\)\. Python in the base .* finds no package vllm/,
      ['facts'],
    ],
    [
      'in a build',
      {
        build: () => {
          throw new BuildError(`It does not compile with ${secret}.`, {
            reason: 'x',
            step,
            steps: [step],
            logFile: 'x',
          })
        },
      },
      /^It does not compile with \*\*\*\.$/,
      [],
    ],
    [
      'in an unexpected way',
      {
        build: () => {
          throw new TypeError('x is undefined')
        },
      },
      /^x is undefined$/,
      [],
    ],
  ])('%s is reported and not staged', async (_, behaviour, error, tags) => {
    const { states, outcomes, memory, log } = await built(behaviour, { of: [first] })
    expect(states).toEqual(['failed'])
    expect(errorOf(outcomes[0])).toMatch(error)
    expect(kinds(memory)).toEqual(tags)
    expect(log.at(-1)).toBe('::endgroup::')
  })

  it('is not built if a gate on the base fails, unless that is waived or nothing is judged', async () => {
    const behaviour = { measured: ({ base }: LegFacts) => (base.loaderUcx = ['/usr/lib/libucp.so.0']) }
    const outputs = async (rules: Partial<LegSettings>): Promise<string[]> => {
      const calls: string[] = []
      const build = (_: PlannedLeg, { output }: BuildCall): void => void calls.push(output.kind)
      await built({ ...behaviour, build, rules }, { of: [first] })
      return calls
    }
    expect(await outputs({})).toEqual(['facts'])
    const { outcomes } = await built(behaviour, { of: [first] })
    expect(outcomes[0]).toMatchObject({ report: { gates: [{ name: 'second-libucp', state: 'fail' }] } })
    expect(await outputs({ waivers: new Map([['second-libucp', 'known']]) })).toContain('image')
    expect(await outputs({ judge: 'nothing' })).toContain('image')
  })

  it('has the duration of the completed steps in its report', async () => {
    const build = (): void => {
      throw new BuildError('No.', { reason: 'x', step, steps: [step], logFile: 'x' })
    }
    const { outcomes } = await built({ build }, { of: [first] })
    expect(outcomes[0]).toMatchObject({
      report: { steps: [{ name: step.name, duration: 2000, failed: true }], gates: [] },
    })
  })

  it.each([
    ['its report', reportTag(first), ['candidate', 'facts']],
    ['the tag that means verified', stagedTag(first), ['candidate', 'facts', 'report']],
  ])('because the registry refuses %s is not staged', async (_, tag, left) => {
    const memory = createMemory((request) => request === `put aibrix/image-cache:${tag}`)
    const { states, outcomes } = await built({}, { memory, of: [first] })
    expect(states).toEqual(['failed'])
    expect(errorOf(outcomes[0])).toContain('registry docker.io refused')
    expect(kinds(memory)).toEqual(left)
  })

  it.each<[boolean, string[], string[]]>([
    [true, ['built', 'failed', 'skipped'], [first.id, second.id]],
    [false, ['built', 'failed', 'built'], [first.id, second.id, third.id]],
  ])('with fail-fast: %s leaves the legs %j', async (failFast, expected, begun) => {
    const { asked, build } = recorder()
    const failing = (leg: PlannedLeg): void => {
      build(leg)
      if (leg === second) throw new Error('No.')
    }
    const { states, outcomes } = await built({ build: failing }, { failFast })
    expect(states).toEqual(expected)
    expect(asked).toEqual(begun)
    expect(outcomes.map(({ leg }) => leg)).toEqual(legs)
  })
})

describe('legs in parallel', () => {
  it.each([1, 2, 3])('are at most %d, and keep their order', async (parallel) => {
    const underWay = { now: 0, most: 0 }
    const build = async (leg: PlannedLeg, { output: { kind } }: BuildCall): Promise<void> => {
      // The stages of one leg are built in parallel.
      if (kind === 'ucx' || kind === 'ahead') return
      underWay.now += 1
      underWay.most = Math.max(underWay.most, underWay.now)
      // The first one takes the longest.
      await new Promise((done) => setTimeout(done, 30 - 10 * legs.indexOf(leg)))
      underWay.now -= 1
    }
    const { outcomes, states } = await built({ build }, { parallel })
    expect(underWay.most).toBe(parallel)
    expect(outcomes.map(({ leg }) => leg)).toEqual(legs)
    expect(states).toEqual(['built', 'built', 'built'])
  })

  it('that are in progress when another one fails are completed', async () => {
    const build = async (leg: PlannedLeg): Promise<void> => {
      if (leg === first) throw new Error('No.')
      await new Promise((done) => setTimeout(done, 10))
    }
    expect((await built({ build }, { parallel: 2 })).states).toEqual(['failed', 'built', 'skipped'])
  })
})

describe('a leg that only the facts of its base show to be impossible', () => {
  const matched = legs.map((leg): PlannedLeg => ({ ...leg, named: ['aibrix', 'nixl'] }))
  const objection = (leg: PlannedLeg) => (leg.id === first.id ? 'it has no torch' : undefined)

  it('is left out if a range chose it, with its facts stored, and without effect on other legs', async () => {
    const { states, outcomes, memory, log } = await built({ objection }, { of: matched })
    expect(states).toEqual(['impossible', 'built', 'built'])
    expect(outcomes[0]).toEqual({ leg: matched[0], state: 'impossible', reason: 'it has no torch' })
    expect(Object.keys(memory.tagsOf(cache))).toContain(factsTag(first.base))
    expect(Object.keys(memory.tagsOf(cache))).not.toContain(candidateTag(first, run))
    expect(log).toContain(`${first.id} is left out: it has no torch`)
  })

  it('fails if it was named', async () => {
    const { states, outcomes } = await built({ objection })
    expect(states).toEqual(['failed', 'skipped', 'skipped'])
    expect(errorOf(outcomes[0])).toContain("can't be built: it has no torch; choose other versions")
  })

  it('fails alone if its facts can not be stored', async () => {
    const memory = createMemory((request) => request.includes('facts-1'))
    const { states, outcomes } = await built({ objection }, { of: matched, memory, failFast: false })
    expect(states).toEqual(['failed', 'built', 'built'])
    expect(errorOf(outcomes[0])).toContain('registry docker.io refused')
  })
})
