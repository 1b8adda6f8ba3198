import { describe, expect, it } from '@jest/globals'
import type { BuildCall } from '../../../src/buildkit/call.ts'
import { createArtifacts } from '../../../src/leg/artifacts.ts'
import { extensionOf } from '../../../src/plan/keys/artifact-key.ts'
import { measureOnStages } from '../../../src/leg/on-stages.ts'
import { artifactsFor, type StagesSettings } from '../../../src/leg/stages.ts'
import type { LegWorld } from '../../../src/leg/world.ts'
import { UserError } from '../../../src/errors.ts'
import { RegistryRefusal } from '../../../src/registry/http/failure.ts'
import type { BaseFacts } from '../../../src/verify/facts.ts'
import { about, type Gate } from '../../../src/verify/gate.ts'
import { asRoot, makeBase, makeImage, makeLeg, ucxOf } from '../../support/verified-leg.ts'
import { newFolder, writeContent } from '../../support/artifact-folder.ts'
import { makeCall } from '../../support/build-calls.ts'
import { readMeasured } from '../../support/measured-facts.ts'

const leg = makeLeg()
const { context, dockerfile, secrets, options } = makeCall()
const settings: StagesSettings = {
  call: { context, dockerfile, secrets, options },
  layers: { from: undefined, to: undefined },
  push: true,
  objection: undefined,
  outdated: () => undefined,
  judgeBase: () => [],
  recipes: { extension: 'e'.repeat(64), wheel: 'a'.repeat(64), ucx: 'b'.repeat(64) },
}

/** The base as it is, and wrong facts of it. */
const real = makeBase()
const wrong: BaseFacts = {
  ...asRoot(real),
  torch: { ...real.torch, version: '2.12.0+cu130' } as BaseFacts['torch'],
}
const chosen = artifactsFor(leg, real, settings)
const sources = 'c'.repeat(64)
const wanted = { ...chosen, extension: extensionOf(chosen.wheel, sources, settings.recipes.extension) }

const refuse = () => Promise.reject(new Error('not used here'))
const unused = {
  registry: { getManifest: refuse, getImageConfig: refuse, hasBlob: refuse, tryMount: refuse },
  say: () => undefined,
  inspectImage: refuse,
  forgetImage: refuse,
}

type Behaviour = {
  stored?: BaseFacts | Error
  denied?: Error
  push?: boolean
  judgeBase?: (base: BaseFacts) => Gate[]
  /** Fails calls of a kind */
  fails?: (call: BuildCall) => boolean
}

async function measured({ stored, denied, push = true, fails, judgeBase = () => [] }: Behaviour) {
  const calls: string[] = []
  const given: BuildCall['sources'][] = []
  const written: [BaseFacts, boolean | undefined][] = []
  const names: string[] = []
  const artifacts = createArtifacts([], (name) => `${newFolder()}/${name}`)
  const world: LegWorld = {
    ...unused,
    build: (call) => {
      calls.push(call.output.kind)
      if (call.sources) given.push(call.sources)
      if (fails?.(call)) return Promise.reject(new UserError('It does not compile.'))
      if (call.output.kind === 'extension' || call.output.kind === 'wheel' || call.output.kind === 'ucx')
        writeContent(call.output.directory, wanted[call.output.kind])
      return Promise.resolve({ steps: [], digest: undefined })
    },
    compiledSources: () => Promise.resolve(sources),
    fetchSource: (component, { commit }) => Promise.resolve(`/sources/${component}-${commit}`),
    newPath: (name) => name,
    readText: readMeasured({ base: real, image: makeImage() }),
    facts: {
      read: () => (stored instanceof Error ? Promise.reject(stored) : Promise.resolve(stored)),
      write: (_, facts, replace) => {
        written.push([facts, replace])
        return denied ? Promise.reject(denied) : Promise.resolve()
      },
    },
    artifacts: {
      provide: (artifact, make) => {
        names.push(artifact.name)
        return artifacts.provide(artifact, make)
      },
      leaveOut: artifacts.leaveOut,
    },
  }
  const warnings: string[] = []
  const all = { ...settings, push, judgeBase }
  const result = await measureOnStages(leg, all, world, warnings).catch((error: unknown) => error)
  return {
    result: result as Awaited<ReturnType<typeof measureOnStages>>,
    warnings,
    calls,
    written,
    names,
    given,
  }
}

const refusal = (status: number) =>
  new RegistryRefusal(`docker.io says ${status}`, 'wait', { status, code: undefined, retryAfter: undefined })

/** Those in the middle run in parallel. */
const inOrder = ['facts', 'ahead', 'extension', 'ucx', 'wheel', 'report']

