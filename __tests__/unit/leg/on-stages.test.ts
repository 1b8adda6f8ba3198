import { describe, expect, it } from '@jest/globals'
import type { BuildCall } from '../../../src/buildkit/argv.ts'
import { createArtifacts } from '../../../src/leg/artifacts.ts'
import { measureOnStages } from '../../../src/leg/on-stages.ts'
import { artifactsFor, type StagesSettings, type StagesWorld } from '../../../src/leg/stages.ts'
import type { Step } from '../../../src/buildkit/steps.ts'
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
  ...{ layers: { from: undefined, to: undefined }, fresh: false, push: true, objection: undefined },
  outdated: () => undefined,
  judgeBase: () => [],
  recipes: { wheel: 'a'.repeat(64), ucx: 'b'.repeat(64) },
}

/** The base as it is, and one that somebody says it is. */
const real = makeBase()
const untrue: BaseFacts = {
  ...asRoot(real),
  torch: { ...real.torch, version: '2.12.0+cu130' } as BaseFacts['torch'],
}
const wanted = artifactsFor(leg, real, settings)

type Behaviour = {
  stored?: BaseFacts | Error
  keep?: Error
  push?: boolean
  judgeBase?: (base: BaseFacts) => Gate[]
  /** Fails calls of a kind */
  fails?: (call: BuildCall) => boolean
}

async function measured({ stored, keep, push = true, fails, judgeBase = () => [] }: Behaviour) {
  const calls: string[] = []
  const sources: BuildCall['sources'][] = []
  const kept: [BaseFacts, boolean][] = []
  const names: string[] = []
  const artifacts = createArtifacts([], (name) => `${newFolder()}/${name}`)
  const world: StagesWorld = {
    build: (call) => {
      calls.push(call.output.kind)
      if (call.sources) sources.push(call.sources)
      if (fails?.(call)) return Promise.reject(new UserError('It does not compile.'))
      if (call.output.kind === 'wheel' || call.output.kind === 'ucx')
        writeContent(call.output.directory, wanted[call.output.kind])
      return Promise.resolve({ steps: [], digest: undefined })
    },
    fetchSource: (component, { commit }) => Promise.resolve(`/sources/${component}-${commit}`),
    newPath: (name) => name,
    readText: readMeasured({ base: real, image: makeImage() }),
    facts: {
      read: () => (stored instanceof Error ? Promise.reject(stored) : Promise.resolve(stored)),
      write: (_, facts, replace = false) => {
        kept.push([facts, replace])
        return keep ? Promise.reject(keep) : Promise.resolve()
      },
    },
    artifacts: {
      provide: (artifact, make) => {
        names.push(artifact.name)
        return artifacts.provide(artifact, make)
      },
      nothing: artifacts.nothing,
    },
  }
  const steps: Step[] = []
  const result = await measureOnStages(leg, { ...settings, push, judgeBase }, world, steps).catch(
    (error: unknown) => error,
  )
  return { result: result as Awaited<ReturnType<typeof measureOnStages>>, calls, kept, names, sources }
}

const refusal = (status: number) =>
  new RegistryRefusal(`docker.io says ${status}`, 'wait', { status, code: undefined, retryAfter: undefined })

