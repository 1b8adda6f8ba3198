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

type Kept = { key: string; path: string; content: string }

/** @mistakes what it does instead of what it should */
function createLibrary(mistakes: Partial<CacheLibrary> = {}) {
  const kept: Kept[] = []
  const library: CacheLibrary = {
    isFeatureAvailable: () => true,
    restoreCache: ([path = ''], _, [prefix = ''] = []) => {
      const found = kept.findLast((each) => each.path === path && each.key.startsWith(prefix))
      if (found) cpSync(found.content, path, { recursive: true, verbatimSymlinks: true })
      return Promise.resolve(found?.key)
    },
    saveCache: ([path = ''], key) => {
      const content = mkdtempSync(join(temporaryFolder, 'kept-'))
      cpSync(path, content, { recursive: true, verbatimSymlinks: true })
      return Promise.resolve(kept.push({ key, path, content }))
    },
    ...mistakes,
  }
  return { kept, library }
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
  const folder = mkdtempSync(join(temporaryFolder, 'made-'))
  writeFileSync(join(folder, 'libucp.so.0'), content)
  symlinkSync('libucp.so.0', join(folder, 'libucp.so'))
  return folder
}

const newFolder = () => join(mkdtempSync(join(temporaryFolder, 'new-')), 'folder')

describe('the store in the cache of GitHub', () => {
  it('gives back what it was given, links as links, and leaves no copy behind', async () => {
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

  it('has nothing under a name that nobody gave it, whatever the folder held before', async () => {
    const { library } = createLibrary()
    const store = open(library)
    await store.save('ucx-1', artifact('a'))
    mkdirSync(join(temporaryFolder, 'image-action-artifacts', 'wheel-2'), { recursive: true })
    expect(await store.restore('wheel-2', newFolder())).toBe('absent')
  })

  it('gives the newest, since an entry can not be replaced', async () => {
    const { library, kept } = createLibrary()
    const store = open(library)
    const folder = newFolder()
    await store.save('wheel-1', artifact('bad'))
    await store.save('wheel-1', artifact('good'))
    expect(await store.restore('wheel-1', folder)).toBe('restored')
    expect(readFileSync(join(folder, 'libucp.so.0'), 'utf8')).toBe('good')
    expect(new Set(kept.map(({ key }) => key)).size).toBe(2)
  })

  it.each([
    [
      'a link in place of the folder',
      (path: string) => {
        symlinkSync('/etc', path)
      },
    ],
    [
      'a file in place of the folder',
      (path: string) => {
        writeFileSync(path, '')
      },
    ],
    ['nothing, where it says that there is something', () => undefined],
  ])('does not take %s', async (_, unpack) => {
    const { library } = createLibrary({
      restoreCache: ([path = ''], _, [prefix = ''] = []) => {
        unpack(path)
        return Promise.resolve(`${prefix}00000000`)
      },
    })
    expect(await open(library).restore('wheel-1', newFolder())).toBe('absent')
  })

  it('does not take an entry of another name', async () => {
    const { library } = createLibrary({
      restoreCache: ([path = '']) => {
        mkdirSync(path, { recursive: true })
        return Promise.resolve('image-action-wheel-2-00000000')
      },
    })
    expect(await open(library).restore('wheel-1', newFolder())).toBe('absent')
  })

  it('says so when an artifact was not taken, and goes on', async () => {
    const { library } = createLibrary({ saveCache: () => Promise.resolve(-1) })
    const store = open(library)
    await expect(store.save('wheel-1', artifact('a'))).rejects.toThrow(
      "GitHub's cache did not take wheel-1; the lines above say why.",
    )
    await expect(store.save('ucx-1', artifact('a'))).rejects.toThrow('did not take ucx-1')
  })

  it.each<[string, Partial<CacheLibrary>, { patience?: number; limit?: number }, RegExp]>([
    [
      'fails',
      { restoreCache: () => Promise.reject(new Error('no')) },
      {},
      /looking for wheel-1 failed \(no\)/,
    ],
    [
      'takes long and brings nothing',
      {
        restoreCache: () =>
          new Promise((done) =>
            setTimeout(() => {
              done(undefined)
            }, 50),
          ),
      },
      { patience: 10 },
      /took \d+ s and brought nothing/,
    ],
    ['never ends', { restoreCache: () => new Promise(() => undefined) }, { limit: 20 }, /longer than 0.02 s/],
  ])('is not asked again after it %s', async (_, mistake, timeouts, message) => {
    let calls = 0
    const saveCache = () => Promise.resolve((calls += 1))
    const store = open(createLibrary({ saveCache, ...mistake }).library, timeouts)
    await expect(store.restore('wheel-1', newFolder())).rejects.toThrow(message)
    expect(await store.restore('ucx-1', newFolder())).toBe('absent')
    await store.save('wheel-1', artifact('a'))
    expect(calls).toBe(0)
  })

  it('is not there where the service is not', async () => {
    const { library, kept } = createLibrary({ isFeatureAvailable: () => false })
    const store = open(library)
    await store.save('wheel-1', artifact('a'))
    expect(await store.restore('wheel-1', newFolder())).toBe('absent')
    expect(kept).toEqual([])
  })

  it.each([
    ['a run pushes: what is published does not come from there', true, onGitHub],
    ['there is no service', false, { ACTIONS_RUNTIME_TOKEN: 'token' }],
    ['the service has an empty address', false, { ...onGitHub, ACTIONS_RESULTS_URL: '' }],
    ['the runner gives no token', false, { ACTIONS_RESULTS_URL: 'https://results.example/' }],
  ])('is not even loaded where %s', (_, push, environment) => {
    const load = () => {
      throw new Error('loaded')
    }
    expect(openActionsCache({ push, environment, temporaryFolder, load })).toBeUndefined()
  })
})