describe('the facts of a base', () => {
  it('are measured and stored if none are stored, and choose the artifacts', async () => {
    const { result, warnings, calls, written, names } = await measured({})
    expect([calls[0], ...calls.slice(1, 5).sort(), calls[5]]).toEqual(inOrder)
    expect(written).toEqual([[asRoot(real), false]])
    expect(names).toEqual([wanted.wheel.name, wanted.ucx.name, wanted.extension.name])
    expect(warnings).toEqual([])
    expect(result.facts.base).toEqual(real)
    expect(result.stages.needs).toEqual([wanted.extension.name, wanted.wheel.name, wanted.ucx.name])
  })

  it('that are stored are measured again before anything is compiled, and not stored again', async () => {
    const { warnings, calls, written } = await measured({ stored: real })
    expect([calls[0], ...calls.slice(1, 5).sort(), calls[5]]).toEqual(inOrder)
    expect(written).toEqual([])
    expect(warnings).toEqual([])
  })

  it('that are stored and wrong are replaced, with a warning, and nothing is stored under their names', async () => {
    const { warnings, calls, written, names } = await measured({ stored: wrong })
    expect(written).toEqual([[asRoot(real), true]])
    expect(calls.filter((kind) => kind === 'wheel')).toHaveLength(1)
    expect(names.slice(-3)).toEqual([wanted.wheel.name, wanted.ucx.name, wanted.extension.name])
    expect(warnings).toEqual([expect.stringMatching(/were wrong, so it was measured again\.$/)])
  })

  it('are not stored by a run that does not push', async () => {
    expect((await measured({ push: false })).written).toEqual([])
  })

  it.each<[string, Behaviour, RegExp | undefined]>([
    [
      'cannot be read',
      { stored: refusal(503) },
      /can't be read, so it is measured again: docker\.io says 503/,
    ],
    [
      'may not be read',
      { stored: refusal(403) },
      /can't be read, so it is measured again: docker\.io says 403/,
    ],
    ['may not be read by a run that does not push', { stored: refusal(403), push: false }, undefined],
    [
      'cannot be stored',
      { denied: refusal(403) },
      /are not stored, so the next run measures it again: docker\.io says 403/,
    ],
  ])('are measured if they %s, which is no error', async (_, behaviour, warning) => {
    const { result, warnings } = await measured(behaviour)
    expect(result.facts.base).toEqual(real)
    expect(warnings).toEqual(warning ? [expect.stringMatching(warning)] : [])
  })
})

describe('a gate that the base alone decides', () => {
  const failed = about('torch-untouched', 'torch 2.11.0', 'another').fail('See to it', 'look')
  const gatesOf = (which: BaseFacts) => (base: BaseFacts) =>
    base.torch?.version === which.torch?.version ? [failed] : []

  it.each([undefined, real])('fails before anything is compiled (stored: %#)', async (stored) => {
    const { result, calls } = await measured({ judgeBase: gatesOf(real), ...(stored && { stored }) })
    expect(result).toMatchObject({ name: 'UnfitBase', gates: [{ name: 'torch-untouched', state: 'fail' }] })
    expect(calls).toEqual(['facts'])
  })

  it('does not use stored facts alone', async () => {
    const { result, written } = await measured({ judgeBase: gatesOf(wrong), stored: wrong })
    expect(result.facts.base).toEqual(real)
    expect(written).toEqual([[asRoot(real), true]])
  })
})

it('only a stage that is compiled gets its source, which is fetched first', async () => {
  const { calls, given } = await measured({})
  expect(calls).toHaveLength(6)
  expect(given).toHaveLength(3)
  expect(Object.assign({}, ...given)).toEqual({
    aibrix: `/sources/aibrix-${leg.aibrix.commit}`,
    ucx: `/sources/ucx-${ucxOf(leg).commit}`,
  })
})

