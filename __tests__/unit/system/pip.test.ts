import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { authoritiesForPrograms } from '../../../src/system/certificates.ts'
import { createPip, type PipSettings } from '../../../src/system/pip.ts'
import { createNixlIndex } from '../../../src/plan/nixl/nixl-index.ts'
import { makeAuthority } from '../../support/authority.ts'
import { noRetry, quickRetry } from '../../support/retry.ts'
import { startServer } from '../../support/web-server.ts'
import { type IndexServer, serveIndex } from '../../../stand-ins/index-server.ts'

// A call of a real pip takes a second of a core, and more on a busy machine.
jest.setTimeout(60_000)

const folder = mkdtempSync(join(tmpdir(), 'pip-'))

afterAll(() => {
  rmSync(folder, { recursive: true })
})

function settings(more: Partial<PipSettings> = {}): PipSettings {
  return {
    environment: { PATH: process.env.PATH, HOME: folder },
    signal: new AbortController().signal,
    timeout: 50_000,
    packageIndex: undefined,
    retry: noRetry,
    ...more,
  }
}

/** @returns an environment whose python3 is a shell script */
function python(script: string): NodeJS.ProcessEnv {
  const place = mkdtempSync(join(folder, 'python-'))
  writeFileSync(join(place, 'python3'), `#!/bin/sh\n${script}\n`)
  chmodSync(join(place, 'python3'), 0o755)
  return { PATH: `${place}:${process.env.PATH ?? ''}` }
}

describe('pip on the runner', () => {
  it('is a module of python3 and gets its arguments unchanged', async () => {
    const pip = createPip(settings({ environment: python('printf "<%s>" "$@"; echo told >&2; exit 3') }))
    expect(await pip(['index', 'versions', '$(id) nixl'])).toEqual({
      state: 'ended',
      code: 3,
      stdout: '<-m><pip><index><versions><$(id) nixl>',
      stderr: 'told\n',
    })
  })

  it('gets its index in its environment, never among its arguments', async () => {
    const environment = {
      ...python('echo "$@"; env'),
      PIP_INDEX_URL: 'https://other.example',
      PIP_PROXY: 'kept',
    }
    const packageIndex = 'https://user:password@index.example/simple'
    const pip = createPip(settings({ environment, packageIndex }))
    const answer = await pip(['index'])
    const [args, ...variables] = answer.state === 'ended' ? answer.stdout.split('\n') : []
    expect(args).toBe('-m pip index')
    expect(variables).toEqual(
      expect.arrayContaining([`PIP_INDEX_URL=${packageIndex}`, 'PIP_PROXY=kept', 'PIP_NO_INPUT=1']),
    )
  })

  it('keeps its own index and certificates if none are given', async () => {
    const environment = { ...python('env'), PIP_INDEX_URL: 'https://own.example', PIP_CERT: '/own.pem' }
    const answer = await createPip(settings({ environment }))([])
    expect(answer).toMatchObject({ stdout: expect.stringContaining('PIP_INDEX_URL=https://own.example') })
    expect(answer).toMatchObject({ stdout: expect.stringContaining('PIP_CERT=/own.pem') })
  })

  it.each<[string, Partial<PipSettings>, string]>([
    [
      'without python3',
      { environment: { PATH: folder } },
      'python3 was not found on PATH; install it on this runner, or add its directory to PATH',
    ],
    [
      'after its time',
      { environment: python('exec sleep 60'), timeout: 100 },
      'it did not answer within 0.1 s',
    ],
    ['when it is killed', { environment: python('kill -9 $$') }, 'it was killed by SIGKILL'],
  ])('is missing %s', async (_, more, reason) => {
    expect(await createPip(settings(more))(['index'])).toEqual({ state: 'missing', reason })
  })

  it.each([
    ['503 Server Error: Service Unavailable for url: https://index.example/', 4],
    ['401 Client Error: Unauthorized for url: https://index.example/', 1],
    ['404 Client Error: Not Found for url: https://index.example/', 1],
  ])('an index that returns "%s" is asked %i times', async (reason, times) => {
    const tries = join(mkdtempSync(join(folder, 'tries-')), 'tries')
    const line = `Could not fetch URL https://index.example/nixl/: ${reason} - skipping`
    const environment = python(`echo x >> ${tries}; echo '${line}'; exit 1`)
    const answer = await createPip(settings({ environment, retry: quickRetry() }))(['index'])
    expect(answer).toEqual({ state: 'ended', code: 1, stdout: `${line}\n`, stderr: '' })
    expect(readFileSync(tries, 'utf8')).toBe('x\n'.repeat(times))
  })

  it('that does not answer is retried', async () => {
    // On a slow machine, the script may not reach its first line in that time; the retries count.
    const said: string[] = []
    const retry = quickRetry({ retries: 1, log: (line) => said.push(line) })
    const environment = python('exec sleep 60')
    const answer = await createPip(settings({ environment, timeout: 100, retry }))(['index'])
    expect(answer).toEqual({ state: 'missing', reason: 'it did not answer within 0.1 s' })
    expect(said).toEqual(['pip did not answer within 0.1 s; retry 1 of 1 in 0.0 s'])
  })

  it('ends with the run', async () => {
    const cancel = new AbortController()
    const asked = createPip(settings({ environment: python('exec sleep 60'), signal: cancel.signal }))([
      'index',
    ])
    cancel.abort()
    await expect(asked).rejects.toThrow('Cancelled while pip was running.')
  })
})

