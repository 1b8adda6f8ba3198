import { afterEach, describe, expect, it } from '@jest/globals'
import { UserError } from '../../../src/errors.ts'
import {
  type ReleaseSettings,
  type ReleaseUpdate,
  updateRelease,
} from '../../../src/system/github/github-release.ts'
import { updateReleaseNotes } from '../../../src/report/release-notes.ts'
import { type Handler, sendJson, startServer, type TestServer } from '../../support/web-server.ts'
import { makeOutcome, makePlannedImage, published, sglang } from '../../support/reports.ts'

const token = 'canary-token'
const tag = 'v0.7.0'
const page = 'https://github.com/aibrix/aibrix/releases/tag/v0.7.0'

const opened: TestServer[] = []
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close()
})

/** How the server differs from GitHub */
type Behaviour = { before?: Handler; stored?: (body: string, count: number) => string }

type GitHub = { server: TestServer; apiUrl: string; body: () => string | null }

/**
 * Answers the two requests of GitHub's API (REST, "Get a release by tag name", "Update a release")
 * under a server's /api/v3.
 */
async function startGitHub(body: string | null, { before, stored }: Behaviour = {}): Promise<GitHub> {
  const release = { id: 42, tag_name: tag, html_url: page, name: 'AIBrix 0.7.0', body }
  let updates = 0
  const server = await startServer((request, response) => {
    before?.(request, response)
    if (response.writableEnded) return
    if (request.authorization !== `token ${token}`)
      return sendJson(response, 401, { message: 'Bad credentials' })
    const known: Record<string, true> = {
      [`GET /api/v3/repos/aibrix/aibrix/releases/tags/${tag}`]: true,
      'PATCH /api/v3/repos/aibrix/aibrix/releases/42': true,
    }
    if (!known[`${request.method} ${request.path}`]) return sendJson(response, 404, { message: 'Not Found' })
    if (request.method === 'PATCH') {
      updates += 1
      const { body: sent } = JSON.parse(request.body) as { body: string }
      release.body = stored ? stored(sent, updates) : sent
    }
    sendJson(response, 200, release)
  })
  opened.push(server)
  return { server, apiUrl: `http://${server.host}/api/v3`, body: () => release.body }
}

function settings(github: { apiUrl: string }, changes: Partial<ReleaseSettings> = {}): ReleaseSettings {
  const { apiUrl: url } = github
  const { signal } = new AbortController()
  return { url, token, repository: 'aibrix/aibrix', tag, timeout: 5000, signal, ...changes }
}

function update(github: { apiUrl: string }, changes: Partial<ReleaseSettings> = {}): Promise<ReleaseUpdate> {
  return updateRelease(settings(github, changes), (body) => updateReleaseNotes(body, [makeOutcome()]))
}

/** @returns the error's sentence, which must not hold the token */
async function sentence(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => 'no error',
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(UserError)
  const { message } = error as UserError
  expect(message).not.toContain(token)
  return message
}

function methods({ server }: GitHub): string[] {
  return server.seen.map(({ method }) => method)
}

describe('the notes of a release on GitHub', () => {
  it('are updated without any other field of the release', async () => {
    const github = await startGitHub('What is new')
    expect(await update(github)).toEqual({ state: 'updated', url: page })
    expect(github.body()).toBe(updateReleaseNotes('What is new', [makeOutcome()]))
    expect(methods(github)).toEqual(['GET', 'PATCH', 'GET'])
    const sent = JSON.parse(github.server.seen[1]?.body ?? '') as Record<string, unknown>
    expect(Object.keys(sent)).toEqual(['body'])
  })

  it('are not written if they are up to date', async () => {
    const github = await startGitHub(updateReleaseNotes('', [makeOutcome()]))
    expect(await update(github)).toEqual({ state: 'unchanged', url: page })
    expect(methods(github)).toEqual(['GET'])
  })

  it('may be empty', async () => {
    const github = await startGitHub(null)
    expect(await update(github)).toMatchObject({ state: 'updated' })
    expect(github.body()).toBe(updateReleaseNotes('', [makeOutcome()]))
  })

  it('may come back with other line ends', async () => {
    const github = await startGitHub('What is new', { stored: (body) => body.replaceAll('\n', '\r\n') })
    expect(await update(github)).toMatchObject({ state: 'updated' })
    expect(methods(github)).toEqual(['GET', 'PATCH', 'GET'])
  })

  it('are a warning, not an error, if the tag has no release', async () => {
    const github = await startGitHub('')
    expect(await update(github, { tag: 'v9' })).toEqual({
      state: 'absent',
      warning: expect.stringContaining('aibrix/aibrix has no published release for the tag v9'),
    })
    expect(methods(github)).toEqual(['GET'])
  })

  it('keep the text of a parallel run', async () => {
    const other = makeOutcome(published, [], makePlannedImage(sglang()))
    // It reads before our write and writes after it, so our rows are lost.
    const github = await startGitHub('notes', {
      stored: (body, count) => (count === 1 ? updateReleaseNotes('notes', [other]) : body),
    })
    expect(await update(github)).toMatchObject({ state: 'updated' })
    expect(github.body()).toBe(updateReleaseNotes('notes', [makeOutcome(), other]))
    expect(methods(github)).toEqual(['GET', 'PATCH', 'GET', 'PATCH', 'GET'])
  })

  it('are given up if another writer always wins', async () => {
    const github = await startGitHub('notes', { stored: () => 'notes' })
    expect(await sentence(update(github))).toMatch(/lack the table after 4 attempts.*concurrency group/)
    expect(methods(github).filter((method) => method === 'PATCH')).toHaveLength(4)
  })

  it('pass on an error of the update', async () => {
    const github = await startGitHub('x'.repeat(125_000))
    expect(await sentence(update(github))).toContain('at most 125000')
    expect(methods(github)).toEqual(['GET'])
  })
})

