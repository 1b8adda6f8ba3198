import { describe, expect, it } from '@jest/globals'
import type { ServerResponse } from 'node:http'
import type { Credentials } from '../../../../src/registry/auth/credentials.ts'
import type { Digest } from '../../../../src/registry/content/digest.ts'
import type { Deleter } from '../../../../src/registry/deletion/deleter.ts'
import { openDeleter, publicApis } from '../../../../src/registry/deletion/open-deleter.ts'
import { RegistryRefusal } from '../../../../src/registry/http/failure.ts'
import { createTransport } from '../../../../src/registry/http/transport.ts'
import { createDockerHubApi, type DockerHubApi } from '../../../support/docker-hub.ts'
import { noRetry, quickRetry } from '../../../support/retry.ts'
import { sendJson, sentence, type TestServer, useOpened } from '../../../support/web-server.ts'

const { opened, server } = useOpened()

const password = 'canary-password'
const [one, two]: [Digest, Digest] = [`sha256:${'1'.repeat(64)}`, `sha256:${'2'.repeat(64)}`]

type Settings = {
  credentials?: Credentials | undefined
  /** What the registry answers the deletion of a manifest; a number is the status of a refusal */
  manifest?: boolean | number
  retry?: typeof noRetry
}

type World = { deleter: Deleter; hub: TestServer; deleted: string[] }

const login: Credentials = { kind: 'password', username: 'me', password, inputs: 'username and password' }

/** Opens the deletion in docker.io/aibrix/image-cache, whose API is a server of the test. */
async function open(
  api: DockerHubApi,
  tags: ReadonlyMap<string, Digest>,
  settings: Settings = {},
): Promise<World> {
  const { manifest = true, retry = noRetry } = settings
  const credentials = 'credentials' in settings ? settings.credentials : login
  const hub = await server(api.handler)
  const transport = createTransport({ timeouts: { request: 5000, stall: 5000 } })
  opened.push(transport)
  const deleted: string[] = []
  const details = { code: undefined, retryAfter: undefined }
  const deleter = openDeleter(
    { registry: 'docker.io', path: 'aibrix/image-cache' },
    {
      client: {
        deleteManifest: (_, reference) => {
          deleted.push(reference)
          return typeof manifest === 'boolean'
            ? Promise.resolve(manifest)
            : Promise.reject(new RegistryRefusal('it refused', 'x', { ...details, status: manifest }))
        },
        resolveTag: (_, tag) => Promise.resolve(tags.get(tag)),
        listTags: () => Promise.resolve([]),
      },
      transport,
      credentials: () => Promise.resolve(credentials),
      withRetries: retry.run,
      wait: () => Promise.resolve(),
      apis: { ...publicApis, dockerHub: `http://${hub.host}` },
      githubToken: undefined,
    },
  )
  return { deleter, hub, deleted }
}

const paths = ({ seen }: TestServer) => seen.map(({ method, path }) => `${method} ${path}`)
const tagPath = (tag: string) => `DELETE /v2/repositories/aibrix/image-cache/tags/${tag}/`