describe('the facts of a base', () => {
  it('are measured and kept where none are stored, and choose the artifacts', async () => {
    const { result, calls, kept, names } = await measured({})
    expect([calls[0], ...calls.slice(1, 3).sort(), calls[3]]).toEqual(['facts', 'ucx', 'wheel', 'report'])
    expect(kept).toEqual([[asRoot(real), false]])
    expect(names).toEqual([wanted.wheel.name, wanted.ucx.name])
    expect(result.warnings).toEqual([])
    expect(result.facts.base).toEqual(real)
  })

  it('that are stored are measured again before something is compiled, and not kept again', async () => {
    const { result, calls, kept } = await measured({ stored: real })
    expect([calls[0], ...calls.slice(1, 3).sort(), calls[3]]).toEqual(['facts', 'ucx', 'wheel', 'report'])
    expect(kept).toEqual([])
    expect(result.warnings).toEqual([])
  })

  it('that are stored and not true are replaced, with a warning, and nothing is kept under their names', async () => {
    const { result, calls, kept, names } = await measured({ stored: untrue })
    expect(kept).toEqual([[asRoot(real), true]])
    expect(calls.filter((kind) => kind === 'wheel')).toHaveLength(1)
    expect(names.slice(-2)).toEqual([wanted.wheel.name, wanted.ucx.name])
    expect(result.warnings).toEqual([expect.stringMatching(/were wrong, so it was measured again\.$/)])
  })

  it('are not kept where nothing is pushed', async () => {
    expect((await measured({ push: false })).kept).toEqual([])
  })

  it.each<[string, Behaviour, RegExp | undefined]>([
    [
      'can not be read',
      { stored: refusal(503) },
      /can't be read, so it is measured again: docker\.io says 503/,
    ],
    [
      'may not be read',
      { stored: refusal(403) },
      /can't be read, so it is measured again: docker\.io says 403/,
    ],
    ['may not be read, and nothing is pushed', { stored: refusal(403), push: false }, undefined],
    [
      'can not be kept',
      { keep: refusal(403) },
      /are not stored, so the next run measures it again: docker\.io says 403/,
    ],
  ])('are measured where they %s, which is no error', async (_, behaviour, warning) => {
    const { result } = await measured(behaviour)
    expect(result.facts.base).toEqual(real)
    expect(result.warnings).toEqual(warning ? [expect.stringMatching(warning)] : [])
  })
})

describe('a gate that the base alone decides', () => {
  const refuse = (which: BaseFacts) => (base: BaseFacts) =>
    base.torch?.version === which.torch?.version
      ? [about('torch-untouched', 'x', 'y').fail('X', 'see to it')]
      : []

  it.each([undefined, real])('ends it before anything is compiled (stored: %#)', async (stored) => {
    const { result, calls } = await measured({ judgeBase: refuse(real), ...(stored && { stored }) })
    expect(result).toMatchObject({ name: 'UnfitBase', gates: [{ name: 'torch-untouched', state: 'fail' }] })
    expect(calls).toEqual(['facts'])
  })

  it('is not believed what was stored', async () => {
    const { result, kept } = await measured({ judgeBase: refuse(untrue), stored: untrue })
    expect(result.facts.base).toEqual(real)
    expect(kept).toEqual([[asRoot(real), true]])
  })
})

it('only a stage that is compiled gets its source, which is fetched first', async () => {
  const { calls, sources } = await measured({})
  expect(calls).toHaveLength(4)
  expect(sources).toHaveLength(2)
  expect(Object.assign({}, ...sources)).toEqual({
    aibrix: `/sources/aibrix-${leg.aibrix.commit}`,
    ucx: `/sources/ucx-${ucxOf(leg).commit}`,
  })
})

describe('a build that fails', () => {
  it.each(['wheel', 'ucx', 'report'])('in %s is told, whether the facts were stored or not', async (kind) => {
    const fails = ({ output }: BuildCall) => output.kind === kind
    for (const stored of [undefined, real]) {
      const { result, calls } = await measured({ fails, ...(stored && { stored }) })
      expect(result).toMatchObject({ message: 'It does not compile.' })
      // The other stage came to its end.
      expect(calls).toEqual(expect.arrayContaining(['wheel', 'ucx']))
      expect(calls.filter((each) => each === kind)).toHaveLength(1)
    }
  })
})

it('a leg that the facts speak against is refused before anything is compiled', async () => {
  const calls: string[] = []
  const world: StagesWorld = {
    build: ({ output }) => {
      calls.push(output.kind)
      return Promise.resolve({ steps: [], digest: undefined })
    },
    newPath: (name) => name,
    readText: readMeasured({ base: real, image: makeImage() }),
    facts: { read: () => Promise.resolve(undefined), write: () => Promise.resolve() },
    artifacts: createArtifacts([], (name) => `${newFolder()}/${name}`),
    fetchSource: () => Promise.reject(new Error('not used here')),
  }
  const objection = () => Promise.resolve('it has no torch')
  await expect(measureOnStages(leg, { ...settings, objection }, world, [])).rejects.toThrow(
    "can't be built: it has no torch",
  )
  expect(calls).toEqual(['facts'])
})