describe('an error response', () => {
  const forbidden = { message: 'Resource not accessible by integration' }
  it.each<[string, string, number, unknown, Record<string, string>, string]>([
    [
      'no right to write',
      'PATCH',
      403,
      forbidden,
      {},
      'written: github-token may not do that; the job needs "permissions: contents: write".',
    ],
    ['no right to read', 'GET', 403, forbidden, {}, 'read: github-token may not do that'],
    [
      'a limit',
      'GET',
      403,
      { message: 'API rate limit exceeded' },
      { 'x-ratelimit-remaining': '0' },
      'the rate limit of github-token is used up',
    ],
    [
      'another limit',
      'PATCH',
      403,
      { message: 'secondary rate limit' },
      { 'retry-after': '60' },
      'rate limit',
    ],
    ['a standard rate limit', 'PATCH', 429, { message: 'slow down' }, {}, 'rate limit'],
    [
      'a release that is gone',
      'PATCH',
      404,
      { message: 'Not Found' },
      {},
      'the release is gone, or github-token may not change it',
    ],
    [
      'something that is not allowed',
      'PATCH',
      422,
      { message: 'Validation Failed' },
      {},
      'GitHub answered 422: Validation Failed',
    ],
    [
      'a gateway with a page',
      'GET',
      502,
      `<html>${'x'.repeat(9000)}</html>`,
      {},
      'read: GitHub answered 502: ',
    ],
  ])('is reported: %s', async (_, method, status, content, headers, expected) => {
    const github = await startGitHub('notes', {
      before: (request, response) => {
        if (request.method === method) sendJson(response, status, content, headers)
      },
    })
    const message = await sentence(update(github))
    expect(message).toContain('The notes of the release v0.7.0 of aibrix/aibrix could not be ')
    expect(message).toContain(expected)
    expect(message.length).toBeLessThan(500)
  })

  it('is reported: a body that is not a release', async () => {
    const github = await startGitHub('notes', {
      before: (_, response) => {
        sendJson(response, 200, { message: 'welcome' })
      },
    })
    expect(await sentence(update(github))).toContain(
      `could not be read: the answer of ${github.apiUrl} is not a release: {"message":"welcome"}`,
    )
  })

  it('is reported: an invalid token', async () => {
    const github = await startGitHub('notes')
    expect(await sentence(update(github, { token: `${token}-old` }))).toContain(
      'read: GitHub does not accept github-token',
    )
  })
})

describe('a redirect', () => {
  it('is followed on the same server, as for a renamed repository', async () => {
    const github = await startGitHub('notes', {
      before: ({ method, path }, response) => {
        if (path.startsWith('/api/v3/repos/aibrix/old/'))
          response
            .writeHead(method === 'GET' ? 301 : 307, { location: path.replace('/old/', '/aibrix/') })
            .end()
      },
    })
    expect(await update(github, { repository: 'aibrix/old' })).toMatchObject({ state: 'updated' })
    expect(github.body()).toBe(updateReleaseNotes('notes', [makeOutcome()]))
  })

  it('is an error to another server, which never gets the token', async () => {
    const other = await startGitHub('notes')
    const github = await startGitHub('notes', {
      before: ({ path }, response) => response.writeHead(302, { location: other.apiUrl + path }).end(),
    })
    expect(await sentence(update(github))).toContain('could not be read: GitHub answered 302')
    expect(methods(other)).toEqual([])
  })

  it('is an error if it leads in a circle', async () => {
    const github = await startGitHub('notes', {
      before: ({ path }, response) => response.writeHead(302, { location: path }).end(),
    })
    expect(await sentence(update(github))).toContain('GitHub answered 302')
    expect(methods(github)).toHaveLength(4)
  })
})

describe('a missing answer', () => {
  it('is reported with the address', async () => {
    const { server, apiUrl } = await startGitHub('notes')
    await server.close()
    expect(await sentence(update({ apiUrl }))).toContain(`could not be read: ${apiUrl} does not answer: `)
  })

  it('ends at the time-out', async () => {
    const silent = await startServer(() => undefined)
    opened.push(silent)
    const message = await sentence(update({ apiUrl: `http://${silent.host}` }, { timeout: 50 }))
    expect(message).toContain('does not answer: ')
  })

  it('ends on a cancel', async () => {
    const cancel = new AbortController()
    const silent = await startServer(() => {
      cancel.abort(new UserError('The run was cancelled.'))
    })
    opened.push(silent)
    const work = update({ apiUrl: `http://${silent.host}` }, { signal: cancel.signal })
    expect(await sentence(work)).toBe('The run was cancelled.')
  })
})
