import { afterAll, describe, expect, it } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inputsOf, makeMachine } from '../../support/machine.ts'
import { execute } from '../../../src/command/commands.ts'
import { createClient } from '../../../src/command/world/registry-access.ts'
import { serialisePlan } from '../../../src/store/plan-document.ts'
import { sendJson, type TestServer, useOpened } from '../../support/web-server.ts'
import { makePlan, makePlannedImage } from '../../support/reports.ts'

const { opened, server } = useOpened()

const folder = mkdtempSync(join(tmpdir(), 'commands-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

const started = Date.now() - 3_600_000
const machine = makeMachine(folder, { environment: {}, started })

/** An empty registry that, like Docker Hub, grants no pull from a missing repository. */
async function dockerHub(existing: string): Promise<TestServer> {
  const tokens = await server(({ path }, response) => {
    const scope = new URL(path, 'http://x').searchParams.get('scope') ?? ''
    const granted = scope.endsWith(':pull,push') || scope === `repository:${existing}:pull`
    sendJson(response, 200, { token: granted ? scope : 'nothing' })
  })
  return server(({ path, authorization }, response) => {
    const repository = /^\/v2\/(.*)\/(?:manifests|blobs|tags)\//.exec(path)?.[1] ?? ''
    const challenge = `Bearer realm="http://${tokens.host}/token",scope="repository:${repository}:pull"`
    if (authorization?.startsWith(`Bearer repository:${repository}:`))
      sendJson(response, 404, { errors: [{ code: 'NAME_UNKNOWN' }] })
    else sendJson(response, 401, {}, { 'www-authenticate': challenge })
  })
}

describe('promote', () => {
  it('publishes into a new namespace that only the plan names', async () => {
    const { host } = await dockerHub('myorg/image-cache')
    const image = makePlannedImage(undefined, undefined, {
      repository: { registry: host, path: 'myorg/vllm-openai' },
    })
    const file = join(folder, 'plan.json')
    const cacheRepository = { registry: host, path: 'myorg/image-cache' }
    writeFileSync(file, serialisePlan(makePlan([image], { cacheRepository })))
    const login = { username: 'me', password: 'secret' }
    const inputs = inputsOf({ ...login, command: 'promote', plan: file, registry: host })
    const registry = createClient(inputs, undefined, machine)
    opened.push(registry)
    const notUsed = () => Promise.reject(new Error('not used here'))
    const asked = { nixl: { versions: notUsed }, git: notUsed, fetchSource: notUsed }
    const given = { secretFiles: new Map<string, string>(), certificates: undefined }
    const tools = { inputs, machine, registry, ...given, ...asked }
    const place = { kind: 'file', path: file } as const
    const { outcomes, duration } = await execute(tools, {
      kind: 'promote',
      requireVerified: false,
      plan: place,
    })
    // The public repository was read, and the leg was requested.
    expect(outcomes).toMatchObject([
      { state: 'failed', legs: [{ error: expect.stringContaining('no runner has built and verified it') }] },
    ])
    // The run includes what the process did before, such as planning.
    expect(duration).toBeGreaterThanOrEqual(3_600_000)
  })
})
