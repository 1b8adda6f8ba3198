import { randomBytes } from 'node:crypto'
import { cp, lstat, mkdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { ArtifactStore } from './artifact-store.ts'
import { sentenceOf, UserError } from '../../errors.ts'

/** What is used of @actions/cache. It swallows most errors: it logs them, and returns nothing. */
export type CacheLibrary = Pick<
  typeof import('@actions/cache'),
  'isFeatureAvailable' | 'restoreCache' | 'saveCache'
>

export type ActionsCacheSettings = {
  /** Whether this run pushes: what is pushed must not come from here */
  push: boolean
  /** The runner's, with its token */
  environment: NodeJS.ProcessEnv
  /** RUNNER_TEMP. Only runners with the same path share entries, since it is part of the key */
  temporaryFolder: string
  /** Milliseconds: an empty result after `patience` counts as a failure; `limit` is the time-out */
  timeouts?: { patience: number; limit: number }
  load?: () => Promise<CacheLibrary>
}

/** One attempt at a service that is down takes about 30 s; a miss takes less than 1 s */
const defaultTimeouts = { patience: 10_000, limit: 180_000 }

/**
 * GitHub's own cache as a store for runs that can't write to the registry, such as those of pull
 * requests from forks. GitHub gives a run entries of its own ref, the base branch and the default
 * branch, so that a pull request writes nothing that another one reads. A release does not even use
 * the default branch's entries, since a run that pushes gets no store here.
 * @returns undefined outside of GitHub Actions, where there is no such cache, and for a run that
 *   pushes
 */
export function openActionsCache(settings: ActionsCacheSettings): ArtifactStore | undefined {
  const { environment, push } = settings
  const { ACTIONS_RESULTS_URL: url, ACTIONS_CACHE_URL: oldUrl, ACTIONS_RUNTIME_TOKEN: token } = environment
  const isAvailable = [url, oldUrl].some(Boolean) && Boolean(token)
  if (push || !isAvailable) return undefined
  const { timeouts = defaultTimeouts, load = () => import('@actions/cache') } = settings
  const guard = createGuard(timeouts)
  // The library, with the SDK of the storage behind GitHub's cache, is a chunk of its own.
  let loaded: Promise<CacheLibrary | undefined> | undefined
  const library = () => (loaded ??= load().then((each) => (each.isFeatureAvailable() ? each : undefined)))
  // The folder has the same path in each run, since the library finds an entry also by its paths.
  const pathOf = (name: string) => join(settings.temporaryFolder, 'image-action-artifacts', basename(name))
  return {
    restore: async (name, folder) => {
      const path = pathOf(name)
      await rm(path, { recursive: true, force: true })
      const key = await guard(`looking for ${name}`, async () =>
        // No entry can be replaced: each has its own key, and GitHub gives the newest of a prefix.
        (await library())?.restoreCache([path], prefixOf(name), [prefixOf(name)]),
      )
      const isFolder = key?.startsWith(prefixOf(name)) === true && (await isRealFolder(path))
      if (!isFolder) return 'absent'
      await copy(path, folder)
      await rm(path, { recursive: true, force: true })
      return 'restored'
    },
    save: async (name, folder) => {
      const path = pathOf(name)
      const key = `${prefixOf(name)}${randomBytes(4).toString('hex')}`
      const id = await guard(`storing ${name}`, async () => {
        await copy(folder, path)
        return (await library())?.saveCache([path], key)
      }).finally(() => rm(path, { recursive: true, force: true }))
      if (id !== undefined && id < 0)
        throw new UserError(`GitHub's cache did not store ${name}; the lines above have the reason.`)
    },
  }
}

/** Keys of artifacts have a fixed length, so that no prefix begins with another one. */
function prefixOf(name: string): string {
  return `image-action-${name}-`
}

/** @returns whether there is a folder, and not a link to one, which could lead anywhere */
async function isRealFolder(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isDirectory() ?? false
}

async function copy(from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true })
  await mkdir(to, { recursive: true })
  // Links between the versions of a library stay unchanged.
  await cp(from, to, { recursive: true, verbatimSymlinks: true })
}

/**
 * Uses a failing service once, and not for every artifact of every leg.
 * @returns a function that runs one call: it throws a UserError at the first failure, and returns
 *   undefined afterwards
 */
function createGuard({ patience, limit }: { patience: number; limit: number }) {
  let isGivenUp = false
  return async <Result>(what: string, call: () => Promise<Result>): Promise<Result | undefined> => {
    if (isGivenUp) return undefined
    const giveUp = (why: string): UserError => {
      isGivenUp = true
      return new UserError(
        `GitHub's cache is not used in the rest of this run, because ${what} ${why}; the lines above may have the reason.`,
      )
    }
    const started = performance.now()
    const expiry = Promise.withResolvers<never>()
    const timer = setTimeout(() => {
      expiry.reject(giveUp(`took longer than ${limit / 1000} s`))
    }, limit)
    try {
      const result = await Promise.race([call(), expiry.promise])
      const seconds = (performance.now() - started) / 1000
      const isNothing = result === undefined || result === -1
      if (isNothing && seconds * 1000 > patience)
        throw giveUp(`took ${seconds.toFixed()} s and returned nothing`)
      return result
    } catch (error) {
      throw error instanceof UserError ? error : giveUp(`failed (${sentenceOf(error)})`)
    } finally {
      clearTimeout(timer)
    }
  }
}
