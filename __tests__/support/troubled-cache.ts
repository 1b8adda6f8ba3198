import { execFile } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { openCacheService } from './cache-service.ts'

/** What is wrong with the service; `nobody` is one where nothing listens. */
export type Trouble = 'error' | 'garbage' | 'nobody'

/** What the store said to each of three calls, and what the service was asked for */
export type Told = { said: string[]; seen: string[] }

/** Has a process ask the store for a wheel, keep one, and ask for UCX. @returns an error if it did not come to its end */
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
