import { describe, expect, it } from '@jest/globals'
import type { ServerResponse } from 'node:http'
import type { Digest } from '../../../../src/registry/content/digest.ts'
import type { Deleter } from '../../../../src/registry/deletion/deleter.ts'
import { openDeleter, publicApis } from '../../../../src/registry/deletion/open-deleter.ts'
import { createTransport } from '../../../../src/registry/http/transport.ts'
import type { Retry } from '../../../../src/system/retry.ts'
import { createGitHubPackages, type GitHubPackages, type Version } from '../../../support/github-packages.ts'
import { noRetry, quickRetry } from '../../../support/retry.ts'
import { anonymous, sendJson, sentence, type TestServer, useOpened } from '../../../support/web-server.ts'

const { opened, server } = useOpened()

const token = 'canary-github-token'
const nameOf = (number: number): Digest => `sha256:${String(number).padStart(64, '0')}`
const versionOf = (number: number, ...tags: string[]): Version => ({
  id: 1000 + number,
  name: nameOf(number),
  tags,
})
const many = (count: number) =>
  Array.from({ length: count }, (_, number) => versionOf(number, `tag-${number}`))

type World = { deleter: Deleter; github: TestServer; delays: number[] }

/** Opens the deletion in ghcr.io/aibrix/image-cache, whose API is a server of the test. */
async function open(
  { handler }: Pick<GitHubPackages, 'handler'>,
  {
    path = 'aibrix/image-cache',
    retry = noRetry,
    tags = ['a'],
  }: { path?: string; retry?: Retry; tags?: string[] } = {},
): Promise<World> {
  const github = await server(handler)
  const transport = createTransport({ timeouts: { request: 5000, stall: 5000 } })
  opened.push(transport)
  const delays: number[] = []
  const unused = () => Promise.reject(new Error('not used here'))
  const deleter = openDeleter(
    { registry: 'ghcr.io', path },
    {
      client: { deleteManifest: unused, resolveTag: unused, listTags: () => Promise.resolve(tags) },
      transport,
      credentials: anonymous,
      withRetries: retry.run,
      wait: (milliseconds) => {
        delays.push(milliseconds)
        return Promise.resolve()
      },
      apis: { ...publicApis, github: `http://${github.host}` },
      githubToken: token,
    },
  )
  return { deleter, github, delays }
}

const requests = ({ seen }: TestServer, method: string) =>
  seen.flatMap((one) => (one.method === method ? [one.path] : []))

const limited = (
  response: ServerResponse,
  status: number,
  headers: Record<string, string>,
  text = 'wait',
) => {
  sendJson(response, status, { message: text }, headers)
  return true
}

