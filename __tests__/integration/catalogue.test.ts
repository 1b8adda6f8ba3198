import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { serveIndex, type IndexServer } from '../../stand-ins/index-server.ts'
import { parseCatalogue } from '../../src/plan/feasibility/catalogue.ts'
import { readWorkflow, runWorkflow } from '../support/act.ts'
import { plainGit, runGit } from '../support/git-repositories.ts'
import { withProgram } from '../support/stand-in-inputs.ts'
import { sendJson, startServer } from '../support/web-server.ts'

// All of script/catalogue, on an index with NIXL's stand-ins and small packages, and on
// repositories created here.

const minutes = 60_000
const commit = '65e342a'.padEnd(40, '0')
const user = { user: 'robot', password: 'canary-index-4c1d' }
let folder: string
let server: IndexServer

const path = (...parts: string[]) => join(folder, ...parts)

/** Writes files below a folder: path → content. */
function put(root: string, files: Record<string, string>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), content)
  }
}

function pack(name: string, version: string, files: Record<string, string>, ...options: string[]): void {
  const tree = mkdtempSync(path('tree-'))
  put(tree, files)
  execFileSync('python3', [
    'stand-ins/pack.py',
    tree,
    path('index', 'simple', name),
    name,
    version,
    ...options,
  ])
}

/** Creates a source distribution of vLLM with the files of the real ones. */
function packVllm(version: string, torch: string, nixl: string): void {
  const image = `docker build --build-arg CUDA_VERSION=13.0.2 --build-arg INSTALL_KV_CONNECTORS=true --tag x:$(uname -m) --target vllm-openai -f docker/Dockerfile .`
  const project = path('index', 'simple', 'vllm')
  const name = `vllm-${version}`
  put(path('sources', name), {
    'PKG-INFO': `Metadata-Version: 2.4\nName: vllm\nVersion: ${version}\nRequires-Dist: torch==${torch}\n`,
    'docker/Dockerfile':
      'ARG CUDA_VERSION=13.0.3\nARG PYTHON_VERSION=3.12\nFROM nvidia/cuda:${CUDA_VERSION}\n',
    '.buildkite/release-pipeline.yaml': `  - "${image}"\n`,
    'requirements/kv_connectors.txt': `lmcache\nnixl == ${nixl} # why\n`,
    'vllm/worker.py': `class Worker:\n    def __init__(self):\n        check_nixl_version("${nixl}")\n`,
  })
  mkdirSync(project, { recursive: true })
  execFileSync('tar', ['czf', join(project, `${name}.tar.gz`), '-C', path('sources'), name])
  const selector = { 'vllm/v1/selector.py': 'def get_attn_backend(): ...\n' }
  pack('vllm', version, { 'vllm/__init__.py': '', ...(version === '0.31.0' ? {} : selector) })
}

function repository(name: string, files: Record<string, string>, ...tags: string[]): void {
  const root = path('git', name)
  put(root, files)
  runGit('init', '--quiet', root)
  runGit('-C', root, 'add', '--all')
  runGit('-C', root, 'commit', '--quiet', '--message', 'all')
  for (const tag of tags) runGit('-C', root, 'tag', tag)
}

