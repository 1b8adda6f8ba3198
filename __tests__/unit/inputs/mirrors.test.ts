import { describe, expect, it } from '@jest/globals'
import { type Inputs, readInputs, secretValues } from '../../../src/inputs/inputs.ts'
import { sentenceOf } from '../../../src/errors.ts'
import { formatRepository } from '../../../src/registry/content/reference.ts'
import { actionDefaults } from '../../../script/action-defaults.ts'

function read(given: Record<string, string>, event = 'workflow_dispatch'): Inputs {
  const values: Record<string, string> = { ...actionDefaults(), ...given }
  const started = { name: event, ref: 'refs/heads/main', repositoryUrl: '', tag: undefined }
  return readInputs((name) => values[name] ?? '', {
    event: started,
    now: new Date(),
    fileExists: () => true,
    readFolder: () => undefined,
  })
}

function complaint(given: Record<string, string>): string {
  try {
    read(given)
    return ''
  } catch (error) {
    return sentenceOf(error)
  }
}

const mirrorsOf = (given: Record<string, string>): string[] =>
  read(given).plan.mirrors.map(({ engine, repository }) => `${engine}: ${formatRepository(repository)}`)

describe('mirrors', () => {
  it.each<[string, Record<string, string>, string[]]>([
    ['are none by default', {}, []],
    [
      'belong to the engine that the last part of their path names',
      { mirrors: 'ghcr.io/acme/vllm-openai\n\n quay.io/acme/team/sglang ' },
      ['vllm: ghcr.io/acme/vllm-openai', 'sglang: quay.io/acme/team/sglang'],
    ],
    [
      'belong to the engine that their line names',
      { mirrors: 'vllm: ghcr.io/acme/sglang\nsglang:localhost:5000/acme/images' },
      ['vllm: ghcr.io/acme/sglang', 'sglang: localhost:5000/acme/images'],
    ],
    [
      'belong to the only engine of the run',
      { engine: 'sglang', mirrors: 'ghcr.io/acme/images' },
      ['sglang: ghcr.io/acme/images'],
    ],
    [
      'may name an engine that the run does not have',
      { engine: 'vllm', mirrors: 'ghcr.io/acme/vllm-openai; ghcr.io/acme/sglang' },
      ['vllm: ghcr.io/acme/vllm-openai', 'sglang: ghcr.io/acme/sglang'],
    ],
    [
      'may be on a host that has the name of an engine',
      { mirrors: 'vllm:5000/acme/vllm-openai' },
      ['vllm: vllm:5000/acme/vllm-openai'],
    ],
    [
      'have one name',
      {
        registry: 'ghcr.io',
        mirrors: 'registry-1.docker.io/acme/vllm-openai\nacme/sglang\nGHCR.io/b/sglang',
      },
      ['vllm: docker.io/acme/vllm-openai', 'sglang: docker.io/acme/sglang', 'sglang: ghcr.io/b/sglang'],
    ],
    [
      'keep the name as written, and another port is another registry',
      { registry: 'ghcr.io', mirrors: 'ghcr.io:443/b/sglang\nghcr.io:444/aibrix/sglang' },
      ['sglang: ghcr.io:443/b/sglang', 'sglang: ghcr.io:444/aibrix/sglang'],
    ],
    [
      'of a plan may be what would be the public repository without it',
      { command: 'promote', plan: 'plan.json', mirrors: 'docker.io/aibrix/vllm-openai' },
      ['vllm: docker.io/aibrix/vllm-openai'],
    ],
  ])('%s', (_, given, expected) => {
    expect(mirrorsOf(given)).toEqual(expected)
  })

  const name = 'use a repository such as ghcr.io/acme/vllm-openai, without tag and digest.'
  const own = 'use other repositories than those that the images are in anyway.'
  it.each<[Record<string, string>, string]>([
    [
      { mirrors: 'ghcr.io/acme/images' },
      'mirrors: "ghcr.io/acme/images" is not allowed; use "vllm: ghcr.io/acme/images" or "sglang: ghcr.io/acme/images", since "engine" has several.',
    ],
    [
      { mirrors: 'ghcr.io/acme/vllm-openai:v1' },
      `mirrors: "ghcr.io/acme/vllm-openai:v1" is not allowed; ${name}`,
    ],
    [{ mirrors: `ghcr.io/acme/vllm-openai@sha256:${'a'.repeat(64)}` }, name],
    [{ mirrors: 'vllm-openai' }, name],
    [{ mirrors: 'vllm:' }, name],
    [{ mirrors: 'trt: ghcr.io/acme/vllm-openai' }, name],
    [{ mirrors: 'https://ghcr.io/acme/vllm-openai' }, name],
    [{ mirrors: 'ghcr.io/Acme/vllm-openai' }, name],
    [
      { mirrors: 'harbor/acme/vllm-openai' },
      'mirrors: "harbor/acme/vllm-openai" is not allowed; use a name with its registry, as in harbor:443/acme/vllm-openai.',
    ],
    [{ registry: 'harbor:443', mirrors: 'harbor/sglang' }, 'as in harbor:443/sglang'],
    [
      { mirrors: 'ghcr.io/a/sglang\nquay.io/a/sglang\nGHCR.io/a/sglang' },
      'mirrors: "GHCR.io/a/sglang" is not allowed; use each repository once.',
    ],
    [{ mirrors: 'vllm: ghcr.io/a/sglang\nghcr.io/a/sglang' }, 'use each repository once.'],
    [{ mirrors: 'docker.io/aibrix/vllm-openai' }, own],
    [{ mirrors: 'docker.io:443/aibrix/vllm-openai' }, own],
    [{ registry: 'ghcr.io', namespace: 'acme', mirrors: 'ghcr.io:443/acme/vllm-openai' }, own],
    [{ registry: 'ghcr.io:443', namespace: 'acme', mirrors: 'ghcr.io/acme/vllm-openai' }, own],
    [{ registry: '127.0.0.1:5000', namespace: 'acme', mirrors: 'localhost:5000/acme/sglang' }, own],
    [{ mirrors: 'ghcr.io/a/sglang\nghcr.io:443/a/sglang' }, 'use each repository once.'],
    [{ mirrors: 'localhost:5000/a/sglang\n127.0.0.1:5000/a/sglang' }, 'use each repository once.'],
    [
      { 'cache-repository': 'ghcr.io/acme/cache', mirrors: 'vllm: ghcr.io:443/acme/cache' },
      'use another repository than cache-repository.',
    ],
    [{ registry: 'no_registry', mirrors: 'ghcr.io/a/sglang:v1' }, name],
    [{ engine: 'vllm', mirrors: 'vllm: aibrix/sglang' }, own],
    [{ mirrors: 'vllm: aibrix/image-cache' }, 'use another repository than cache-repository.'],
    [
      { 'cache-repository': 'ghcr.io/acme/cache', mirrors: 'vllm: ghcr.io/acme/cache' },
      'use another repository than cache-repository.',
    ],
  ])('are refused with what to write: %j', (given, expected) => {
    expect(complaint(given)).toContain(expected)
  })
})

