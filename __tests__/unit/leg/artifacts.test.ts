import { describe, expect, it, jest } from '@jest/globals'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ArtifactStore } from '../../../src/store/artifacts/artifact-store.ts'
import type { ArtifactSource } from '../../../src/leg/artifact-sources.ts'
import { createArtifacts } from '../../../src/leg/artifacts.ts'
import { BuildError } from '../../../src/buildkit/build-error.ts'
import type { Step } from '../../../src/buildkit/steps.ts'
import { UserError } from '../../../src/errors.ts'
import { RegistryRefusal } from '../../../src/registry/http/failure.ts'
import { makeStep } from '../../support/buildkit.ts'
import { storedFolder, wanted, writeContent } from '../../support/artifact-folder.ts'

const { wheel, ucx } = wanted

const name = '[wheel-builder 1/1] RUN build-wheel'
const step = makeStep({ name, stage: 'wheel-builder', completed: 101_000 })

const newPath = (name: string) => join(mkdtempSync(join(tmpdir(), 'artifacts-')), name)

/** A store in folders. */
function createStore(error?: { restore?: Error; save?: Error }) {
  const folders = new Map<string, string>()
  const store = {
    restore: jest.fn<ArtifactStore['restore']>(async (name, folder) => {
      if (error?.restore) throw error.restore
      const found = folders.get(name)
      if (found === undefined) return 'absent'
      await Promise.resolve(cpSync(found, folder, { recursive: true, verbatimSymlinks: true }))
      return 'restored'
    }),
    save: jest.fn<ArtifactStore['save']>(async (name, folder) => {
      if (error?.save) throw error.save
      const saved = newPath(name)
      await Promise.resolve(cpSync(folder, saved, { recursive: true, verbatimSymlinks: true }))
      folders.set(name, saved)
    }),
    referenceOf: (name: string) => `store/${name}`,
  }
  return { ...store, folders }
}

const make = (artifact: typeof wheel | typeof ucx) =>
  jest.fn((folder: string): Promise<Step[]> => {
    writeContent(folder, artifact)
    return Promise.resolve([step])
  })

const saving = (store: ArtifactStore): ArtifactSource => ({ store, saves: true })
const refusal = (status: number) =>
  new RegistryRefusal(`docker.io says ${status}`, 'wait', { status, code: undefined, retryAfter: undefined })
const [denied, busy] = [refusal(403), refusal(503)]

describe('an artifact', () => {
  it('is built and saved if no store has it, and reused from there by the next process', async () => {
    const store = createStore()
    const first = make(wheel)
    expect(await createArtifacts([saving(store)], newPath).provide(wheel, first)).toMatchObject({
      origin: { state: 'built', duration: 100_000 },
      warnings: [],
    })
    const second = make(wheel)
    const reused = await createArtifacts([saving(store)], newPath).provide(wheel, second)
    expect(reused).toMatchObject({ origin: { state: 'reused', from: `store/${wheel.name}` }, warnings: [] })
    expect([first, second].map(({ mock }) => mock.calls.length)).toEqual([1, 0])
  })

  it('is built once, however often and whenever it is requested', async () => {
    const store = createStore()
    const artifacts = createArtifacts([saving(store)], newPath)
    const once = make(wheel)
    const together = await Promise.all([1, 2, 3].map(() => artifacts.provide(wheel, once)))
    const later = await artifacts.provide(wheel, once)
    expect(once).toHaveBeenCalledTimes(1)
    expect(store.restore).toHaveBeenCalledTimes(1)
    expect([...together, later].map(({ origin }) => origin.state)).toEqual([
      'built',
      'reused',
      'reused',
      'reused',
    ])
    expect(new Set([...together, later].map(({ folder }) => folder)).size).toBe(1)
  })

  it('is not saved in a store that is only read, nor without a store', async () => {
    const store = createStore()
    await createArtifacts([{ store, saves: false }], newPath).provide(ucx, make(ucx))
    expect(store.save).not.toHaveBeenCalled()
    expect(await createArtifacts([], newPath).provide(ucx, make(ucx))).toMatchObject({
      origin: { state: 'built' },
      warnings: [],
    })
  })

  it('is reused from the first store that has it', async () => {
    const [empty, full] = [createStore(), createStore()]
    full.folders.set(ucx.name, storedFolder(ucx))
    const { origin } = await createArtifacts([{ store: empty, saves: false }, saving(full)], newPath).provide(
      ucx,
      make(ucx),
    )
    expect(origin.state).toBe('reused')
  })
})