const connectors = 'python/aibrix_kvcache/aibrix_kvcache/integration/vllm/kv_connector'
const patches = 'python/aibrix_kvcache/integration/vllm/patches'

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'catalogue-'))
  execFileSync('stand-ins/nixl/build', [path('index')])
  for (const [version, torch] of [
    ['0.31.0', '2.13.0'],
    ['0.32.0', '2.13.0'],
    ['0.33.0', '2.14.0'],
  ] as const)
    packVllm(version, torch, '1.5.0')
  pack('sglang', '0.5.22', {}, '--requires', 'torch==2.14.1')
  const backend = 'sglang/srt/mem_cache/storage/aibrix_kvcache/aibrix_kvcache_storage.py'
  pack('sglang', '0.5.23', { [backend]: '' }, '--requires', 'torch==2.14.1')
  pack('aibrix-kvcache', '0.9.0', {})
  pack('nixl', '0.9.0', {}, '--requires', 'nixl-cu12==0.9.0')
  repository(
    'aibrix',
    {
      'python/aibrix_kvcache/CMakeLists.txt': 'set(PYTHON_SUPPORTED_VERSIONS "3.9" "3.10" "3.11" "3.12")\n',
      'python/aibrix_kvcache/pyproject.toml': '[build-system]\nrequires = ["cmake", "torch>=2.7.0"]\n',
      [`${patches}/vllm_v0.10.2-aibrix-kvcache.patch`]: '',
      [`${patches}/vllm_v0.8.5-aibrix-kvcache.patch`]: '',
      [`${connectors}/__init__.py`]: '',
      [`${connectors}/aibrix_pd_reuse_connector.py`]: 'from vllm.v1.selector import get_attn_backend\n',
    },
    ...['v0.4.1', 'v0.7.0', 'v0.8.0-rc.1'],
  )
  repository(
    'nixl',
    { 'contrib/Dockerfile.manylinux': `FROM x\nARG UCX_REF="${commit}"\n` },
    ...['v0.8.0', 'v0.8.0-rc1'],
  )
  repository('ucx', { README: '' }, 'v1.19.0', 'v1.20.0-rc1')
  server = await serveIndex(path('index'), user)
}, 5 * minutes)
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true })
})

const tested = {
  engines: { vllm: 'v0.10.2', sglang: 'v0.5.5.post3' },
  nixl: '0.7.1',
  tags: ['aibrix/vllm-openai:one'],
}
const hand = {
  current: 'v0.5.0',
  releases: {
    'v0.5.0': {
      tested,
      needs: { python: '>=3.9', torch: '>=2.7' },
      vllm: { patches: [] },
      source: 'somebody',
    },
    'v0.7.0': { notes: ['AIBrix says so'] },
  },
  bases: { vllm: [], sglang: [{ versions: '==0.5.22', torch: '2.14.0', cuda: '13', source: 'a guide' }] },
  nixl: {},
}
const empty = { releases: {}, sglang: {}, bases: { vllm: [], sglang: [] }, nixl: {} }

type Settings = { index?: string; aibrix?: string; catalogue?: string }