describe("deleting through Docker Hub's API", () => {
  it('logs in once, deletes the tags one by one, and then the manifest', async () => {
    const tags = new Map<string, Digest>([
      ['build-1', one],
      ['candidate-1', one],
      ['build-2', two],
    ])
    const { deleter, hub, deleted } = await open(createDockerHubApi({ password, tags }), new Map(tags))
    await deleter.check()
    const condemned = { digest: one, tags: ['build-1', 'candidate-1'] }
    expect(await deleter.remove(condemned)).toEqual({ state: 'removed' })
    expect([...tags.keys()]).toEqual(['build-2'])
    expect(deleted).toEqual([one])
    expect(paths(hub)).toEqual([
      'POST /v2/auth/token',
      tagPath('image-action-asks-whether-it-may-delete'),
      tagPath('build-1'),
      tagPath('candidate-1'),
    ])
    expect(JSON.parse(hub.seen[0]?.body ?? '')).toEqual({ identifier: 'me', secret: password })
  })

  it('logs in again when its login has expired', async () => {
    const tags = new Map<string, Digest>([['build-1', one]])
    const api = createDockerHubApi({ password, tags })
    const { deleter, hub } = await open(api, new Map(tags))
    await deleter.check()
    api.expire()
    expect(await deleter.remove({ digest: one, tags: ['build-1'] })).toEqual({ state: 'removed' })
    expect(paths(hub).filter((path) => path.startsWith('POST'))).toHaveLength(2)
  })

  it('leaves a tag that names something else by now', async () => {
    const tags = new Map<string, Digest>([
      ['build-1', one],
      ['build-2', two],
    ])
    const { deleter } = await open(createDockerHubApi({ password, tags }), new Map(tags))
    expect(await deleter.remove({ digest: one, tags: ['build-1', 'build-2'] })).toEqual({ state: 'removed' })
    expect([...tags]).toEqual([['build-2', two]])
  })

  it.each<[string, string[], boolean | number, object]>([
    ['a part of an index', [], true, { state: 'removed' }],
    ['a part that is gone', [], false, { state: 'gone' }],
    [
      'a part that something else names',
      [],
      403,
      { state: 'stays', reason: 'Docker Hub keeps it while something names it (it refused)' },
    ],
    ['a digest whose manifest something names', ['build-1'], 403, { state: 'removed' }],
    ['a digest where the registry deletes no manifest', ['build-1'], 405, { state: 'removed' }],
    ['a digest that is deleted in the background', ['build-1'], 500, { state: 'removed' }],
    ['a digest whose tags and manifest are gone', ['build-9'], false, { state: 'gone' }],
  ])('says what became of %s', async (_, names, manifest, expected) => {
    const tags = new Map<string, Digest>([['build-1', one]])
    const { deleter } = await open(createDockerHubApi({ password, tags }), new Map(tags), { manifest })
    expect(await deleter.remove({ digest: one, tags: names })).toEqual(expected)
  })

  it('counts a tag as gone that another client has deleted', async () => {
    const before = new Map<string, Digest>([['build-1', one]])
    const { deleter } = await open(createDockerHubApi({ password, tags: new Map() }), before, {
      manifest: false,
    })
    expect(await deleter.remove({ digest: one, tags: ['build-1'] })).toEqual({ state: 'gone' })
  })

  it('leaves what has an immutable tag', async () => {
    const tags = new Map<string, Digest>([['build-1', one]])
    const api = createDockerHubApi({ password, tags, immutable: /^build-/ })
    const { deleter, deleted } = await open(api, new Map(tags))
    await deleter.check()
    expect(await deleter.remove({ digest: one, tags: ['build-1'] })).toEqual({
      state: 'stays',
      reason: 'its tag build-1 is immutable (tag is immutable)',
    })
    expect(deleted).toEqual([])
  })

  it.each<[string, Settings, string]>([
    [
      'there is none',
      { credentials: undefined },
      'nothing can be deleted in docker.io/aibrix/image-cache without a user name and a password or personal access token for Docker Hub; set username and password, or run docker login before this step.',
    ],
    [
      'it is a token of the registry',
      { credentials: { kind: 'registry-token', token: 'x' } },
      'nothing can be deleted in docker.io/aibrix/image-cache without a user name and a password or personal access token for Docker Hub; set username and password, or run docker login before this step.',
    ],
    [
      'it fails',
      { credentials: { ...login, password: 'canary-wrong' } },
      "registry docker.io refused the login to Docker Hub's API: 401 unauthorized (incorrect authentication credentials for ***); check username and password; with two-factor authentication or single sign-on, the password must be a personal access token.",
    ],
  ])('says before anything is deleted what the login lacks: %s', async (_, settings, expected) => {
    const tags = new Map<string, Digest>([['build-1', one]])
    const { deleter } = await open(createDockerHubApi({ password, tags }), new Map(tags), settings)
    expect(await sentence(deleter.check())).toBe(expected)
    expect(tags.size).toBe(1)
  })

  it('says before anything is deleted that the login has no right to delete', async () => {
    const tags = new Map<string, Digest>([['build-1', one]])
    const instead = ({ method }: { method: string }, response: ServerResponse) => {
      if (method !== 'DELETE') return false
      sendJson(response, 403, { message: 'access denied: insufficient scope', errinfo: {} })
      return true
    }
    const { deleter } = await open(createDockerHubApi({ password, tags, instead }), new Map(tags))
    expect(await sentence(deleter.check())).toBe(
      'registry docker.io refused the deletion of docker.io/aibrix/image-cache:image-action-asks-whether-it-may-delete: 403 forbidden (access denied: insufficient scope); check username and password: the user must be allowed to administer the repository, and a personal access token needs the permission Read, Write, Delete.',
    )
    expect(tags.size).toBe(1)
  })

  it('waits as long as a rate limit asks', async () => {
    const tags = new Map<string, Digest>([['build-1', one]])
    const limits = ['3', '4']
    const instead = ({ method }: { method: string }, response: ServerResponse) => {
      const seconds = method === 'DELETE' ? limits.shift() : undefined
      if (seconds === undefined) return false
      sendJson(response, 429, { detail: 'Rate limit exceeded', error: false }, { 'retry-after': seconds })
      return true
    }
    const delays: number[] = []
    const retry = quickRetry({
      waits: { retry: 0, longest: 0, budget: 600_000 },
      wait: (milliseconds) => {
        delays.push(milliseconds)
        return Promise.resolve()
      },
    })
    const { deleter } = await open(createDockerHubApi({ password, tags, instead }), new Map(tags), { retry })
    expect(await deleter.remove({ digest: one, tags: ['build-1'] })).toEqual({ state: 'removed' })
    expect(delays).toEqual([3000, 4000])
  })
})
