import { afterAll, describe, expect, it } from '@jest/globals'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { environmentForPrograms, writeSecretFiles } from '../../../src/edge/machine.ts'
import { createWorkspace } from '../../../src/edge/workspace.ts'
import { inputsOf } from '../../support/machine.ts'

const folder = mkdtempSync(join(tmpdir(), 'machine-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

describe('the environment of the programs that we start', () => {
  it.each([
    'INPUT_PASSWORD',
    'INPUT_GITHUB-TOKEN',
    'ACTIONS_RUNTIME_TOKEN',
    'ACTIONS_ID_TOKEN_REQUEST_TOKEN',
    'STATE_private-folder',
  ])('lacks %s', (name) => {
    expect(environmentForPrograms({ [name]: 'canary', PATH: '/bin' })).toEqual({ PATH: '/bin' })
  })

  it.each(['PATH', 'HOME', 'DOCKER_CONFIG', 'https_proxy', 'ACTIONS_RESULTS_URL', 'MY_INPUT_', 'MY_STATE_'])(
    'has %s',
    (name) => {
      expect(environmentForPrograms({ [name]: 'x' })).toEqual({ [name]: 'x' })
    },
  )
})

describe('the files of the build secrets', () => {
  const files = (given: Record<string, string>) =>
    writeSecretFiles(inputsOf(given), createWorkspace(mkdtempSync(join(folder, 'temp-'))))

  it('are none where there are no secrets', () => {
    expect(files({})).toEqual(new Map())
  })

  it('are one for each secret, and one for the package index, for this user alone', () => {
    const index = 'https://me:canary@index.example/simple'
    const written = files({
      secrets: 'git-credentials=https://robot:s3cr3t-x@git.example\nother<<END\nx y z\nEND',
      'package-index': index,
    })
    const contents = [...written].map(([id, path]) => [id, readFileSync(path, 'utf8')])
    expect(Object.fromEntries(contents)).toEqual({
      'git-credentials': 'https://robot:s3cr3t-x@git.example',
      other: 'x y z',
      'package-index': index,
    })
    for (const path of written.values()) expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('are the certificates where the user has them', () => {
    expect(files({ 'ca-certificates': '/etc/own.pem' })).toEqual(
      new Map([['ca-certificates', '/etc/own.pem']]),
    )
  })
})