async function derive(args: string[] = [], { index, aibrix, catalogue = 'catalogue.json' }: Settings = {}) {
  writeFileSync(path('hand.json'), JSON.stringify(hand))
  const given = [
    ...['--catalogue', path(catalogue), '--hand-written', path('hand.json')],
    ...[
      '--aibrix',
      aibrix ?? path('git', 'aibrix'),
      '--nixl',
      path('git', 'nixl'),
      '--ucx',
      path('git', 'ucx'),
    ],
  ]
  server.requests.length = 0
  const child = spawn('script/catalogue', [...given, ...args], {
    env: {
      ...plainGit,
      ...{ HOME: folder, PIP_CONFIG_FILE: '/dev/null', PIP_INDEX_URL: index ?? server.url, PIP_RETRIES: '0' },
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => (log += text.toString()))
  const code = await new Promise<number | null>((done, fail) => child.once('error', fail).once('close', done))
  expect(log).not.toContain(user.password)
  const read = server.requests.filter((one) => !one.endsWith('/')).map((one) => one.replace(/.*\//, ''))
  return { code, log, read, text: readFileSync(path(catalogue), 'utf8') }
}

const row = (versions: string, field: object, source: string) => ({
  versions,
  ...field,
  source: expect.stringContaining(source),
})

describe('script/catalogue', () => {
  it(
    'builds the catalogue from what is published and what is written by hand',
    async () => {
      writeFileSync(path('catalogue.json'), JSON.stringify(empty))
      const run = await derive()
      expect(run.code === 0 ? '' : run.log).toBe('')
      const all = '>=0.31.0,<=0.33.0'
      const wheels = { python: '>=3.9,<3.10', source: expect.stringContaining('its wheels') }
      expect(JSON.parse(run.text)).toEqual({
        $schema: './catalogue.schema.json',
        format: 3,
        current: 'v0.5.0',
        releases: {
          'v0.5.0': { ...hand.releases['v0.5.0'], source: 'by hand: somebody' },
          'v0.7.0': {
            needs: { python: '>=3.9,<3.13', torch: '>=2.7.0' },
            vllm: { patches: ['0.8.5', '0.10.2'], module: '0.32.0' },
            notes: ['AIBrix says so'],
            source: expect.stringMatching(/^its repository: .*; by hand: notes$/),
          },
        },
        sglang: { module: '0.5.23', source: expect.stringContaining('sglang') },
        bases: {
          vllm: [
            row(all, { python: '3.12' }, 'docker/Dockerfile'),
            row('>=0.31.0,<=0.32.0', { torch: '2.13.0' }, 'requires'),
            row('==0.33.0', { torch: '2.14.0' }, 'requires'),
            row(all, { cuda: '13.0' }, 'pipeline'),
            row(all, { nixl: '1.5.0' }, 'kv_connectors.txt'),
            row(all, { nixlFloor: '1.5.0' }, 'vllm/worker.py'),
          ],
          sglang: [
            row('==0.5.23', { torch: '2.14.1' }, 'requires'),
            row('==0.5.22', { torch: '2.14.0', cuda: '13' }, 'by hand: a guide'),
          ],
        },
        nixl: {
          '0.7.0': { ucx: '1.19.0', ...wheels, cuda: ['12'] },
          '0.7.1': { ucx: '1.19.0', ...wheels, cuda: ['12'] },
          '0.8.0': { ucx: '1.20.0', ucxCommit: commit, ...wheels, cuda: ['12'] },
          '1.5.0': {
            ucx: '1.23.0',
            note: 'bundles UCX 1.23.0, of which there is no release, and NIXL names no commit of it',
            ...wheels,
            cuda: ['12', '13'],
          },
        },
      })
      expect(() => parseCatalogue(run.text)).not.toThrow()
      for (const line of [
        'NIXL 0.9.0: not all of it is published',
        'aibrix_kvcache 0.9.0 is published',
        'torch is 2.14.0 by hand (a guide), and 2.14.1 by what is published',
      ])
        expect(run.log).toContain(line)
      execFileSync('npx', ['prettier', '--config', '.prettierrc.json', '--check', path('catalogue.json')])
    },
    2 * minutes,
  )

  it(
    'reads only what the catalogue lacks',
    async () => {
      const before = await derive(['--check'])
      expect(before.code).toBe(0)
      expect(before.read.filter((name) => name.startsWith('vllm'))).toEqual([])
      packVllm('0.33.1', '2.14.0', '1.5.0')
      expect(await derive(['--check'])).toMatchObject({ code: 1, text: before.text })
      const after = await derive()
      expect(after.read.filter((name) => name.startsWith('vllm'))).toEqual(['vllm-0.33.1.tar.gz'])
      expect(after.text).toBe(
        before.text
          .replaceAll('>=0.31.0,<=0.33.0', '>=0.31.0,<=0.33.1')
          .replace('"==0.33.0"', '">=0.33.0,<=0.33.1"'),
      )
      const all = await derive(['--all'])
      expect([all.code, all.text]).toEqual([0, after.text])
      expect(all.read.filter((name) => name.endsWith('.tar.gz'))).toHaveLength(4)
    },
    2 * minutes,
  )
})

describe('the catalogue stays unchanged and the script fails', () => {
  const untouched = async (settings: Settings, says: RegExp) => {
    writeFileSync(path('kept.json'), JSON.stringify(empty))
    const run = await derive([], { ...settings, catalogue: 'kept.json' })
    expect(run).toMatchObject({ code: 1, text: JSON.stringify(empty) })
    expect(run.log).toMatch(says)
    expect(run.log).toContain('The catalogue is unchanged.')
    expect(readdirSync(folder).filter((name) => name.startsWith('tmp'))).toEqual([])
  }

  it.each([
    ['503 Service Unavailable', 503, /index at 127\.0\.0\.1 answered 503/],
    ['401 Unauthorized', 401, /index at 127\.0\.0\.1 answered 401/],
    ['404 Not Found for everything', 404, /has no file of vllm/],
    ['an unrelated page', 200, /has no file of vllm/],
  ])('if the index returns %s', async (_, status, says) => {
    const other = createServer((_request, response) => response.writeHead(status).end('<p>Hello</p>'))
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done))
    const address = other.address()
    const port = typeof address === 'object' ? address?.port : undefined
    await untouched({ index: `http://127.0.0.1:${port}/simple/` }, says)
    other.close()
  })

  it('if the index does not answer', async () => {
    await untouched({ index: 'http://127.0.0.1:1/simple/' }, /index at 127\.0\.0\.1 did not answer/)
  })

  it('if an archive is truncated', async () => {
    cpSync(path('index'), path('broken'), { recursive: true })
    const archive = path('broken', 'simple', 'vllm', 'vllm-0.33.0.tar.gz')
    writeFileSync(archive, readFileSync(archive).subarray(0, 200))
    const broken = await serveIndex(path('broken'))
    await untouched({ index: broken.url }, /vllm-0\.33\.0\.tar\.gz of the package index could not be read/)
    await broken.close()
  })

  it('if a repository does not answer, without showing its password', async () => {
    const address = 'http://robot:canary-index-4c1d@127.0.0.1:1/aibrix'
    await untouched({ aibrix: address }, /git could not read http:\/\/127\.0\.0\.1:1\/aibrix/)
  })
})

describe('catalogue.yml', () => {
  it(
    'opens a pull request with the versions that the catalogue of this checkout lacks',
    async () => {
      packVllm('0.99.0', '2.99.0', '1.5.0')
      const checkout = path('checkout')
      for (const part of [
        'script',
        'src',
        'dockerfiles',
        'docs',
        'README.md',
        'action.yml',
        'package.json',
        '.prettierrc.json',
      ])
        cpSync(part, join(checkout, part), { recursive: true })
      const api = await startServer(({ method, path: asked }, response) => {
        const name = `${method} ${asked.replace(/^.*\/repos\/[^/]+\/[^/]+\//, '').replace(/\?.*/, '')}`
        const answers: Record<string, unknown> = {
          'GET pulls': [],
          ...Object.fromEntries(
            ['git/trees', 'git/commits', 'git/refs', 'pulls'].map((one) => [`POST ${one}`, { sha: one }]),
          ),
        }
        const known = /^GET git\/commits\/[0-9a-f]{40}$/.test(name) ? { tree: { sha: 'old' } } : answers[name]
        sendJson(response, known === undefined ? 404 : 200, known ?? { message: 'Not Found' })
      })
      const workflow = readWorkflow('.github/workflows/catalogue.yml')
      // The job skips forks, and act treats this repository as a fork.
      delete workflow.jobs.derive?.if
      mkdirSync(path('programs'))
      withProgram(path('programs'), 'npm', `#!/bin/sh\nln -s ${resolve('node_modules')} node_modules\n`)
      withProgram(
        path('programs'),
        'gh',
        `#!/bin/sh\nhttp_proxy=http://${api.host} exec ${resolve('.cache/lint/bin/gh')} "$@"\n`,
      )
      const run = await runWorkflow(workflow, {
        with: {},
        secrets: { GITHUB_TOKEN: 'none' },
        path: path('programs'),
        repository: checkout,
        environment: {
          ...{ GH_HOST: 'github.localhost', PIP_INDEX_URL: server.url },
          ...{ PIP_CONFIG_FILE: '/dev/null', PIP_FIND_LINKS: '' },
          ...{
            AIBRIX_REPOSITORY: path('git', 'aibrix'),
            NIXL_REPOSITORY: path('git', 'nixl'),
            UCX_REPOSITORY: path('git', 'ucx'),
          },
        },
      })
      await api.close()
      expect(run.code === 0 ? '' : run.log).toBe('')
      expect(run.jobs).toEqual({ derive: true, 'pull-request': true })
      const bodies = api.seen.filter(({ method }) => method === 'POST').map(({ body }) => body)
      const [tree, , reference, pull] = bodies.map((body) => JSON.parse(body) as Record<string, unknown>)
      expect(bodies).toHaveLength(4)
      const files = tree?.tree as { path: string; content: string }[]
      const changed = files.find(({ path: name }) => name === 'dockerfiles/catalogue.json')
      expect(parseCatalogue(changed?.content ?? '').bases.vllm).toContainEqual(
        row('==0.99.0', { torch: '2.99.0' }, 'requires'),
      )
      expect(reference).toMatchObject({ ref: 'refs/heads/catalogue' })
      expect(pull?.body).toContain(
        '- vllm 0.99.0: cuda 13.0, nixl 1.5.0, nixlFloor 1.5.0, python 3.12, torch 2.99.0',
      )
    },
    5 * minutes,
  )
})
