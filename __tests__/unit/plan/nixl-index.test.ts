import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { createNixlIndex } from '../../../src/plan/nixl/nixl-index.ts'
import type { PipAnswer } from '../../../src/system/pip.ts'

const experimental =
  'WARNING: pip index is currently an experimental command. It may be removed/changed in a future release without prior warning.\n'
const page = 'https://index.example/simple/nixl-cu12/'

/** What pip -vv prints on its way. */
function looked(name: string): string {
  const url = page.replace('nixl-cu12', name)
  return [
    `1 location(s) to search for versions of ${name}:`,
    `* ${url}`,
    `Fetching project page and analyzing links: ${url}`,
    `Getting page ${url}`,
    `${url.slice(0, 21)} "GET /simple/${name}/ HTTP/1.1" 200 22066`,
    `Fetched page ${url} as application/vnd.pypi.simple.v1+json`,
    `  Found link ${url}${name.replace('-', '_')}-0.7.1-cp312-cp312-manylinux_2_28_x86_64.whl (requires-python:>=3.9), version: 0.7.1`,
    `Skipping link: not a file: ${url}`,
    '',
  ].join('\n')
}

function found(name: string, versions: string[]): PipAnswer {
  const answer = `${name} (${versions[0] ?? ''})\nAvailable versions: ${versions.join(', ')}\n`
  return { state: 'ended', code: 0, stdout: looked(name) + answer, stderr: experimental }
}

function noMatch(stdout: string, stderr = ''): PipAnswer {
  const error = 'ERROR: No matching distribution found for nixl-cu12\n'
  return { state: 'ended', code: 1, stdout, stderr: `${experimental}${stderr}${error}` }
}

/** What else a Python prints that has a `.pth` file with a banner. */
function talkative(answer: PipAnswer): PipAnswer {
  if (answer.state !== 'ended') return answer
  const [before, behind] = ['Good morning: 0.1.0\n12.9', 'Good night']
  return {
    ...answer,
    stdout: `${before}${answer.stdout}${behind}`,
    stderr: `${before}\n${answer.stderr}${behind}`,
  }
}

function failed(code: number, stderr: string): PipAnswer {
  return { state: 'ended', code, stdout: '', stderr }
}

/** An index whose pip answers by the package's name, and what it was asked. */
function indexOf(answers: Record<string, PipAnswer | PipAnswer[]>) {
  const asked: string[][] = []
  const index = createNixlIndex((args) => {
    asked.push(args)
    const answer = answers[args[2] ?? '']
    const one = Array.isArray(answer) ? answer.shift() : answer
    return one ? Promise.resolve(one) : Promise.reject(new Error(`${args.join(' ')} is not expected`))
  })
  return { index, asked }
}

const everything = ['1.4.1', '1.0.0', '0.8.0', '0.7.1', '0.7.0', '0.6.0']
const usual = {
  nixl: found('nixl', everything),
  'nixl-cu12': found('nixl-cu12', ['1.4.1', '1.0.0', '0.8.0', '0.7.1']),
  'nixl-cu13': found('nixl-cu13', ['1.4.1', '1.0.0', '0.8.0']),
}
const base = { python: '3.12', cuda: '12.8' }

