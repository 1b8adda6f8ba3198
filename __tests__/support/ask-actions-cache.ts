import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as library from '@actions/cache'
import { openActionsCache } from '../../src/store/artifacts/actions-cache.ts'

// Prints the store's results of three calls. A separate process, because the library reads the
// service from its environment.

const store = openActionsCache({
  push: false,
  environment: process.env,
  temporaryFolder: process.env.RUNNER_TEMP ?? '',
  // The library is not bundled here and loads slowly.
  load: () => Promise.resolve(library),
})
if (!store) throw new Error('the environment has no cache')

const folder = mkdtempSync(join(tmpdir(), 'asked-'))
const made = join(folder, 'made')
mkdirSync(made)
writeFileSync(join(made, 'file'), 'content')

async function said(call: Promise<unknown>): Promise<string> {
  return String(await call.catch((error: unknown) => error))
}

const answers = [
  await said(store.restore('wheel-1', join(folder, 'wheel'))),
  await said(store.save('wheel-1', made)),
  await said(store.restore('ucx-1', join(folder, 'ucx'))),
]
process.stdout.write(`\n${JSON.stringify(answers)}\n`)
