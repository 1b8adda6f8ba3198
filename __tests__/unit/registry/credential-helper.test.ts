import { afterAll, beforeAll, expect, it, jest } from '@jest/globals'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { credentialHelperRunner } from '../../../src/registry/auth/credential-helper.ts'

// A process may be slow on a busy machine.
jest.setTimeout(60_000)

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'credential-helper-'))
  const helpers = {
    echo: 'read -r server; echo "$1 $server"',
    broken: 'echo "credentials not found in native keychain"; exit 1',
    deaf: 'exec 0<&-; exit 0',
    asking: 'exec sleep 60',
  }
  for (const [name, script] of Object.entries(helpers)) {
    await writeFile(join(folder, `docker-credential-${name}`), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  }
})
afterAll(() => rm(folder, { recursive: true }))

const run = (name: string, timeout = 50_000) =>
  credentialHelperRunner({ PATH: `${folder}:/usr/bin:/bin` }, timeout)(name, 'ghcr.io')

it('runs the helper with "get" and the host on stdin', async () => {
  expect(await run('echo')).toEqual({ exitCode: 0, stdout: 'get ghcr.io\n' })
})

it('returns its exit code and output', async () => {
  expect(await run('broken')).toEqual({ exitCode: 1, stdout: 'credentials not found in native keychain\n' })
})

it('accepts a helper that does not read its input', async () => {
  expect(await run('deaf')).toEqual({ exitCode: 0, stdout: '' })
})

it('rejects if there is no such helper', async () => {
  await expect(run('absent')).rejects.toThrow('ENOENT')
})

it('kills a helper that waits for a person', async () => {
  // Without the time-out, it would end after a minute without an answer.
  await expect(run('asking', 100)).rejects.toThrow('Command failed: docker-credential-asking get')
})
