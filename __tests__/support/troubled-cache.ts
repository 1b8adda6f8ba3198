import { execFile } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { openCacheService } from './cache-service.ts'

/** A fault of the service; with `nobody`, nothing listens. */
export type Trouble = 'error' | 'garbage' | 'nobody'

/** The store's result of each of three calls, and the requests to the service */
export type Told = { said: string[]; seen: string[] }

/**
 * Runs a process that reads a wheel from the store, stores one, and reads UCX. @returns an error if
 * it failed
 */
export async function askInTrouble(trouble: Trouble): Promise<Told | Error> {
  const { environment, seen, close } = await openCacheService(trouble === 'nobody' ? 'none' : trouble)
  const env = {
    ...process.env,
    ...environment,
    ...(trouble === 'nobody' && { ACTIONS_RESULTS_URL: 'http://127.0.0.1:1/' }),
    RUNNER_TEMP: mkdtempSync(join(tmpdir(), 'runner-temp-')),
  }
  try {
    const asking = join(import.meta.dirname, 'ask-actions-cache.ts')
    const { stdout } = await promisify(execFile)(process.execPath, [asking], { env })
    return { said: JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as string[], seen }
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  } finally {
    await close()
  }
}
