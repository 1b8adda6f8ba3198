import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sendJson, startServer, type TestServer } from '../support/web-server.ts'
import { type ActionRun, digestOf, errorsOf, runAction, tagsOf } from '../support/action.ts'
import { type GitServer, serveGit } from '../support/git-server.ts'
import { useStandIns } from '../support/stand-in-inputs.ts'

const minutes = 60_000
const token = 'canary-github-9f42'
const git = { user: 'robot', password: 'canary-git-71aa' }
const own = 'vllm-project/aibrix'
const written = 'What is new\r\n\r\n- **Everything**, by <b>us</b> | and you\r\n'

const world = useStandIns()
let folder: string
let gitServer: GitServer
let api: TestServer
/** What GitHub stores, and how it responds to a write */
const github = { releases: new Map<string, string>(), writes: 200 }
const runs: ActionRun[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'release-'))
  mkdirSync(join(folder, 'vllm-project'))
  symlinkSync(world().standIns.aibrix, join(folder, `${own}.git`))
  gitServer = await serveGit(folder, git)
  api = await startServer(({ method, path, authorization, body }, response) => {
    if (authorization !== `token ${token}`) return sendJson(response, 401, { message: 'Bad credentials' })
    const [, repository = '', byTag, byId] =
      /^\/api\/v3\/repos\/(.+)\/releases\/(?:tags\/(.+)|(\d+))$/.exec(path) ?? []
    const names = [...github.releases.keys()]
    const id = byTag === undefined ? Number(byId) : names.indexOf(`${repository} ${byTag}`)
    const name = names[id]
    if (name === undefined) return sendJson(response, 404, { message: 'Not Found' })
    if (method === 'PATCH') {
      if (github.writes !== 200)
        return sendJson(response, github.writes, { message: 'Resource not accessible by integration' })
      github.releases.set(name, (JSON.parse(body) as { body: string }).body)
    }
    const [, tag] = name.split(' ')
    const page = `https://github.example/${repository}/releases/tag/${tag}`
    sendJson(response, 200, { id, tag_name: tag, html_url: page, body: github.releases.get(name) })
  })
}, 10 * minutes)
afterAll(async () => {
  await gitServer.close()
  await api.close()
  rmSync(folder, { recursive: true })
})
beforeEach(() => {
  github.releases = new Map([
    [`${own} v0.7.0`, written],
    ['acme/serving v3.1', written],
  ])
  github.writes = 200
  api.seen.length = 0
})

const image = (date: string, aibrix = 'v0.7.0') => `v0.10.2-aibrix-${aibrix}-nixl-0.7.1-${date}`
const publicRepository = () => `${world().namespace}/vllm-openai`

/** Returns the environment of a run for an event about a tag of a repository. */
async function act(
  more: Record<string, string>,
  { repository = own, tag = 'v0.7.0', event = 'release' } = {},
): Promise<ActionRun> {
  const environment = {
    ...{ GITHUB_EVENT_NAME: event, GITHUB_REF_TYPE: 'tag', GITHUB_REF_NAME: tag },
    ...{ GITHUB_SERVER_URL: gitServer.url, GITHUB_REPOSITORY: repository },
    GITHUB_API_URL: `http://${api.host}/api/v3`,
  }
  const inputs = world().inputs({
    ...{ engine: 'vllm', versions: 'v0.10.2', 'gpu-architectures': '9.0' },
    'aibrix-repository': `${gitServer.url}/${own}.git`,
    secrets: `git-credentials=${gitServer.url.replace('//', `//${git.user}:${git.password}@`)}`,
    'github-token': token,
    ...more,
  })
  const run = await runAction(inputs, { environment })
  runs.push(run)
  return run
}

