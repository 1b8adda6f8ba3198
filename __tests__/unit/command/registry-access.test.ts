import { environmentLogins, loginSecrets } from '../../../src/command/world/secrets.ts'
import { ordinaryWords } from '../../../src/inputs/ordinary.ts'
import { afterAll, describe, expect, it } from '@jest/globals'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withoutEmpty } from '../../../src/system/program-variables.ts'
import { createRedact } from '../../../src/system/redact.ts'
import { createClient, readDockerConfig } from '../../../src/command/world/registry-access.ts'
import { defaultWaits } from '../../../src/inputs/waits.ts'
import { UserError } from '../../../src/errors.ts'
import { inputsOf, makeMachine } from '../../support/machine.ts'
import { withProgram } from '../../support/stand-in-inputs.ts'
import { at, sendJson, type TestServer, useOpened } from '../../support/web-server.ts'

const { opened, server } = useOpened()

const folder = mkdtempSync(join(tmpdir(), 'registry-access-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

/** A registry that requires a password for reading. */
const guarded = (): Promise<TestServer> =>
  server(({ authorization }, response) => {
    if (authorization === undefined) sendJson(response, 401, {}, { 'www-authenticate': 'Basic realm="x"' })
    else sendJson(response, 200, { tags: ['v1'] })
  })

/** A registry that denies everything */
const refusing = (): Promise<TestServer> =>
  server((_, response) => {
    sendJson(response, 403, {})
  })

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`
const told = ({ seen }: TestServer) => seen.flatMap(({ authorization }) => authorization ?? [])

/** @returns the credentials that each registry received */
async function toldBy(
  registries: TestServer[],
  given: Record<string, string>,
  dockerConfig: unknown,
  environment: NodeJS.ProcessEnv = {},
): Promise<string[][]> {
  const client = createClient(inputsOf(given), dockerConfig, makeMachine(folder, { environment }))
  opened.push(client)
  for (const registry of registries) await client.listTags(at(registry))
  return registries.map(told)
}

describe('the registry client of a run', () => {
  it("sends the login to its registry alone, and Docker's own to others", async () => {
    const [own, other] = [await guarded(), await guarded()]
    const auths = Object.fromEntries(
      [own, other].map(({ host }) => [host, { auth: Buffer.from('docker:config').toString('base64') }]),
    )
    const login = { registry: own.host, username: 'me', password: 'canary' }
    expect(await toldBy([own, other], login, { auths })).toEqual([
      [basic('me:canary')],
      [basic('docker:config')],
    ])
  })

  it('sends each login of mirror-credentials to its registry alone', async () => {
    const [own, first, second] = [await guarded(), await guarded(), await guarded()]
    const given = {
      ...{ registry: own.host, username: 'me', password: 'canary' },
      mirrors: [first, second].map(({ host }) => `${host}/acme/vllm-openai`).join('\n'),
      'mirror-credentials': `${first.host}=one:first-token\n${second.host}=two:second-token`,
    }
    expect(await toldBy([own, first, second], given, undefined)).toEqual([
      [basic('me:canary')],
      [basic('one:first-token')],
      [basic('two:second-token')],
    ])
  })

  it('says which login a registry refused', async () => {
    const [own, mirror, other] = [await refusing(), await refusing(), await refusing()]
    const given = {
      ...{ registry: own.host, username: 'me', password: 'canary' },
      mirrors: `${mirror.host}/acme/vllm-openai`,
      'mirror-credentials': `${mirror.host}=one:first-token`,
    }
    const auths = { [other.host]: { auth: Buffer.from('docker:config').toString('base64') } }
    const client = createClient(inputsOf(given), { auths }, makeMachine(folder))
    opened.push(client)
    const said = (registry: TestServer) => expect(client.listTags(at(registry))).rejects
    await said(own).toThrow('; check username and password, and the permissions')
    await said(mirror).toThrow('; check mirror-credentials, and the permissions')
    await said(other).toThrow('; check the docker login for it, and the permissions')
  })

  it('runs the credential helpers on the PATH of the run', async () => {
    const registry = await guarded()
    const script = '#!/bin/sh\necho \'{"Username":"helped","Secret":"by"}\'\n'
    const environment = { PATH: withProgram(folder, 'docker-credential-mine', script) }
    const dockerConfig = { credHelpers: { [registry.host]: 'mine' } }
    expect(await toldBy([registry], {}, dockerConfig, environment)).toEqual([[basic('helped:by')]])
  }, 30_000)

  it('retries as the run retries', async () => {
    let busy = 2
    const registry = await server((_, response) => {
      sendJson(response, busy-- > 0 ? 503 : 200, { tags: [] })
    })
    let runs = 0
    const retry = {
      run: async <Result>(work: () => Promise<Result>): Promise<Result> => {
        for (;;)
          try {
            runs += 1
            return await work()
          } catch (error) {
            if (runs > 2) throw error
          }
      },
      retried: () => [],
    }
    const client = createClient(inputsOf(), undefined, makeMachine(folder, { retry }))
    opened.push(client)
    expect(await client.listTags(at(registry))).toEqual([])
    expect(runs).toBe(3)
  })

  it('has the time-out of the run', async () => {
    const silent = await server(() => undefined)
    const waits = { ...defaultWaits, request: 50 }
    const client = createClient(inputsOf(), undefined, makeMachine(folder, { waits }))
    opened.push(client)
    await expect(client.listTags(at(silent))).rejects.toThrow('no complete answer for 0.05 s')
  })

  it('ends with the run', async () => {
    const cancel = new AbortController()
    const silent = await server(() => {
      cancel.abort()
    })
    const client = createClient(inputsOf(), undefined, makeMachine(folder, { signal: cancel.signal }))
    opened.push(client)
    await expect(client.listTags(at(silent))).rejects.toThrow('cancelled')
  })
})

describe("Docker's configuration", () => {
  const config = join(folder, 'config.json')
  const read = () => readDockerConfig({ DOCKER_CONFIG: folder })

  it('is undefined if it is missing', () => {
    expect(readDockerConfig({ DOCKER_CONFIG: join(folder, 'nothing') })).toBeUndefined()
  })

  it('is the content of its file', () => {
    writeFileSync(config, '{"auths":{"ghcr.io":{}}}')
    expect(read()).toEqual({ auths: { 'ghcr.io': {} } })
  })

  it('is in the home of the user by default', () => {
    mkdirSync(join(folder, '.docker'))
    writeFileSync(join(folder, '.docker/config.json'), '{"credsStore":"x"}')
    expect(readDockerConfig({ HOME: folder })).toEqual({ credsStore: 'x' })
  })

  it.each(['', ' \n\t'])('is undefined if it is empty (%j)', (text) => {
    writeFileSync(config, text)
    expect(read()).toBeUndefined()
  })

  it('is an error that names the file and no content if it is not JSON', () => {
    writeFileSync(config, '{"auths": canary')
    expect(read).toThrow(UserError)
    expect(read).toThrow(`Docker's configuration ${config} is not JSON; repair or remove it.`)
    expect(read).not.toThrow('canary')
  })
})

it('passwords and tokens of docker logins are redacted, also as they are sent', () => {
  const auth = Buffer.from('robot:s3cr3t-x').toString('base64')
  const text = JSON.stringify({
    auths: { 'a.example': { auth }, 'b.example': { identitytoken: 'idt-123', registrytoken: 'rt-4567' } },
  })
  const redact = createRedact(
    loginSecrets(environmentLogins({ DOCKER_AUTH_CONFIG: text })),
    ordinaryWords([]),
  )
  for (const shown of [auth, 's3cr3t-x', 'idt-123', 'rt-4567']) expect(redact(shown)).toBe('***')
  expect(redact('robot at a.example')).toBe('robot at a.example')
  expect(loginSecrets(environmentLogins({ DOCKER_AUTH_CONFIG: 'broken' }))).toEqual([])
})

it('an empty variable counts as unset', () => {
  expect(withoutEmpty({ DOCKER_CONFIG: '', RUNNER_TEMP: '', HOME: ' ', PATH: '/bin' })).toEqual({
    HOME: ' ',
    PATH: '/bin',
  })
})