describe('the versions of NIXL for a base', () => {
  it.each<[string, string, Record<string, PipAnswer>, string[]]>([
    ['CUDA 12', '12.8', usual, everything],
    ['CUDA 13, without what was linked with CUDA 12', '13.0', usual, ['1.4.1', '1.0.0', '0.8.0']],
    ['CUDA 13, told without its minor version', '13', usual, ['1.4.1', '1.0.0', '0.8.0']],
    [
      'a Python of the runner that prints its own lines',
      '13.0',
      { ...usual, nixl: talkative(usual.nixl), 'nixl-cu13': talkative(usual['nixl-cu13']) },
      ['1.4.1', '1.0.0', '0.8.0'],
    ],
    [
      'a version that an index lacks',
      '12.8',
      { nixl: talkative(usual.nixl), 'nixl-cu12': talkative(noMatch(looked('nixl-cu12'))) },
      ['0.7.0', '0.6.0'],
    ],
    [
      'a mirror that lacks the package for all variants',
      '12.8',
      { ...usual, nixl: found('nixl', ['0.8.0']) },
      ['0.8.0'],
    ],
    [
      'a Python without wheels',
      '12.8',
      { nixl: found('nixl', everything), 'nixl-cu12': noMatch(looked('nixl-cu12')) },
      ['0.7.0', '0.6.0'],
    ],
  ])('%s', async (_, cuda, answers, versions) => {
    const { index } = indexOf(answers)
    expect(await index.versions({ ...base, cuda }, 'linux/amd64')).toEqual({ state: 'known', versions })
  })

  it('are those without variants from a mirror that lacks the variant, which is reported', async () => {
    const url404 = `${page}: 404 Client Error: Not Found for url: ${page}`
    const lacking = noMatch(`Getting page ${page}\nCould not fetch URL ${url404} - skipping\n`)
    const { index } = indexOf({ ...usual, 'nixl-cu12': lacking })
    const absent = 'the package index has no nixl-cu12 (index.example returned 404 Not Found)'
    expect(await index.versions(base, 'linux/amd64')).toEqual({
      state: 'known',
      versions: ['0.7.0', '0.6.0'],
      absent: expect.stringContaining(absent),
    })
  })

  it('are requested for the Python and the platform of the base, not of pip, and without an address', async () => {
    const { index, asked } = indexOf(usual)
    await index.versions({ python: '3.10', cuda: '13.0' }, 'linux/arm64')
    expect(asked.map((args) => args[2]).sort()).toEqual(['nixl', 'nixl-cu12', 'nixl-cu13'])
    for (const args of asked) {
      expect(args.join(' ')).toContain(
        '--only-binary=:all: --python-version 3.10 --platform manylinux_2_39_aarch64',
      )
      expect(args).toContain('manylinux_2_28_aarch64')
      expect(args).toContain('manylinux_2_17_aarch64')
      expect(args.join(' ')).not.toMatch(/x86_64|:\/\//)
    }
  })

  it.each([{}, { python: '3.12' }, { cuda: '12.8' }])(
    'are all that exist if only %j is known',
    async (known) => {
      const { index, asked } = indexOf(usual)
      expect(await index.versions(known, 'linux/amd64')).toEqual({ state: 'known', versions: everything })
      expect(asked[0]).toEqual([
        'index',
        'versions',
        'nixl',
        '-vv',
        '--pre',
        '--only-binary=:all:',
        '--ignore-requires-python',
      ])
    },
  )

  it.each([base, { ...base, cuda: '13.0' }, {}])(
    'are not those that require an unpublished variant: for %j',
    async (known) => {
      const half = {
        nixl: found('nixl', ['1.5.2', '1.5.1', '1.0.1']),
        'nixl-cu12': found('nixl-cu12', ['1.5.2', '1.5.1', '1.0.1']),
        'nixl-cu13': found('nixl-cu13', ['1.5.1', '1.0.1']),
      }
      const versions = ['1.5.1', '1.0.1']
      expect(await indexOf(half).index.versions(known, 'linux/amd64')).toEqual({ state: 'known', versions })
      const other = { ...half, 'nixl-cu12': half['nixl-cu13'], 'nixl-cu13': half['nixl-cu12'] }
      expect(await indexOf(other).index.versions(known, 'linux/amd64')).toEqual({ state: 'known', versions })
    },
  )
})

describe('pip is asked', () => {
  it('once for each question, also in parallel', async () => {
    const { index, asked } = indexOf(usual)
    const bases = [
      base,
      { ...base, cuda: '12.9' },
      { ...base, cuda: '13.0' },
      base,
      { ...base, python: '3.10' },
    ]
    await Promise.all(bases.map((one) => index.versions(one, 'linux/amd64')))
    await Promise.all(bases.map((one) => index.versions(one, 'linux/amd64')))
    // nixl, nixl-cu12 and nixl-cu13, for 3.12 and for 3.10
    expect(asked).toHaveLength(6)
  })

  it('at most four times in parallel', async () => {
    let running = 0
    let most = 0
    const index = createNixlIndex(async (args) => {
      running += 1
      most = Math.max(most, running)
      await new Promise((resolve) => setTimeout(resolve, 5))
      running -= 1
      return found(args[2] ?? '', everything)
    })
    const pythons = ['3.9', '3.10', '3.11', '3.12', '3.13']
    await Promise.all(pythons.map((python) => index.versions({ ...base, python }, 'linux/amd64')))
    expect(most).toBe(4)
  })

  it('and a cancelled run stays one', async () => {
    const index = createNixlIndex(() => Promise.reject(new Error('Cancelled while pip was running.')))
    await expect(index.versions(base, 'linux/amd64')).rejects.toThrow('Cancelled')
  })
})

describe('an index that has nothing of a project', () => {
  const token = 'https://t0ken@index.example/p4th/simple/nixl/'
  const fetched = `Getting page ${token}\nFetched page ${token} as text/html\n`

  it.each<[string, PipAnswer, string]>([
    [
      'that has none',
      noMatch(`Could not fetch URL ${token}: 404 Client Error: Not Found for url: ${token} - skipping\n`),
      'index.example returned 404 Not Found',
    ],
    [
      'that no longer has it',
      noMatch(`Could not fetch URL ${token}: 410 Client Error: Gone for url: ${token} - skipping\n`),
      'index.example returned 410 Gone',
    ],
    [
      'that is some other page',
      noMatch(`${fetched}  Skipping link: not a file: https://index.example/about (from ${token})\n`),
      'index.example returned a page that lists no file of it',
    ],
    [
      'that redirects to a login',
      noMatch(
        fetched.replace(
          '\n',
          '\nhttps://index.example:443 "GET /p4th/simple/nixl/ HTTP/1.1" 302 None\nhttps://login.example:443 "GET /?back=p4th HTTP/1.1" 200 None\n',
        ),
      ),
      'index.example returned a page that lists no file of it, after a redirect to login.example:443',
    ],
    [
      'that returns its own JSON',
      noMatch(
        `Getting page ${token}\n`,
        `WARNING: Skipping page ${token} because the GET request got Content-Type: application/json. The only supported Content-Types are text/html\n`,
      ),
      'index.example returned application/json, which is not an index page',
    ],
    [
      'that is a missing folder',
      noMatch(
        '0 location(s) to search for versions of nixl:\n',
        "WARNING: Location 'file:///p4th/nixl/' is ignored: it is neither a file nor a directory.\n",
      ),
      'a file is ignored: it is neither a file nor a directory',
    ],
    [
      'of two without it',
      noMatch(
        [token, 'https://other.example/nixl/']
          .map(
            (url) => `Could not fetch URL ${url}: 404 Client Error: Not Found for url: ${url} - skipping\n`,
          )
          .join(''),
      ),
      'index.example returned 404 Not Found, other.example returned 404 Not Found',
    ],
  ])('is reported with its answer, but without possible tokens: one %s', async (_, answer, said) => {
    const { index } = indexOf({ ...usual, nixl: answer })
    const told = await index.versions(base, 'linux/amd64')
    const absent = `the package index has no nixl (${said}); check package-index (if it is empty, pip's configuration on this runner)`
    expect(told).toEqual({ state: 'known', versions: [], absent })
    expect(JSON.stringify(told)).not.toMatch(/t0ken|p4th/)
  })

  it('is not an index whose files are for other Pythons', async () => {
    const skipped = `Fetched page ${token} as text/html\n  Skipping link: none of the wheel's tags (cp310) are compatible: ${token}nixl-0.7.0-cp310-cp310-linux_x86_64.whl\n`
    const { index } = indexOf({ ...usual, nixl: noMatch(skipped) })
    expect(await index.versions(base, 'linux/amd64')).toEqual({ state: 'known', versions: [] })
  })
})

describe('pip has no answer', () => {
  const refused = (reason: string) =>
    noMatch(`Getting page ${page}\nCould not fetch URL ${page}: ${reason} - skipping\n`)

  it.each<[string, PipAnswer, string]>([
    [
      'without a python3',
      { state: 'missing', reason: 'python3 was not found on PATH' },
      'python3 was not found on PATH',
    ],
    [
      'that prints the reason before it exits',
      talkative(failed(2, 'ERROR: It is broken.\n')),
      'It is broken',
    ],
    ['without pip', failed(1, '/usr/bin/python3: No module named pip\n'), 'python3 has no pip'],
    [
      'with a pip before 21.2',
      failed(1, 'ERROR: unknown command "index"\n'),
      'it is too old to list versions',
    ],
    [
      'with a pip that lacks an option',
      failed(2, 'Usage: …\n\nno such option: --platform\n'),
      'it is too old',
    ],
    [
      'from an index that requires a password',
      refused(`401 Client Error: Unauthorized for url: ${page}`),
      'the package index index.example returned 401 Unauthorized; check package-index',
    ],
    [
      'from an index that is broken',
      refused(
        "HTTPConnectionPool(host='index.example', port=80): Max retries exceeded with url: /simple/nixl-cu12/ (Caused by ResponseError('too many 500 error responses'))",
      ),
      'too many 500 error responses',
    ],
    [
      'from an unreachable index',
      refused(
        "connection error: HTTPConnectionPool(host='index.example', port=80): Max retries exceeded with url: /x/ (Caused by NewConnectionError('<pip._vendor.urllib3.connection.HTTPConnection object at 0x7fc0e68bbdd0>: Failed to establish a new connection: [Errno 111] Connection refused'))",
      ),
      'cannot be reached (Failed to establish a new connection: [Errno 111] Connection refused); check package-index',
    ],
    [
      'from an index with an unknown certificate',
      refused(
        'There was a problem confirming the ssl certificate: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed (_ssl.c:1006)',
      ),
      'problem confirming the ssl certificate: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed (_ssl.c:1006)); check ca-certificates',
    ],
    [
      'from an index that pip does not trust',
      noMatch(
        '* http://index.example/simple/nixl-cu12/\n',
        'WARNING: The repository located at index.example is not a trusted or secure host and is being ignored.\n',
      ),
      'it ignores the package index index.example, which does not use https',
    ],
    [
      'that can be read',
      { state: 'ended', code: 0, stdout: 'nixl-cu12 1.0\n', stderr: '' },
      'it exited with code 0 and printed nothing',
    ],
  ])('%s', async (_, answer, reason) => {
    for (const answers of [
      { ...usual, 'nixl-cu12': answer },
      { ...usual, nixl: answer },
    ]) {
      const { index } = indexOf(answers)
      const told = await index.versions(base, 'linux/amd64')
      expect(told).toEqual({ state: 'no-pip', reason: expect.stringContaining(reason) })
      expect(told).toMatchObject({ reason: expect.stringMatching(/^pip cannot list .*[^.]$/) })
      expect(JSON.stringify(told)).not.toMatch(/:\/\/|0x[0-9a-f]{4}/)
    }
  })

  it('whatever it prints', async () => {
    const words = fc.array(
      fc.oneof(
        fc.string(),
        fc.constantFrom(
          'Available versions: ',
          'Available versions: 0.7.1, x',
          'Could not fetch URL ',
          ' - skipping',
          '\n',
          'ERROR: ',
          'No matching distribution found',
          ': ',
        ),
      ),
    )
    await fc.assert(
      fc.asyncProperty(words, words, fc.constantFrom(0, 1, 2), async (stdout, stderr, code) => {
        const answer: PipAnswer = { state: 'ended', code, stdout: stdout.join(''), stderr: stderr.join('') }
        const answers = { nixl: answer, 'nixl-cu12': answer }
        const told = await indexOf(answers).index.versions(base, 'linux/amd64')
        expect(['known', 'no-pip']).toContain(told.state)
      }),
    )
  })
})