function writes(): string[] {
  return api.seen.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`)
}

describe('the tag of an event', () => {
  it.each([
    ['of a release of AIBrix is its version', {}, {}, 'v0.7.0'],
    [
      'of a release elsewhere is not its version',
      { 'aibrix-version': 'default' },
      { repository: 'acme/serving', tag: 'v3.1' },
      'v0.5.0',
    ],
  ])(
    '%s',
    async (_, more, event, expected) => {
      const run = await act({ command: 'plan', push: 'false', ...more }, event)
      expect(errorsOf(run)).toEqual([])
      const plan = JSON.parse(readFileSync(run.outputs.plan ?? '', 'utf8')) as {
        images: { tags: string[] }[]
      }
      expect(plan.images.map(({ tags }) => tags)).toEqual([[image('20251123', expected)]])
      expect(api.seen).toEqual([])
    },
    minutes,
  )
})

it(
  'a release of a fork that no input declares as AIBrix is an error',
  async () => {
    const run = await act({ command: 'plan', push: 'false' }, { repository: 'acme/aibrix' })
    expect([run.code, errorsOf(run)]).toEqual([1, [expect.stringContaining('a release in http')]])
  },
  minutes,
)

describe('a release of AIBrix', () => {
  let notes: string

  it(
    'is built, and its measured components are added to its notes',
    async () => {
      const first = await act({})
      expect(errorsOf(first)).toEqual([])
      expect(first.code).toBe(0)
      expect(await tagsOf(publicRepository())).toEqual([image('20251123')])
      notes = github.releases.get(`${own} v0.7.0`) ?? ''
      expect(notes.slice(0, written.length)).toBe(written)
      const block = /<!-- image-action: components -->([^]*)<!-- \/image-action: components -->$/.exec(
        notes,
      )?.[1]
      for (const part of [
        image('20251123'),
        'linux/amd64',
        ...['0.10.2', '2.8.0+cu128', '12.8', '0.7.0+cu128', '0.7.1', '1.19.0'],
        (await digestOf(publicRepository(), image('20251123'))) ?? 'no digest',
      ])
        expect(block).toContain(part)
      expect(first.log).toContain(
        `The notes of the release v0.7.0 are updated: https://github.example/${own}/releases/tag/v0.7.0`,
      )
      expect(github.releases.get('acme/serving v3.1')).toBe(written)
    },
    10 * minutes,
  )

  it(
    'has notes that stay the same in a second run',
    async () => {
      github.releases.set(`${own} v0.7.0`, `${notes}\r\nWritten later`)
      const run = await act({})
      expect(errorsOf(run)).toEqual([])
      expect(run.outputs.changed).toBe('false')
      expect(github.releases.get(`${own} v0.7.0`)).toBe(`${notes}\r\nWritten later`)
      expect(writes()).toEqual([])
      expect(run.log).toContain('The notes of the release v0.7.0 are unchanged')
    },
    2 * minutes,
  )

  it(
    'has one table after several runs, even if one runner plans and another promotes',
    async () => {
      github.releases.set(`${own} v0.7.0`, notes)
      const plan = await act({ command: 'plan', date: '20251124', unchanged: 'retag' })
      expect(writes()).toEqual([])
      const run = await act({ command: 'promote', plan: plan.outputs.plan ?? '' })
      expect(errorsOf(run)).toEqual([])
      const after = github.releases.get(`${own} v0.7.0`) ?? ''
      expect(after.match(/<!-- image-action: components -->/g)).toHaveLength(1)
      for (const date of ['20251123', '20251124']) expect(after).toContain(image(date))
      expect(after.slice(0, written.length)).toBe(written)
    },
    2 * minutes,
  )

  it(
    'fails and names the permission if the token may not write, and leaves the images published',
    async () => {
      github.writes = 403
      const run = await act({ date: '20251125', unchanged: 'retag' })
      expect(run.code).toBe(1)
      expect(errorsOf(run)).toHaveLength(1)
      expect(errorsOf(run)[0]).toMatch(
        /github-token may not do that; the job needs "permissions: contents: write"\.$/,
      )
      expect(github.releases.get(`${own} v0.7.0`)).toBe(written)
      expect(await digestOf(publicRepository(), image('20251125'))).toBe(
        await digestOf(publicRepository(), image('20251123')),
      )
      expect(run.outputs.tags).toContain(image('20251125'))
    },
    2 * minutes,
  )

  it(
    'without a page yet succeeds with a warning',
    async () => {
      github.releases.clear()
      const run = await act({})
      expect(run.code).toBe(0)
      expect(run.log).toMatch(
        /^::warning::vllm-project\/aibrix has no published release for the tag v0\.7\.0/m,
      )
    },
    2 * minutes,
  )

  it(
    'is not requested without github-token, or if nothing is published',
    async () => {
      expect(errorsOf(await act({ 'github-token': '' }))).toEqual([])
      expect((await act({ versions: 'v0.0.9' })).code).toBe(1)
      expect(api.seen).toEqual([])
    },
    2 * minutes,
  )

  it('shows no token in any output or file of any run', () => {
    expect(runs.length).toBeGreaterThan(9)
    for (const { log, temp } of runs) {
      const left = globSync('**', { cwd: temp, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
      expect(left.length).toBeGreaterThan(2)
      for (const secret of [token, git.password])
        expect([log, ...left].some((text) => text.includes(secret))).toBe(false)
    }
    expect(notes).not.toContain(token)
  })
})