describe('a bad artifact', () => {
  it('is built and replaced, with a warning', async () => {
    const store = createStore()
    store.folders.set(wheel.name, storedFolder(wheel, { source: { commit: 'f'.repeat(40) } }))
    const again = make(wheel)
    const { origin, warnings } = await createArtifacts([saving(store)], newPath).provide(wheel, again)
    expect(origin.state).toBe('built')
    expect(warnings).toEqual([
      `The stored store/${wheel.name} is not used, because it is of commit ${'f'.repeat(40)}; it is built and replaced.`,
    ])
    const next = await createArtifacts([saving(store)], newPath).provide(wheel, again)
    expect(next).toMatchObject({ origin: { state: 'reused' }, warnings: [] })
    expect(again).toHaveBeenCalledTimes(1)
  })

  it('is built, with a warning, if the store fails', async () => {
    const store = createStore({ restore: new UserError("The archive can't be used: it is cut off.") })
    const { origin, warnings } = await createArtifacts([saving(store)], newPath).provide(wheel, make(wheel))
    expect(origin.state).toBe('built')
    expect(warnings).toEqual([expect.stringContaining("and it is built: The archive can't be used")])
    expect(store.folders.size).toBe(1)
  })

  it('that was just built is used, so that the gates judge it, and not saved', async () => {
    const store = createStore()
    const bad = (folder: string): Promise<Step[]> => {
      writeContent(folder, wheel, { wheel: 'aibrix_kvcache-0.7.0-py3-none-any.whl', version: '0.7.0' })
      return Promise.resolve([])
    }
    const { warnings } = await createArtifacts([saving(store)], newPath).provide(wheel, bad)
    expect(warnings).toEqual([
      expect.stringMatching(/^The new wheel is not stored for other images: .*none-any/),
    ])
    expect(store.save).not.toHaveBeenCalled()
  })
})

describe('a store', () => {
  it.each<[string, { restore?: Error; save?: Error }, boolean, number, RegExp | undefined]>([
    [
      'that denies everything is not used again, with one warning',
      { restore: denied, save: denied },
      true,
      1,
      /No stage artifact is reused or stored: docker\.io says 403/,
    ],
    [
      'that denies reading to a run that does not push causes no warning',
      { restore: denied },
      false,
      1,
      undefined,
    ],
    [
      'that denies writing is only read afterwards, with one warning',
      { save: denied },
      true,
      2,
      /is not stored, so the next run builds it again: docker\.io says 403/,
    ],
    [
      'that is down is tried for the next artifact',
      { restore: busy, save: busy },
      true,
      2,
      /docker\.io says 503/,
    ],
  ])('%s', async (_, error, saves, asked, message) => {
    const store = createStore(error)
    const artifacts = createArtifacts([{ store, saves }], newPath)
    const warnings: string[] = []
    for (const artifact of [wheel, ucx])
      warnings.push(...(await artifacts.provide(artifact, make(artifact))).warnings)
    expect(store.restore.mock.calls.length).toBe(asked)
    if (!message) expect(warnings).toEqual([])
    else expect(warnings[0]).toMatch(message)
    if (error.restore !== busy && message) expect(warnings).toHaveLength(1)
  })
})

describe('a build that fails', () => {
  const compileError = (stage: string) =>
    new BuildError('It does not compile.', { reason: 'x', step: { ...step, stage }, steps: [], logFile: 'x' })
  const failing = (error: Error) => jest.fn(() => Promise.reject<Step[]>(error))

  it.each(['extension-builder', 'wheel-builder'])(
    'in %s fails for all legs, and is not repeated',
    async (stage) => {
      const artifacts = createArtifacts([], newPath)
      const once = failing(compileError(stage))
      const ended = await Promise.allSettled([1, 2].map(() => artifacts.provide(wheel, once)))
      ended.push(...(await Promise.allSettled([artifacts.provide(wheel, once)])))
      expect(ended.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
      expect(once).toHaveBeenCalledTimes(1)
    },
  )

  it('before the compiler is repeated by the next leg on its own base', async () => {
    const artifacts = createArtifacts([], newPath)
    const [bad, good] = [failing(compileError('builder')), make(wheel)]
    const ended = await Promise.allSettled([
      artifacts.provide(wheel, bad),
      artifacts.provide(wheel, good),
      artifacts.provide(wheel, good),
    ])
    expect(ended.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled'])
    expect(good).toHaveBeenCalledTimes(1)
  })
})

it('a store that left half of a folder does not prevent the build', async () => {
  const store = createStore()
  store.restore.mockImplementationOnce((_, folder) => {
    cpSync(storedFolder(ucx), folder, { recursive: true, verbatimSymlinks: true })
    rmSync(join(folder, 'content/bin'), { recursive: true })
    return Promise.reject(new UserError('It broke off.'))
  })
  const { origin } = await createArtifacts([saving(store)], newPath).provide(ucx, make(ucx))
  expect(origin.state).toBe('built')
})
