import { afterAll, describe, expect, it } from '@jest/globals'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CacheLibrary, openActionsCache } from '../../../src/store/artifacts/actions-cache.ts'

const temporaryFolder = mkdtempSync(join(tmpdir(), 'image-action-cache-'))
afterAll(() => {
  rmSync(temporaryFolder, { recursive: true })
})

const onGitHub = { ACTIONS_RESULTS_URL: 'https://results.example/', ACTIONS_RUNTIME_TOKEN: 'token' }

type Stored = { key: string; path: string; content: string }

/** @param mistakes wrong behaviour */
function createLibrary(mistakes: Partial<CacheLibrary> = {}) {
  const stored: Stored[] = []
  const library: CacheLibrary = {
    isFeatureAvailable: () => true,
    restoreCache: ([path = ''], _, [prefix = ''] = []) => {
      const found = stored.findLast((each) => each.path === path && each.key.startsWith(prefix))
      if (found) cpSync(found.content, path, { recursive: true, verbatimSymlinks: true })
      return Promise.resolve(found?.key)
    },
    saveCache: ([path = ''], key) => {
      const content = mkdtempSync(join(temporaryFolder, 'stored-'))
      cpSync(path, content, { recursive: true, verbatimSymlinks: true })
      return Promise.resolve(stored.push({ key, path, content }))
    },
    ...mistakes,
  }
  return { stored, library }
}

function open(library: CacheLibrary, more: { limit?: number; patience?: number } = {}) {
  const timeouts = { patience: 10_000, limit: 10_000, ...more }
  const load = () => Promise.resolve(library)
  const store = openActionsCache({ push: false, environment: onGitHub, temporaryFolder, timeouts, load })
  if (!store) throw new Error('no store')
  return store
}

/** A folder with a file, and a link to it, as libraries have */
function artifact(content: string): string {
  const folder = mkdtempSync(join(temporaryFolder, 'artifact-'))
  writeFileSync(join(folder, 'libucp.so.0'), content)
  symlinkSync('libucp.so.0', join(folder, 'libucp.so'))
  return folder
}

const newFolder = () => join(mkdtempSync(join(temporaryFolder, 'new-')), 'folder')

describe("GitHub's cache as a store", () => {
  it('restores what was saved, with its links, and leaves no copy behind', async () => {
    const store = open(createLibrary().library)
    const folder = newFolder()
    await store.save('ucx-1', artifact('a'))
    expect(await store.restore('ucx-1', folder)).toBe('restored')
    expect(readFileSync(join(folder, 'libucp.so'), 'utf8')).toBe('a')
    expect(readdirSync(folder, { withFileTypes: true }).map((each) => each.isSymbolicLink())).toEqual([
      true,
      false,
    ])
    expect(readdirSync(join(temporaryFolder, 'image-action-artifacts'))).toEqual([])
  })

  it('has nothing under a name that was not saved, whatever the folder has', async () => {
    const { library } = createLibrary()
    const store = open(library)
    await store.save('ucx-1', artifact('a'))
    mkdirSync(join(temporaryFolder, 'image-action-artifacts', 'wheel-2'), { recursive: true })
    expect(await store.restore('wheel-2', newFolder())).toBe('absent')
  })

  it('restores the newest entry, since none can be replaced', async () => {
    const { library, stored } = createLibrary()
    const store = open(library)
    const folder = newFolder()
    await store.save('wheel-1', artifact('bad'))
    await store.save('wheel-1', artifact('good'))
    expect(await store.restore('wheel-1', folder)).toBe('restored')
    expect(readFileSync(join(folder, 'libucp.so.0'), 'utf8')).toBe('good')
    expect(new Set(stored.map(({ key }) => key)).size).toBe(2)
  })

  it.each([
    [
      'a link instead of the folder',
      (path: string) => {
        symlinkSync('/etc', path)
      },
    ],
    [
      'a file instead of the folder',
      (path: string) => {
        writeFileSync(path, '')
      },
    ],
    ['nothing, if it reports an entry', () => undefined],
  ])('does not restore %s', async (_, unpack) => {
    const { library } = createLibrary({
      restoreCache: ([path = ''], _, [prefix = ''] = []) => {
        unpack(path)
        return Promise.resolve(`${prefix}00000000`)
      },
    })
    expect(await open(library).restore('wheel-1', newFolder())).toBe('absent')
  })

  it('does not restore an entry with another name', async () => {
    const { library } = createLibrary({
      restoreCache: ([path = '']) => {
        mkdirSync(path, { recursive: true })
        return Promise.resolve('image-action-wheel-2-00000000')
      },
    })
    expect(await open(library).restore('wheel-1', newFolder())).toBe('absent')
  })

  it('reports an artifact that was not stored, and continues', async () => {
    const { library } = createLibrary({ saveCache: () => Promise.resolve(-1) })
    const store = open(library)
    await expect(store.save('wheel-1', artifact('a'))).rejects.toThrow(
      "GitHub's cache did not store wheel-1; the lines above have the reason.",
    )
    await expect(store.save('ucx-1', artifact('a'))).rejects.toThrow('did not store ucx-1')
  })

  it.each<[string, Partial<CacheLibrary>, { patience?: number; limit?: number }, RegExp]>([
    [
      'fails',
      { restoreCache: () => Promise.reject(new Error('no')) },
      {},
      /looking for wheel-1 failed \(no\)/,
    ],
    [
      'takes long and returns nothing',
      {
        restoreCache: () =>
          new Promise((done) =>
            setTimeout(() => {
              done(undefined)
            }, 50),
          ),
      },
      { patience: 10 },
      /took \d+ s and returned nothing/,
    ],
    ['never ends', { restoreCache: () => new Promise(() => undefined) }, { limit: 20 }, /longer than 0.02 s/],
  ])('is not used again after it %s', async (_, mistake, timeouts, message) => {
    let calls = 0
    const saveCache = () => Promise.resolve((calls += 1))
    const store = open(createLibrary({ saveCache, ...mistake }).library, timeouts)
    await expect(store.restore('wheel-1', newFolder())).rejects.toThrow(message)
    expect(await store.restore('ucx-1', newFolder())).toBe('absent')
    await store.save('wheel-1', artifact('a'))
    expect(calls).toBe(0)
  })

  it('is empty without the service', async () => {
    const { library, stored } = createLibrary({ isFeatureAvailable: () => false })
    const store = open(library)
    await store.save('wheel-1', artifact('a'))
    expect(await store.restore('wheel-1', newFolder())).toBe('absent')
    expect(stored).toEqual([])
  })

  it.each([
    ['a run pushes, since releases must not come from it', true, onGitHub],
    ['there is no service', false, { ACTIONS_RUNTIME_TOKEN: 'token' }],
    ['the service has an empty address', false, { ...onGitHub, ACTIONS_RESULTS_URL: '' }],
    ['the runner gives no token', false, { ACTIONS_RESULTS_URL: 'https://results.example/' }],
  ])('is not even loaded if %s', (_, push, environment) => {
    const load = () => {
      throw new Error('loaded')
    }
    expect(openActionsCache({ push, environment, temporaryFolder, load })).toBeUndefined()
  })
})
