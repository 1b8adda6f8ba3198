import { describe, expect, it } from '@jest/globals'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withoutEmpty } from '../../../src/build/environment.ts'
import { createRedact } from '../../../src/edge/redact.ts'
import { environmentLogins, loginSecrets, readDockerConfig } from '../../../src/edge/registry-access.ts'

function folderWith(text: string | undefined): string {
  const folder = mkdtempSync(join(tmpdir(), 'docker-'))
  if (text !== undefined) writeFileSync(join(folder, 'config.json'), text)
  return folder
}

describe("Docker's config.json", () => {
  it.each([
    ['is not there', undefined, undefined],
    ['is empty', '', undefined],
    ['has blanks only', ' \n\t', undefined],
    ['has something', ' {"auths":{}}', { auths: {} }],
  ])('that %s', (_, text, expected) => {
    expect(readDockerConfig({ DOCKER_CONFIG: folderWith(text) })).toEqual(expected)
  })

  it('that is broken is named, without what is in it', () => {
    const folder = folderWith('{"canary')
    expect(() => readDockerConfig({ DOCKER_CONFIG: folder })).toThrow(
      `Docker's configuration ${folder}/config.json is not JSON; repair or remove it.`,
    )
  })
})

it('passwords and tokens of docker logins are hidden, also in the form in which they are sent', () => {
  const auth = Buffer.from('robot:s3cr3t-x').toString('base64')
  const text = JSON.stringify({
    auths: { 'a.example': { auth }, 'b.example': { identitytoken: 'idt-123', registrytoken: 'rt-4567' } },
  })
  const redact = createRedact(loginSecrets(environmentLogins({ DOCKER_AUTH_CONFIG: text })))
  for (const shown of [auth, 's3cr3t-x', 'idt-123', 'rt-4567']) expect(redact(shown)).toBe('***')
  expect(redact('robot at a.example')).toBe('robot at a.example')
  expect(loginSecrets(environmentLogins({ DOCKER_AUTH_CONFIG: 'broken' }))).toEqual([])
})

it('a variable that is set to nothing is not set', () => {
  expect(withoutEmpty({ DOCKER_CONFIG: '', RUNNER_TEMP: '', HOME: ' ', PATH: '/bin' })).toEqual({
    HOME: ' ',
    PATH: '/bin',
  })
})