describe('a real pip', () => {
  // A call takes a second of a core, and more on a busy machine.
  jest.setTimeout(60_000)
  const environment: NodeJS.ProcessEnv = {
    ...settings().environment,
    PIP_CONFIG_FILE: '/dev/null',
  }
  let server: IndexServer
  let guarded: IndexServer

  beforeAll(async () => {
    // Debian's python3 ships no pip, but venv adds one.
    if (spawnSync('python3', ['-m', 'pip', '--version']).status !== 0) {
      execFileSync('python3', ['-m', 'venv', join(folder, 'venv')])
      environment.PATH = `${join(folder, 'venv', 'bin')}:${process.env.PATH ?? ''}`
    }
    for (const [name, wheels] of Object.entries({
      nixl: [
        'nixl-0.7.0-cp312-cp312-manylinux_2_28_x86_64',
        'nixl-0.7.1-py3-none-any',
        'nixl-0.8.0-py3-none-any',
        'nixl-0.9.0rc1-py3-none-any',
      ],
      'nixl-cu12': [
        'nixl_cu12-0.7.1-cp312-cp312-manylinux_2_28_x86_64',
        'nixl_cu12-0.8.0-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64',
        'nixl_cu12-0.8.0-cp313-cp313-manylinux_2_34_x86_64',
        'nixl_cu12-0.9.0rc1-cp312-cp312-linux_x86_64',
        'nixl_cu12-0.7.1-cp312-cp312-manylinux_2_28_aarch64',
      ],
    })) {
      const place = join(folder, 'index', 'simple', name)
      mkdirSync(place, { recursive: true })
      for (const wheel of wheels) writeFileSync(join(place, `${wheel}.whl`), '')
    }
    server = await serveIndex(join(folder, 'index'))
    guarded = await serveIndex(join(folder, 'index'), { user: 'user', password: 'right' })
  })

  afterAll(async () => {
    await Promise.all([server.close(), guarded.close()])
  })

  const index = (packageIndex: string) => createNixlIndex(createPip(settings({ environment, packageIndex })))

  it.each([
    ['3.12', '12.8', 'linux/amd64', ['0.9.0rc1', '0.8.0', '0.7.1', '0.7.0']],
    ['3.13', '12.8', 'linux/amd64', ['0.8.0']],
    ['3.12', '12.8', 'linux/arm64', ['0.7.1']],
    ['3.8', '12.8', 'linux/amd64', []],
  ])('finds for Python %s, CUDA %s and %s: %j', async (version, cuda, platform, versions) => {
    const told = await index(server.url).versions({ python: version, cuda }, platform)
    expect(told).toEqual({ state: 'known', versions })
  })

  it('names an index that has no variant for a CUDA', async () => {
    const told = await index(server.url).versions({ python: '3.12', cuda: '13.0' }, 'linux/amd64')
    const absent = `the package index has no nixl-cu13 (${new URL(server.url).host} returned 404 Not Found)`
    expect(told).toEqual({ state: 'known', versions: [], absent: expect.stringContaining(absent) })
  })

  it.each([
    [
      'a page without files',
      '/page/simple',
      /^the package index has no nixl \(127\S+ returned a page that lists no file of it\);/,
    ],
    ['a login', '/login/simple', /lists no file of it, after a redirect to 127\.0\.0\.1:\d+\);/],
    ['a text', '/text/simple', /returned text\/plain, which is not an index page\);/],
    [
      'a refusal',
      '/403/simple',
      /^pip cannot list .*: the package index 127\S+ returned 403 Forbidden; check package-index$/,
    ],
    ['a fault', '/501/simple', /the package index 127\S+ returned 501 Not Implemented; check package-index$/],
  ])('names an index that answers with %s', async (_, path, sentence) => {
    const site = await startServer(({ path: asked }, response) => {
      const [, kind = ''] = asked.split('/')
      const type = kind === 'text' ? 'text/plain' : 'text/html'
      const headers = { 'content-type': type, ...(kind === 'login' && { location: '/page/login' }) }
      const status = kind === 'login' ? 302 : Number(kind) || 200
      response.writeHead(status, headers).end('<a href="/about">About us</a>')
    })
    const told = await index(`http://${site.host}${path}`).versions({}, 'linux/amd64')
    expect(told.state === 'known' ? told.absent : told.reason).toMatch(sentence)
    await site.close()
  })

  it('uses the password of the index if one is given', async () => {
    const known = await index(guarded.url).versions({}, 'linux/amd64')
    expect(known).toMatchObject({ state: 'known', versions: expect.arrayContaining(['0.8.0', '0.7.1']) })
  })

  it('trusts an index of a given authority only', async () => {
    const authority = makeAuthority(mkdtempSync(join(folder, 'authority-')))
    const door = await authority.before(new URL(server.url).host)
    const write = (name: string, content: string): string => {
      writeFileSync(join(folder, name), content)
      return join(folder, name)
    }
    const trusted = authoritiesForPrograms(authority.file, environment, write)
    const ask = (more: NodeJS.ProcessEnv) => {
      const given = { environment: { ...environment, ...more }, packageIndex: `https://${door.host}/simple/` }
      return createNixlIndex(createPip(settings(given))).versions({}, 'linux/amd64')
    }
    const answers = [await ask({}), await ask(trusted)]
    await door.close()
    expect(answers).toMatchObject([
      { state: 'no-pip', reason: expect.stringMatching(/certificate/i) },
      { state: 'known', versions: expect.arrayContaining(['0.8.0']) },
    ])
  })

  it('uses the given index only, whatever the runner has set', async () => {
    const other = await serveIndex(join(folder, 'index'))
    const home = mkdtempSync(join(folder, 'home-'))
    mkdirSync(join(home, '.config', 'pip'), { recursive: true })
    const lines = [
      '[global]',
      'no-index = true',
      `extra-index-url = ${other.url}`,
      `find-links = ${other.url}nixl/`,
    ]
    writeFileSync(join(home, '.config', 'pip', 'pip.conf'), lines.join('\n'))
    for (const more of [
      { HOME: home },
      { PIP_EXTRA_INDEX_URL: other.url, PIP_FIND_LINKS: `${other.url}nixl/` },
      { PIP_CONFIG_FILE: join(home, '.config', 'pip', 'pip.conf') },
    ]) {
      const { PIP_CONFIG_FILE: _, ...rest } = environment
      const pip = createPip(settings({ environment: { ...rest, ...more }, packageIndex: server.url }))
      const told = await createNixlIndex(pip).versions({}, 'linux/amd64')
      expect(told).toMatchObject({ state: 'known', versions: expect.arrayContaining(['0.8.0']) })
    }
    expect(other.requests).toEqual([])
    await other.close()
  })

  it.each([
    ['refuses the password', () => guarded.url.replace('right', 'wrong'), '401'],
    ['is unreachable', () => 'http://127.0.0.1:1/simple', 'Connection refused'],
  ])('reports an index that %s', async (_, url, reason) => {
    const told = await index(url()).versions({ python: '3.12', cuda: '12.8' }, 'linux/amd64')
    expect(told).toMatchObject({ state: 'no-pip', reason: expect.stringContaining(reason) })
    expect(JSON.stringify(told)).not.toContain('wrong')
  })
})

it('the code has no address of a package index', () => {
  for (const file of ['src/system/pip.ts', 'src/plan/nixl/nixl-index.ts'])
    expect(readFileSync(file, 'utf8')).not.toMatch(/https?:\/\//)
})