describe("deleting through GitHub's API", () => {
  it('removes versions by their digest, which it finds on all pages', async () => {
    const api = createGitHubPackages(many(250))
    const { deleter, github, delays } = await open(api)
    await deleter.check()
    for (const number of [0, 249])
      expect(await deleter.remove({ digest: nameOf(number), tags: [`tag-${number}`] })).toEqual({
        state: 'removed',
      })
    expect(await deleter.remove({ digest: nameOf(249), tags: ['tag-249'] })).toEqual({ state: 'gone' })
    expect(await deleter.remove({ digest: nameOf(999), tags: [] })).toEqual({ state: 'gone' })
    expect(api.versions).toHaveLength(248)
    const path = '/orgs/aibrix/packages/container/image-cache/versions'
    expect(requests(github, 'GET').filter((one) => one.includes('?'))).toEqual([
      `${path}?per_page=100`,
      `${path}?per_page=100&page=2`,
      `${path}?per_page=100&page=3`,
    ])
    expect(requests(github, 'DELETE')).toEqual([`${path}/0`, `${path}/1000`, `${path}/1249`])
    expect(new Set(github.seen.map(({ authorization }) => authorization))).toEqual(
      new Set([`Bearer ${token}`]),
    )
    // GitHub asks for a second between deletions.
    expect(delays).toEqual([1000])
  })

  it.each([
    ['an organisation', { type: 'Organization' }, '/orgs/aibrix'],
    ['a user, by the token of a workflow', { type: 'User' }, '/users/aibrix'],
    ["a user, by another user's token", { type: 'User', tokenOf: 'somebody' }, '/users/aibrix'],
    ['a user, by their own token', { type: 'User', tokenOf: 'aibrix' }, '/user'],
  ] as const)('finds the package of %s', async (_, options, home) => {
    const api = createGitHubPackages([versionOf(1, 'a'), versionOf(2, 'b')], options)
    const { deleter, github } = await open(api)
    await deleter.check()
    expect(await deleter.remove({ digest: nameOf(1), tags: ['a'] })).toEqual({ state: 'removed' })
    expect(requests(github, 'DELETE').at(-1)).toBe(`${home}/packages/container/image-cache/versions/1001`)
  })

  it('encodes the slashes in the name of a package', async () => {
    const api = createGitHubPackages([versionOf(1, 'a'), versionOf(2, 'b')], { name: 'ci/x/image-cache' })
    const { deleter, github } = await open(api, { path: 'aibrix/ci/x/image-cache' })
    expect(await deleter.remove({ digest: nameOf(1), tags: ['a'] })).toEqual({ state: 'removed' })
    expect(requests(github, 'DELETE')).toEqual([
      '/orgs/aibrix/packages/container/ci%2Fx%2Fimage-cache/versions/1001',
    ])
  })

  it('leaves a part that two indexes share', async () => {
    const [goes, stays, own, shared] = [versionOf(1, 'v1'), versionOf(2, 'v2'), versionOf(3), versionOf(4)]
    const api = createGitHubPackages([goes, stays, own, shared])
    const { deleter } = await open(api)
    await deleter.remove({ digest: nameOf(1), tags: ['v1'] })
    await deleter.remove({ digest: nameOf(3), tags: [] })
    expect(api.versions).toEqual([stays, shared])
  })

  it('leaves a version that has got another tag', async () => {
    const api = createGitHubPackages([versionOf(1, 'build-1', 'build-2'), versionOf(2, 'b')])
    const { deleter, github } = await open(api)
    expect(await deleter.remove({ digest: nameOf(1), tags: ['build-1'] })).toEqual({
      state: 'stays',
      reason: 'it has got another tag: build-2',
    })
    expect(requests(github, 'DELETE')).toEqual([])
  })

  it('leaves the last version with tags, which GitHub never deletes, and goes on with others', async () => {
    const api = createGitHubPackages([versionOf(1, 'a'), versionOf(2)])
    const { deleter } = await open(api)
    expect(await deleter.remove({ digest: nameOf(1), tags: ['a'] })).toEqual({
      state: 'stays',
      reason:
        'GitHub does not delete it (You cannot delete the last tagged version of a package. You must delete the package instead)',
    })
    expect(await deleter.remove({ digest: nameOf(2), tags: [] })).toEqual({ state: 'removed' })
  })

  it.each([
    [
      'Publicly visible package versions with more than 5000 downloads cannot be deleted. Contact GitHub support for further assistance.',
    ],
    ['You cannot delete a public package version with more than 5,000 downloads.'],
  ])('leaves what was downloaded too often: %s', async (text) => {
    const api = createGitHubPackages(many(3), {
      instead: ({ path, method }, response) =>
        method === 'DELETE' && path.endsWith('/1001') && limited(response, 400, {}, text),
    })
    const { deleter } = await open(api)
    const removal = await deleter.remove({ digest: nameOf(1), tags: ['tag-1'] })
    expect(removal).toEqual({
      state: 'stays',
      reason: `GitHub does not delete it (${text.replace(/\.$/, '')})`,
    })
  })

  it('waits as long as a rate limit asks', async () => {
    const now = 1_800_000_000
    const date = new Date(now * 1000).toUTCString()
    const limits: [number, Record<string, string>, string?][] = [
      [429, { 'retry-after': '7' }],
      [403, { 'retry-after': '8' }],
      [403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(now + 90), date }],
      [403, { 'x-ratelimit-remaining': '12' }, 'You have exceeded a secondary rate limit.'],
    ]
    const api = createGitHubPackages(many(3), {
      instead: ({ method }, response) => {
        const limit = method === 'DELETE' ? limits.shift() : undefined
        return limit !== undefined && limited(response, ...limit)
      },
    })
    const delays: number[] = []
    const retry = quickRetry({
      retries: 10,
      waits: { retry: 0, longest: 0, budget: 600_000 },
      wait: (milliseconds) => {
        delays.push(milliseconds)
        return Promise.resolve()
      },
    })
    const { deleter } = await open(api, { retry })
    expect(await deleter.remove({ digest: nameOf(1), tags: ['tag-1'] })).toEqual({ state: 'removed' })
    expect(delays).toEqual([7000, 8000, 90_000, 60_000])
  })

  it('gives up at a rate limit that lasts longer than a run retries', async () => {
    const api = createGitHubPackages(many(3), {
      instead: ({ method }, response) =>
        method === 'DELETE' && limited(response, 403, { 'retry-after': '3000' }, `no ${token}`),
    })
    const { deleter } = await open(api, { retry: quickRetry() })
    expect(await sentence(deleter.remove({ digest: nameOf(1), tags: ['tag-1'] }))).toBe(
      `registry ghcr.io refused the deletion of ghcr.io/aibrix/image-cache@${nameOf(1)}: 403 forbidden (no ***); its rate limit is reached, try again in 3000 s.`,
    )
  })

  it.each([
    [
      'the probe is denied',
      {
        instead: ({ method }: { method: string }, response: ServerResponse) =>
          method === 'DELETE' && limited(response, 403, {}, 'Resource not accessible by integration'),
      },
      /refused the deletion from aibrix\/image-cache: 403 forbidden \(Resource not accessible by integration\); github-token needs the right to delete: .*packages: write.*delete:packages\.$/,
    ],
    [
      'its scopes are others',
      { scopes: 'repo, write:packages' },
      /^nothing can be deleted in ghcr.io\/aibrix\/image-cache: github-token has only the scopes repo, write:packages; give it the scope delete:packages\.$/,
    ],
    [
      'it shows no package though the registry has tags',
      { name: 'another' },
      /^nothing can be deleted in ghcr.io\/aibrix\/image-cache: GitHub's API shows github-token no such package; github-token needs the right to delete: /,
    ],
    [
      'it is not valid',
      { instead: (_: unknown, response: ServerResponse) => limited(response, 401, {}, 'Bad credentials') },
      /401 unauthorized \(Bad credentials\); give github-token a token that has not expired\.$/,
    ],
  ])('says before anything is deleted what the token lacks: %s', async (_, options, expected) => {
    const api = createGitHubPackages(many(3), options)
    const { deleter } = await open(api)
    expect(await sentence(deleter.check())).toMatch(expected)
    expect(api.versions).toHaveLength(3)
  })

  it('has nothing to delete if there is no package and the registry has no tags', async () => {
    const { deleter } = await open(createGitHubPackages([], { name: 'another' }), { tags: [] })
    await expect(deleter.check()).resolves.toBeUndefined()
    expect(await deleter.remove({ digest: nameOf(1), tags: [] })).toEqual({ state: 'gone' })
  })

  it('does not take a missing right for a version that is gone', async () => {
    const api = createGitHubPackages(many(3), {
      instead: ({ method }, response) =>
        method === 'DELETE' && limited(response, 404, {}, 'Package not found.'),
    })
    const { deleter } = await open(api)
    await deleter.check()
    expect(await sentence(deleter.remove({ digest: nameOf(1), tags: ['tag-1'] }))).toMatch(
      /404 not found \(Package not found\.\); github-token needs the right to delete: /,
    )
  })

  it('counts a version as gone that a failed deletion has removed', async () => {
    const api = createGitHubPackages(many(3), {
      instead: ({ method, path }, response) => {
        const index = api.versions.findIndex(({ id }) => path.endsWith(`/${id}`))
        if (method !== 'DELETE' || index < 0) return false
        api.versions.splice(index, 1)
        return limited(response, 502, {})
      },
    })
    const { deleter } = await open(api, { retry: quickRetry() })
    expect(await deleter.remove({ digest: nameOf(1), tags: ['tag-1'] })).toEqual({ state: 'gone' })
  })

  it.each<[string, (response: ServerResponse) => unknown, RegExp]>([
    [
      'links in a circle',
      (response) => sendJson(response, 200, [], { link: '<?per_page=100>; rel="next"' }),
      /links back to an earlier page; it is not used\.$/,
    ],
    [
      'links to another host',
      (response) => sendJson(response, 200, [], { link: '<https://evil.example/>; rel="next"' }),
      /a next page at https:\/\/evil\.example instead of http:\/\/127\.0\.0\.1:\d+, which is not followed/,
    ],
    [
      'redirects to another host',
      (response) => response.writeHead(302, { location: 'https://evil.example/' }).end(),
      /redirected the request for the versions of aibrix\/image-cache, which is not followed/,
    ],
    ['is no JSON', (response) => response.writeHead(200).end('<html>'), /is not JSON\.$/],
    ['is another JSON', (response) => sendJson(response, 200, [{ id: 'x' }]), /is not valid at 0\.id/],
    [
      'is endless',
      (response) => response.writeHead(200).end(Buffer.alloc(9_000_000, ' ')),
      /more than 8388608 bytes/,
    ],
  ])('refuses a list of versions that %s', async (_, answer, expected) => {
    const api = createGitHubPackages([], {
      instead: ({ path }, response) => {
        if (!path.includes('/versions')) return false
        answer(response)
        return true
      },
    })
    const { deleter } = await open(api)
    expect(await sentence(deleter.check())).toMatch(expected)
  })

  it('follows redirects of reads within the API, and none of deletions', async () => {
    const api = createGitHubPackages(many(2), {
      instead: ({ path }, response) => {
        if (!path.startsWith('/orgs/') || path.includes('now=here')) return false
        const status = path.includes('?') ? 301 : 307
        response.writeHead(status, { location: `${path}${status === 301 ? '&' : '?'}now=here` }).end()
        return true
      },
    })
    const { deleter, github } = await open(api)
    expect(await sentence(deleter.remove({ digest: nameOf(1), tags: ['tag-1'] }))).toMatch(
      /redirected the deletion of .*, which is not followed; name the repository by its present name\.$/,
    )
    expect(requests(github, 'DELETE')).toHaveLength(1)
  })

  it('sends no token to an API that is not https', async () => {
    const transport = createTransport({ timeouts: { request: 5000, stall: 5000 } })
    opened.push(transport)
    const unused = () => Promise.reject(new Error('not used here'))
    const deleter = openDeleter(
      { registry: 'ghcr.io', path: 'aibrix/x' },
      {
        client: { deleteManifest: unused, resolveTag: unused, listTags: unused },
        ...{ transport, credentials: anonymous, withRetries: noRetry.run, wait: unused, githubToken: token },
        apis: { ...publicApis, github: 'http://github.example/api/v3' },
      },
    )
    expect(await sentence(deleter.check())).toBe(
      'the API of ghcr.io at http://github.example is not https; no token is sent there.',
    )
  })
})