describe('while stored facts are confirmed', () => {
  /** Makes a wheel of a base whose measuring ends when `confirm` is called, with the given facts. */
  function started(facts: BaseFacts, stored: readonly ('extension' | 'ucx')[]) {
    const calls: string[] = []
    const saved: string[] = []
    const { promise, resolve: confirm } = Promise.withResolvers<undefined>()
    const world: LegWorld = {
      ...unused,
      build: async ({ output }) => {
        calls.push(output.kind)
        if (output.kind === 'facts') await promise
        return { steps: [], digest: undefined }
      },
      compiledSources: () => Promise.resolve(sources),
      fetchSource: (component) => Promise.resolve(`/sources/${component}`),
      newPath: (name) => name,
      readText: readMeasured({ base: real, image: makeImage() }),
      facts: { read: () => Promise.resolve(facts), write: () => Promise.resolve() },
      artifacts: {
        provide: async ({ name, determinants: { kind } }, make) => {
          if (!stored.some((each) => each === kind)) {
            await make('/new')
            saved.push(kind)
          }
          return { folder: `/${name}`, origin: { state: 'left out' }, warnings: [] }
        },
        leaveOut: () => Promise.reject(new Error('not used here')),
      },
    }
    const result = measureOnStages(leg, settings, world, []).catch((error: unknown) => error)
    return { calls, saved, confirm: () => (confirm(undefined), result) }
  }
  const turn = () => new Promise((resolve) => setImmediate(resolve))

  it('nothing is compiled', async () => {
    const { calls, saved, confirm } = started(real, [])
    await turn()
    expect([calls.sort(), saved]).toEqual([['ahead', 'facts'], []])
    await confirm()
    expect(saved.sort()).toEqual(['extension', 'ucx', 'wheel'])
  })

  it('a wheel is assembled of a stored extension, and what needs no wheel is built, but nothing is stored', async () => {
    const { calls, saved, confirm } = started(real, ['extension', 'ucx'])
    await turn()
    expect([calls.sort(), saved]).toEqual([['ahead', 'facts', 'wheel'], []])
    await confirm()
    expect(saved).toEqual(['wheel'])
  })

  it('a wheel that was assembled for wrong facts is not stored', async () => {
    const { saved, confirm } = started(wrong, ['extension', 'ucx'])
    await turn()
    expect(saved).toEqual([])
    // Once for the facts that were measured
    await confirm()
    expect(saved).toEqual(['wheel'])
  })
})

describe('a build that fails', () => {
  it.each(['extension', 'wheel', 'ucx', 'ahead', 'report'])(
    'in %s is reported, whether the facts were stored or not',
    async (kind) => {
      const fails = ({ output }: BuildCall) => output.kind === kind
      for (const stored of [undefined, real]) {
        const { result, calls } = await measured({ fails, ...(stored && { stored }) })
        expect(result).toMatchObject({ message: 'It does not compile.' })
        // The other stage was built to its end.
        expect(calls).toEqual(expect.arrayContaining(['extension', 'ucx']))
        expect(calls.filter((each) => each === kind)).toHaveLength(1)
      }
    },
  )
})

it('what needs nothing compiled is built while a wheel or UCX tools are made, and only then', async () => {
  const artifacts = createArtifacts([], (name) => `${newFolder()}/${name}`)
  const calls: BuildCall[] = []
  const world: LegWorld = {
    ...unused,
    build: (call) => {
      calls.push(call)
      if (call.output.kind === 'extension' || call.output.kind === 'wheel' || call.output.kind === 'ucx')
        writeContent(call.output.directory, wanted[call.output.kind])
      return Promise.resolve({ steps: [], digest: undefined })
    },
    compiledSources: () => Promise.resolve(sources),
    fetchSource: (component) => Promise.resolve(`/sources/${component}`),
    newPath: (name) => name,
    readText: readMeasured({ base: real, image: makeImage() }),
    facts: { read: () => Promise.resolve(real), write: () => Promise.resolve() },
    artifacts,
  }
  const layers = { from: 'docker.io/x/image-cache@sha256:1', to: 'docker.io/x/image-cache:layers-1' }
  for (const times of [1, 2]) {
    await measureOnStages(leg, { ...settings, layers }, world, [])
    const ahead = calls.filter(({ output }) => output.kind === 'ahead')
    expect(ahead).toHaveLength(1)
    expect(ahead).toMatchObject([{ layers: { from: layers.from, to: undefined } }])
    expect(ahead[0]).not.toHaveProperty('sources')
    expect(ahead[0]).not.toHaveProperty('artifacts')
    // The second time the artifacts exist.
    expect(calls.filter(({ output }) => output.kind === 'report')).toHaveLength(times)
  }
})

it('a leg that the facts rule out is refused before anything is compiled', async () => {
  const calls: string[] = []
  const world: LegWorld = {
    ...unused,
    build: ({ output }) => {
      calls.push(output.kind)
      return Promise.resolve({ steps: [], digest: undefined })
    },
    newPath: (name) => name,
    readText: readMeasured({ base: real, image: makeImage() }),
    facts: { read: () => Promise.resolve(undefined), write: () => Promise.resolve() },
    artifacts: createArtifacts([], (name) => `${newFolder()}/${name}`),
    fetchSource: refuse,
    compiledSources: refuse,
  }
  const objection = () => Promise.resolve('it has no torch')
  await expect(measureOnStages(leg, { ...settings, objection }, world, [])).rejects.toThrow(
    "can't be built: it has no torch",
  )
  expect(calls).toEqual(['facts'])
})