describe('the credentials of mirrors', () => {
  const mirrors = 'ghcr.io/acme/vllm-openai\nacme/sglang'
  const of = (lines: string, more: Record<string, string> = {}) => ({
    ...{ registry: 'quay.io', mirrors, 'mirror-credentials': lines },
    ...more,
  })

  it('are by registry, and secret', () => {
    const inputs = read(of('GHCR.io=robot:to=k:en\r\n\nindex.docker.io=$oauth:pass word\n'))
    expect(inputs.mirrorLogins).toEqual(
      new Map([
        ['ghcr.io', { username: 'robot', password: 'to=k:en' }],
        ['docker.io', { username: '$oauth', password: 'pass word' }],
      ]),
    )
    expect(secretValues(inputs)).toEqual(
      expect.arrayContaining(['to=k:en', 'robot:to=k:en', 'pass word', '$oauth:pass word']),
    )
    expect(inputs.shown.join()).not.toContain('to=k:en')
  })

  it('may name the port that the mirror does not, and the other way round', () => {
    expect(read(of('ghcr.io:443=me:x')).mirrorLogins.size).toBe(1)
    const logins = read(of('ghcr.io=me:x', { mirrors: 'ghcr.io:443/acme/sglang' })).mirrorLogins
    expect(logins).toEqual(new Map([['ghcr.io', { username: 'me', password: 'x' }]]))
  })

  it('without a password are ignored if nothing is pushed, as in a pull request without secrets', () => {
    expect(read(of('ghcr.io=robot:'), 'pull_request').mirrorLogins.size).toBe(0)
  })

  const form = 'use lines <registry>=<user>:<password or token>, such as ghcr.io=robot:token.'
  it.each<[string, Record<string, string>, string]>([
    ['canary', {}, `mirror-credentials: line 1 (not shown) is not allowed; ${form}`],
    ['ghcr.io=a:b\n\ncanary:b', {}, `line 3 (not shown) is not allowed; ${form}`],
    ['ghcr.io=canary', {}, form],
    ['ghcr.io=:canary', {}, form],
    ['=robot:canary', {}, form],
    ['robot:canary@ghcr.io=x', {}, form],
    ['Canary_secret=robot:x', {}, form],
    ['ghcr.io=robot:', {}, 'line 1 (without a password; a secret that does not exist is empty)'],
    ['ghcr.io=a:canary\nghcr.io=a:canary', {}, 'use each registry once.'],
    ['quay.io=a:canary', {}, 'use username and password for it, or docker login.'],
    ['quay.io:443=a:canary', {}, 'use username and password for it, or docker login.'],
    ['ghcr.io=a:canary\nghcr.io:443=a:canary', {}, 'use each registry once.'],
    ['ghcr.io:444=a:canary', {}, 'line 1 (for a registry without a mirror) is not allowed'],
    ['ghcr.io', { registry: 'no_registry' }, form],
    ['ghcr.oi=a:canary', {}, 'line 1 (for a registry without a mirror) is not allowed'],
    ['ghcr.io=a:canary', { mirrors: '' }, 'use registries of lines in "mirrors".'],
  ])('are refused by their line alone: %j', (lines, more, expected) => {
    const said = complaint(of(lines, more))
    expect(said).toContain(expected)
    expect(said).not.toMatch(/canary/i)
  })
})

it.each(['https://me:canary@ghcr.io/a/sglang', 'me:canary@ghcr.io/a/sglang'])(
  'a mirror with credentials is refused without them: %s',
  (mirrors) => {
    expect(complaint({ mirrors })).toContain('mirrors: ')
    expect(complaint({ mirrors })).not.toContain('canary')
  },
)
