import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { readWorkflow } from '../support/act.ts'

// The unchanged scripts of our own workflows, with the real gh and a server on this machine.

/**
 * `METHOD path` → GitHub's response, by query if it is a function; 404 for all else. Paths are
 * below the repository.
 */
type Answers = Record<string, unknown>
type Queried = (query: URLSearchParams) => unknown

let server: Server
let proxy = ''
let answers: Answers = {}
let changes: string[] = []

beforeAll(async () => {
  server = createServer((request, response) => {
    const path = (request.url ?? '').replace('http://api.github.localhost/repos/aibrix/image-action/', '')
    const name = `${request.method ?? ''} ${path.replace(/\?.*/, '')}`
    let body = ''
    request.on('data', (text: Buffer) => (body += text.toString()))
    request.on('end', () => {
      if (request.method !== 'GET') changes.push([name, body].filter(Boolean).join(' '))
      const known = answers[name] ?? (request.method === 'POST' ? {} : undefined)
      const { searchParams } = new URL(request.url ?? '', 'http://api.github.localhost')
      const answer = typeof known === 'function' ? (known as Queried)(searchParams) : known
      response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' })
      response.end(JSON.stringify(answer ?? { message: 'Not Found' }))
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  proxy = `http://127.0.0.1:${address.port}`
})
afterAll(() => {
  server.close()
})

/** Runs a step as a runner does. @returns its exit code and its changes */
async function runStep(
  [workflow, job, name]: readonly [string, string, string],
  world: Answers,
  environment: Record<string, string>,
  cwd = process.cwd(),
) {
  const step = readWorkflow(`.github/workflows/${workflow}`).jobs[job]?.steps?.find(
    (one) => one.name === name,
  )
  answers = world
  changes = []
  const child = spawn('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', step?.run ?? 'exit 99'], {
    cwd,
    env: {
      ...process.env,
      ...step?.env,
      ...environment,
      PATH: `${resolve('.cache/lint/bin')}:${process.env.PATH ?? ''}`,
      // This is the only host that gh contacts over http, which a proxy can answer
      ...{ GH_HOST: 'github.localhost', GH_TOKEN: 'none', GH_REPO: 'aibrix/image-action', http_proxy: proxy },
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => (log += text.toString()))
  const code = await new Promise<number | null>((done, fail) => child.once('error', fail).once('close', done))
  return { code, changes, log }
}

describe('the alarm of nightly.yml', () => {
  const step = ['nightly.yml', 'alarm', 'Keep one issue open while the images are not confirmed'] as const
  const title = 'The nightly images are not confirmed'
  const ago = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().replace(/\.\d+Z/, 'Z')
  const open = [
    { number: 5, title: 'Something else' },
    { number: 7, title },
  ]
  type Night = { event: string; created_at: string; head_branch: string; status: string }
  const world = (issues: unknown, runs: Night[], made = ago(100)): Answers => ({
    'GET issues': issues,
    'PATCH issues/7': {},
    'GET actions/workflows/nightly.yml': { created_at: made },
    'GET actions/workflows/nightly.yml/runs': (query: URLSearchParams) => {
      const matching = runs.filter((run) =>
        (
          [
            ['event', run.event],
            ['branch', run.head_branch],
            ['status', run.status],
          ] as const
        ).every(([name, value]) => (query.get(name) ?? value) === value),
      )
      return { workflow_runs: matching.slice(0, Number(query.get('per_page') ?? 30)) }
    },
  })
  const night = (days: number, more: Partial<Night> = {}): Night => ({
    ...{ event: 'schedule', created_at: ago(days), head_branch: 'main', status: 'success', ...more },
  })
  const push = night(0, { event: 'push' })
  const opened = (body: string) => [`POST issues {"body":"${body}","title":"${title}"}`]
  const commented = (body: string) => [`POST issues/7/comments {"body":"${body}"}`]
  const failed = 'The nightly run has failed: https://run'
  const cancelled = 'The nightly run was cancelled, by hand or because a leg took too long: https://run'
  const old = (days: number) =>
    `Nothing has been confirmed for ${days} days. GitHub stops the schedule of a public repository after 60 days without activity; the page of the workflow says so, and starts it again.`
  const good = [...commented('All is confirmed again: https://run'), 'PATCH issues/7 {"state":"closed"}']

  it.each([
    ['is silent after a good run', 'success', world([], [night(0)]), []],
    ['closes its issue after a good run', 'success', world(open, [night(0)]), good],
    ['opens an issue after a bad run', 'failure', world([open[0]], [night(1)]), opened(failed)],
    ['comments on its issue after another bad run', 'failure', world(open, [night(2)]), commented(failed)],
    [
      'reports a cancelled run, such as one with a leg that timed out',
      'cancelled',
      world([], [night(1)]),
      opened(cancelled),
    ],
    [
      'comments on its issue after another cancelled run',
      'cancelled',
      world(open, [night(5)]),
      commented(cancelled),
    ],
    ['is silent at a push while the last good run is recent', 'skipped', world([], [push, night(2)]), []],
    ['opens an issue when the last good run is old', 'skipped', world([], [push, night(3)]), opened(old(3))],
    [
      'counts a good manual run',
      'skipped',
      world([], [push, night(1, { event: 'workflow_dispatch' }), night(9)]),
      [],
    ],
    [
      'ignores a manual run on another branch',
      'skipped',
      world([], [push, night(1, { event: 'workflow_dispatch', head_branch: 'trial' }), night(9)]),
      opened(old(9)),
    ],
    ['ignores a bad run', 'skipped', world([], [night(1, { status: 'failure' }), night(9)]), opened(old(9))],
    [
      'finds the last good run before any number of pushes',
      'skipped',
      world([], [...Array.from({ length: 200 }, () => push), night(1)]),
      [],
    ],
    [
      'opens an issue at a push if the schedule has stopped',
      'skipped',
      world([], [push, night(70)]),
      opened(old(70)),
    ],
    ['reports a stopped schedule only once', 'skipped', world(open, [push, night(70)]), []],
    ['is silent at a push when all is well', 'skipped', world([], [push, night(1)]), []],
    ['allows a new workflow some nights', 'skipped', world([], [push], ago(1)), []],
    ['counts from its start if no run was good', 'skipped', world([], [push], ago(9)), opened(old(9))],
  ])('%s', async (_, result, answered, expected) => {
    const run = await runStep(step, answered, { RESULT: result, RUN: 'https://run' })
    expect(run).toMatchObject({ code: 0, changes: expected })
  })

  it.each(['schedule', 'workflow_dispatch'])(
    'fails if the last good run of %s cannot be determined',
    async (event) => {
      const answered = {
        ...world([], []),
        'GET actions/workflows/nightly.yml/runs': (query: URLSearchParams) =>
          query.get('event') === event ? undefined : { workflow_runs: [night(9)] },
      }
      const run = await runStep(step, answered, { RESULT: 'skipped', RUN: 'https://run' })
      expect(run).toMatchObject({ code: 1, changes: [] })
    },
  )

  it('fails if GitHub does not answer', async () => {
    expect(await runStep(step, {}, { RESULT: 'success', RUN: 'https://run' })).toMatchObject({
      code: 1,
      changes: [],
    })
  })
})

describe('ci.yml', () => {
  it.each([
    ['success success', 0],
    ['success skipped', 1],
    ['cancelled success', 1],
    ['success failure', 1],
  ])('ends correctly after %s', async (results, code) => {
    const step = ['ci.yml', 'passed', 'Check that every job succeeded'] as const
    expect(await runStep(step, {}, { RESULTS: results })).toMatchObject({ code })
  })
})

describe('release.yml', () => {
  const move = ['release.yml', 'release', 'Move the major tag'] as const
  const commit = execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' }).trim()
  const tags = (...names: string[]) => names.map((name) => ({ ref: `refs/tags/${name}` }))
  const moved = `PATCH git/refs/tags/v1 {"force":true,"sha":"${commit}"}`

  it.each([
    [
      'moves v1 to the newest release',
      { 'PATCH git/refs/tags/v1': {} },
      tags('v1.9.0', 'v1.10.0', 'v1.2.0'),
      [moved],
    ],
    [
      'creates v1 if it does not exist',
      {},
      tags('v1.10.0'),
      [moved, `POST git/refs {"ref":"refs/tags/v1","sha":"${commit}"}`],
    ],
    ['does not move v1 back from a newer release', {}, tags('v1.10.0', 'v1.11.0'), []],
    ['ignores other tags', { 'PATCH git/refs/tags/v1': {} }, tags('v1.10.0', 'v1.11.0-rc1'), [moved]],
  ])('%s', async (_, more, refs, expected) => {
    const world = { 'GET git/matching-refs/tags/v1.': refs, ...more }
    expect(await runStep(move, world, { TAG: 'v1.10.0' })).toMatchObject({ code: 0, changes: expected })
  })

  it('fails if the tags cannot be read', async () => {
    expect(await runStep(move, {}, { TAG: 'v1.10.0' })).toMatchObject({ code: 1, changes: [] })
  })

  it('creates a release once', async () => {
    const make = ['release.yml', 'release', 'Create the release'] as const
    const made = ['POST releases {"generate_release_notes":true,"tag_name":"v1.10.0"}']
    expect(await runStep(make, {}, { TAG: 'v1.10.0' })).toMatchObject({ code: 0, changes: made })
    const there = { 'GET releases/tags/v1.10.0': {} }
    expect(await runStep(make, there, { TAG: 'v1.10.0' })).toMatchObject({ code: 0, changes: [] })
  })
})

describe('catalogue.yml', () => {
  const open = ['catalogue.yml', 'pull-request', 'Open or update a pull request'] as const
  const environment = { OWNER: 'aibrix', BASE: 'main' }
  const made: Answers = {
    'GET git/commits/c0ffee': { tree: { sha: 'tree-of-main' } },
    'POST git/trees': { sha: 'new-tree' },
    'POST git/commits': { sha: 'new-commit' },
    'GET pulls': [],
  }
  const file = (path: string, content: string) => ({ content, mode: '100644', path, type: 'blob' })
  const title = 'Bring the catalogue up to date'
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'catalogue-step-'))
    put('base', 'c0ffee\n')
    put('body.md', '- vllm 0.34.0: torch 2.15.0\n')
    put('files/dockerfiles/catalogue.json', '{}\n')
    put('files/README.md', '# "Images"\n')
  })
  afterEach(() => {
    rmSync(folder, { recursive: true })
  })

  function put(path: string, text: string): void {
    mkdirSync(dirname(join(folder, 'changes', path)), { recursive: true })
    writeFileSync(join(folder, 'changes', path), text)
  }

  it.each<[string, Answers, string[]]>([
    [
      'opens a pull request with the changed files on a separate branch',
      {},
      [
        'POST git/refs {"ref":"refs/heads/catalogue","sha":"new-commit"}',
        `POST pulls {"base":"main","body":"- vllm 0.34.0: torch 2.15.0\\n","head":"catalogue","title":"${title}"}`,
      ],
    ],
    [
      'updates an open pull request',
      {
        'GET pulls': (query: URLSearchParams) =>
          query.get('state') === 'open' && query.get('head') === 'aibrix:catalogue' ? [{ number: 8 }] : [],
        'PATCH git/refs/heads/catalogue': {},
        'PATCH pulls/8': {},
      },
      [
        'PATCH git/refs/heads/catalogue {"force":true,"sha":"new-commit"}',
        'PATCH pulls/8 {"body":"- vllm 0.34.0: torch 2.15.0\\n"}',
      ],
    ],
  ])('%s', async (_, more, expected) => {
    const run = await runStep(open, { ...made, ...more }, environment, folder)
    expect(run).toMatchObject({ code: 0 })
    const [tree = '', commit, ...others] = run.changes.filter(
      (one) => !one.startsWith('PATCH git/refs') || more[one.split(' {')[0] ?? ''],
    )
    expect(JSON.parse(tree.replace('POST git/trees ', ''))).toEqual({
      base_tree: 'tree-of-main',
      tree: [file('README.md', '# "Images"\n'), file('dockerfiles/catalogue.json', '{}\n')],
    })
    expect(commit).toBe(`POST git/commits {"message":"${title}","parents":["c0ffee"],"tree":"new-tree"}`)
    expect(others).toEqual(expected)
  })

  it('accepts no other file from the job that ran published code', async () => {
    put('files/.github/workflows/ci.yml', 'on: push\n')
    expect(await runStep(open, made, environment, folder)).toMatchObject({
      code: 1,
      changes: [],
      log: expect.stringContaining('.github/workflows/ci.yml is no file of the catalogue'),
    })
  })

  it.each(['GET git/commits/c0ffee', 'GET pulls'])('fails if GitHub does not answer %s', async (name) => {
    const { [name]: _, ...world } = made
    expect((await runStep(open, world, environment, folder)).code).toBe(1)
  })
})
