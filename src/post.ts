import * as core from '@actions/core'
import {
  environmentForPrograms,
  remembered,
  removePrivate,
  runProcess,
  withoutEmpty,
} from './system/index.ts'
import { sentenceOf } from './errors.ts'

/** Time-out for removing a builder, in milliseconds. */
const removeTimeout = 60_000

/** Removes what `main` could not, after the job. A failure here must not change its result. */
async function cleanUp(): Promise<void> {
  const folder = remembered('privateFolder')
  if (folder !== '') removePrivate(folder)
  const builder = remembered('builder')
  if (builder === '') return
  const { signal } = new AbortController()
  const args = ['buildx', 'rm', '--force', '--', builder]
  const environment = environmentForPrograms(withoutEmpty(process.env))
  await runProcess('docker', args, { environment, signal, timeout: removeTimeout, killAfter: 1000 })
  core.info(`Removed the builder ${builder}.`)
}

try {
  await cleanUp()
} catch (error) {
  core.warning(`Cleaning up failed: ${sentenceOf(error)}`)
}
