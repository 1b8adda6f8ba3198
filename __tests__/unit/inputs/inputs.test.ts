import { describe, expect, it } from '@jest/globals'
import { UserError } from '../../../src/errors.ts'
import { type InputContext, type WorkflowEvent, workflowEvent } from '../../../src/inputs/context.ts'
import { readInputs } from '../../../src/inputs/inputs.ts'
import type { PlanRequest } from '../../../src/plan/request.ts'
import type { Selector } from '../../../src/plan/versions/selector.ts'
import { actionDefaults } from '../../../script/action-defaults.ts'

const dispatch: WorkflowEvent = {
  name: 'workflow_dispatch',
  ref: 'refs/heads/main',
  repositoryUrl: 'https://github.com/vllm-project/aibrix',
  tag: undefined,
}
const context: InputContext = {
  event: dispatch,
  now: new Date('2025-11-23T23:59:59Z'),
  fileExists: (path) => ['./aibrix.git', 'plan.json'].includes(path),
  readFolder: () => undefined,
}

function read(given: Record<string, string> = {}, changed: Partial<InputContext> = {}) {
  const values: Record<string, string> = { ...actionDefaults(), ...given }
  return readInputs((name) => values[name] ?? '', { ...context, ...changed })
}

function complaint(given: Record<string, string>, changed: Partial<InputContext> = {}): string {
  try {
    read(given, changed)
  } catch (error) {
    if (error instanceof UserError) return error.message
    throw error
  }
  return ''
}

/** @returns selectors as they were understood: `vllm v0.10.2, !v0.9.1` */
function written({ engine, versions }: PlanRequest['engines'][number]): string {
  const shown = (selector: Selector) => (selector.kind === 'exact' ? selector.tag : selector.text)
  const left = versions.exclude.map((selector) => `!${shown(selector)}`)
  return `${engine} ${[...versions.include.map(shown), ...left].join(', ')}`
}

describe('the defaults of action.yml', () => {
  it('build both engines of the current release and push them', () => {
    const { plan, push, verify } = read()
    expect(plan.engines.map(written)).toEqual(['vllm default', 'sglang default'])
    expect([plan.aibrix.versions, plan.nixl].map(({ include }) => include.map(({ text }) => text))).toEqual([
      ['default'],
      ['default'],
    ])
    expect(plan.platforms).toEqual(['linux/amd64'])
    expect({ push, verify, date: plan.date }).toEqual({ push: true, verify: true, date: '20251123' })
    expect(plan.cacheRepository).toEqual({ registry: 'docker.io', path: 'aibrix/image-cache' })
  })
})

describe('versions', () => {
  it.each([
    ['vllm', 'v0.10.2', ['vllm v0.10.2']],
    ['vllm', '0.10.2', ['vllm v0.10.2']],
    ['sglang', 'v0.5.5.post3', ['sglang v0.5.5.post3']],
    ['sglang', 'sglang: v0.5.5.post3', ['sglang v0.5.5.post3']],
    ['vllm', 'v0.20.0-cu129', ['vllm v0.20.0-cu129']],
    ['vllm, sglang', 'vllm: v0.10.2\nsglang: v0.5.5.post3', ['vllm v0.10.2', 'sglang v0.5.5.post3']],
    ['vllm, sglang', 'vllm: v0.21.0, v0.20.0; sglang: v0.5.11', ['vllm v0.21.0, v0.20.0', 'sglang v0.5.11']],
    ['vllm, sglang', 'sglang:latest;vllm: ~0.10 ; ', ['vllm ~0.10', 'sglang latest']],
    [
      'vllm, sglang',
      'vllm: ~0.10; vllm: !v0.10.1\nsglang: latest',
      ['vllm ~0.10, !v0.10.1', 'sglang latest'],
    ],
    ['vllm', 'v0.10.2; v0.9.1', ['vllm v0.10.2, v0.9.1']],
    ['sglang vllm', 'default', ['vllm default', 'sglang default']],
    ['vllm, sglang', 'latest-2', ['vllm latest-2', 'sglang latest-2']],
    ['vllm', '>=0.10 <0.12, !v0.11.0', ['vllm >=0.10 <0.12, !v0.11.0']],
    ['vllm', 'v0.10.2\nv0.9.1', ['vllm v0.10.2, v0.9.1']],
    [
      'vllm, sglang',
      'vllm: ~0.10\nvllm: !v0.10.1\nsglang: latest',
      ['vllm ~0.10, !v0.10.1', 'sglang latest'],
    ],
  ])('reads engine "%s" with versions "%s"', (engine, versions, expected) => {
    expect(read({ engine, versions }).plan.engines.map(written)).toEqual(expected)
  })
})

describe('the tag of an event', () => {
  const release = {
    GITHUB_EVENT_NAME: 'release',
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_REPOSITORY: 'vllm-project/AIBrix',
    GITHUB_REF_TYPE: 'tag',
    GITHUB_REF_NAME: 'v0.8.0',
  }

  it.each<[string, NodeJS.ProcessEnv, Record<string, string>, string]>([
    ['a release of AIBrix', release, {}, 'v0.8.0'],
    ['a tag that is pushed', { ...release, GITHUB_EVENT_NAME: 'push' }, {}, 'v0.8.0'],
    ['a given version wins', release, { 'aibrix-version': 'v0.5.0' }, 'v0.5.0'],
    ['so does the default, if given', release, { 'aibrix-version': 'default' }, 'default'],
    [
      'another repository, with the default given',
      { ...release, GITHUB_REPOSITORY: 'me/else' },
      { 'aibrix-version': 'default' },
      'default',
    ],
    [
      'the same repository by ssh',
      release,
      { 'aibrix-repository': 'ssh://git@github.com/vllm-project/aibrix.git' },
      'v0.8.0',
    ],
    [
      'the same repository in the short form of ssh',
      release,
      { 'aibrix-repository': 'git@github.com:vllm-project/aibrix.git' },
      'v0.8.0',
    ],
    [
      'a server that sets the ref only',
      { ...release, GITHUB_REF: 'refs/tags/v0.8.0', GITHUB_REF_TYPE: undefined, GITHUB_REF_NAME: undefined },
      {},
      'v0.8.0',
    ],
    ['a schedule', { ...release, GITHUB_EVENT_NAME: 'schedule' }, {}, 'default'],
    ['a run by hand', { ...release, GITHUB_EVENT_NAME: 'workflow_dispatch' }, {}, 'default'],
    ['a branch', { ...release, GITHUB_REF_TYPE: 'branch', GITHUB_REF_NAME: 'main' }, {}, 'default'],
    [
      'a fork that builds itself',
      { ...release, GITHUB_REPOSITORY: 'me/aibrix' },
      { 'aibrix-repository': 'https://github.com/me/aibrix.git' },
      'v0.8.0',
    ],
    ['a tag that looks like a selector', { ...release, GITHUB_REF_NAME: 'latest' }, {}, 'latest'],
  ])('%s', (_, environment, given, expected) => {
    const [selector] = read(given, { event: workflowEvent(environment) }).plan.aibrix.versions.include
    expect(selector?.kind === 'exact' ? selector.tag : selector?.text).toBe(expected)
    expect(selector?.kind).toBe(expected === 'default' ? 'default' : 'exact')
  })

  it.each<[string, NodeJS.ProcessEnv, Record<string, string>, string]>([
    [
      'of a release elsewhere',
      { GITHUB_REPOSITORY: 'me/else' },
      {},
      'a release in https://github.com/me/else,',
    ],
    [
      'of a tag push elsewhere',
      { GITHUB_REPOSITORY: 'me/else', GITHUB_EVENT_NAME: 'push' },
      {},
      'a tag push in https://github.com/me/else,',
    ],
    ['of a fork', { GITHUB_REPOSITORY: 'me/aibrix' }, {}, 'a release in https://github.com/me/aibrix,'],
    [
      'on another server',
      { GITHUB_SERVER_URL: 'https://git.example' },
      {},
      'https://git.example/vllm-project/AIBrix,',
    ],
    ['for a plan', { GITHUB_REPOSITORY: 'me/else' }, { command: 'plan' }, 'me/else'],
  ])('%s is an error that names both repositories and the input to set', (_, environment, given, words) => {
    const said = complaint(given, { event: workflowEvent({ ...release, ...environment }) })
    expect(said).toContain(words)
    expect(said).toMatch(
      /^aibrix-version: no version on .* while aibrix-repository is https:\/\/github.com\/vllm-project\/aibrix,/,
    )
    expect(said).toMatch(/default; or set aibrix-repository to the repository of the tag/)
  })

  it.each([
    ['build', { leg: 'x', plan: 'plan.json' }],
    ['promote', { plan: 'plan.json' }],
  ])('is irrelevant to command: %s, which has a plan', (command, more) => {
    const event = workflowEvent({ ...release, GITHUB_REPOSITORY: 'me/else' })
    expect(complaint({ command, ...more }, { event })).toBe('')
  })
})

describe('commands', () => {
  const reference = `ghcr.io/me/image-cache:plan-${'a'.repeat(64)}`

  it.each<[Record<string, string>, unknown]>([
    [{}, { kind: 'run' }],
    [{ command: 'history' }, { kind: 'history' }],
    [{ command: 'list' }, { kind: 'list', where: { text: '', terms: [] } }],
    [
      { command: 'list', where: 'base=moved' },
      {
        kind: 'list',
        where: {
          text: 'base=moved',
          terms: [{ text: 'base=moved', operator: '=', kind: 'text', field: 'base', value: 'moved' }],
        },
      },
    ],
    [
      { command: 'plan', runners: 'linux/amd64: ubuntu-latest\nlinux/arm64: self-hosted, arm' },
      {
        kind: 'plan',
        runners: new Map<string, unknown>([
          ['linux/amd64', 'ubuntu-latest'],
          ['linux/arm64', ['self-hosted', 'arm']],
        ]),
      },
    ],
    [
      { command: 'plan', runners: 'linux/amd64: ubuntu-latest; linux/arm64: self-hosted, arm' },
      {
        kind: 'plan',
        runners: new Map<string, unknown>([
          ['linux/amd64', 'ubuntu-latest'],
          ['linux/arm64', ['self-hosted', 'arm']],
        ]),
      },
    ],
    [
      { command: 'build', plan: reference, leg: 'vllm-v0.10.2-amd64' },
      {
        kind: 'build',
        leg: 'vllm-v0.10.2-amd64',
        plan: {
          kind: 'registry',
          repository: { registry: 'ghcr.io', path: 'me/image-cache' },
          tag: `plan-${'a'.repeat(64)}`,
        },
      },
    ],
    [
      { command: 'promote', plan: 'plan.json' },
      { kind: 'promote', plan: { kind: 'file', path: 'plan.json' }, requireVerified: false },
    ],
  ])('%j', (given, expected) => {
    expect(read(given).command).toEqual(expected)
  })
})

describe('platforms', () => {
  it.each([
    ['linux/arm64, linux/amd64', ['linux/amd64', 'linux/arm64']],
    ['linux/arm64', ['linux/arm64']],
    ['linux/amd64\nlinux/amd64', ['linux/amd64']],
  ])('%j are %j', (platforms, expected) => {
    expect(read({ platforms }).plan.platforms).toEqual(expected)
  })
})

describe('bad inputs', () => {
  it.each([
    [{ engine: 'tgi' }, 'engine: "tgi" is not allowed; use vllm, sglang, or both.'],
    [{ engine: 'vllm', versions: 'newest' }, 'versions: "newest" is not allowed'],
    [{ engine: 'vllm', versions: '!v0.10.2' }, 'versions: "!v0.10.2" is not allowed'],
    [
      { command: 'deploy' },
      'command: "deploy" is not allowed; use run, plan, build, promote, list, tag, verify, prune or history.',
    ],
    [{ command: 'build', leg: 'x' }, 'plan: the input is empty; use the output "plan"'],
    [{ command: 'build', plan: 'ghcr.io/me/cache:latest', leg: 'x' }, 'plan: "ghcr.io/me/cache:latest"'],
    [{ command: 'build', plan: 'plan.json', leg: 'a b' }, 'leg: "a b"'],
    [{ command: 'promote', plan: 'plan.json', push: 'false' }, 'push: "false"'],
    [{ where: 'nixl=0.7.1' }, 'where: "nixl=0.7.1" is not allowed; use it only with command: list.'],
    [{ command: 'list', where: 'base=old' }, 'where: "base=old" is not allowed; use base= or base!= with'],
    [{ command: 'list', where: 'x nixl=new' }, 'where: "nixl=new" is not allowed; use a version such as'],
    [{ leg: 'x' }, 'leg: "x" is not allowed; use it only with command: build.'],
    [{ command: 'plan', runners: 'ubuntu-latest' }, 'runners: "ubuntu-latest"'],
    [
      { platforms: 'linux/riscv64' },
      'platforms: "linux/riscv64" is not allowed; use linux/amd64 or linux/arm64.',
    ],
    [{ platforms: '' }, 'platforms: the input is empty; use linux/amd64 or linux/arm64.'],
    [{ parallel: '0' }, 'parallel: "0" is not allowed; use a whole number from 1 to 64.'],
    [{ 'fail-fast': 'never' }, 'fail-fast: "never"'],
    [{ engine: 'vllm', versions: 'v0.12.0-1' }, 'versions: "v0.12.0-1" is not allowed'],
    [{ engine: 'vllm', versions: 'gateway-v0.3.1' }, 'versions: "gateway-v0.3.1"'],
    [{ versions: 'vllm: v0.10.2' }, 'versions: a value without a line for sglang is not allowed'],
    [
      { versions: 'vllm: v0.10.2, sglang: v0.5.11' },
      'versions: "vllm: v0.10.2, sglang: v0.5.11" is not allowed; use ";" between engines, not a comma',
    ],
    [{ versions: 'vllm: v0.10.2; v0.9.1' }, 'versions: "v0.9.1" is not allowed'],
    [{ versions: 'v0.10.2' }, 'or in one line "vllm: <versions>; sglang: <versions>"'],
    [{ versions: 'v0.10.2' }, 'a line for each engine: "vllm: <versions>" and "sglang: <versions>"'],
    [{ 'aibrix-version': '--upload-pack=x' }, 'aibrix-version: "--upload-pack=x"'],
    [{ 'aibrix-repository': './nowhere' }, 'aibrix-repository: "./nowhere"'],
    [{ 'aibrix-repository': 'ext::sh -c x' }, 'aibrix-repository:'],
    [{ 'aibrix-repository': 'ext::sh' }, 'aibrix-repository:'],
    [{ 'ucx-repository': 'C:\\ucx' }, 'ucx-repository:'],
    [{ 'ucx-repository': '-oProxyCommand=x:ucx' }, 'ucx-repository:'],
    [{ 'ucx-repository': 'file:///srv/ucx.git' }, 'ucx-repository:'],
    [{ 'nixl-version': 'main' }, 'nixl-version: "main"'],
    [{ 'ucx-version': '1.19.0' }, 'ucx-version: "1.19.0"'],
    [{ integration: 'patched' }, 'use auto, patch, module or none.'],
    [{ 'gpu-architectures': 'sm_90' }, 'gpu-architectures: "sm_90"'],
    [{ 'build-args': 'NIXL_VERSION=1' }, 'build-args: "NIXL_VERSION"'],
    [{ password: 'secret' }, 'username: the input is empty; use a user name with the password, or neither.'],
    [{ namespace: 'Aibrix' }, 'namespace: "Aibrix"'],
    [{ 'cache-repository': 'docker.io/UPPER' }, 'cache-repository: "docker.io/UPPER"'],
    [{ tags: '{{engine-version}}-{{torch}}' }, 'tags: "{{torch}}"'],
    [{ tags: 'a b' }, 'tags: "a b"'],
    [{ date: '2025-11-23' }, 'date: "2025-11-23"'],
    [{ verify: 'false', push: 'true' }, 'verify: "false"'],
    [{ 'allow-failed': 'no-such-gate=why' }, 'allow-failed: the gate "no-such-gate"'],
    [
      { 'allow-failed': 'pip_check=why' },
      'allow-failed: the gate "pip_check" is not allowed; use engine-version, torch-untouched, ',
    ],
    [
      { 'allow-failed': 'pip-check' },
      'allow-failed: "pip-check" is not allowed; use lines gate=<why>, where the gate is engine-version, ',
    ],
    [{ 'allow-failed': 'extension=' }, 'allow-failed: "extension" without a reason'],
    [{ 'added-bytes-limit': 'a lot' }, 'added-bytes-limit: "a lot"'],
    [{ 'skip-unchanged': '0' }, 'skip-unchanged: "0" is not allowed; use true or false.'],
    [{ unchanged: 'drop' }, 'unchanged: "drop" is not allowed; use keep or retag.'],
    [{ 'max-age': '30' }, 'max-age: "30"'],
    [{ 'max-age': '0d' }, 'max-age: "0d"'],
    [{ 'max-age': '1.5d' }, 'max-age: "1.5d"'],
    [{ 'max-age': '30d', 'build-args': 'A=1\nSOURCE_DATE_EPOCH=0' }, 'max-age: "30d" together with'],
    [{ 'ca-certificates': '/nowhere.pem' }, 'ca-certificates: "/nowhere.pem"'],
    [{ provenance: 'mode=max --push' }, 'provenance: "mode=max --push"'],
    [{ cache: 'gha' }, 'cache: "gha" is not allowed; use registry or off.'],
    [{ secrets: 'ca-certificates=x' }, 'secrets: line 1 (id ca-certificates)'],
  ])('%j is named with what to use instead', (given, expected) => {
    expect(complaint(given)).toContain(expected)
  })

  it('are reported together', () => {
    const message = complaint({ engine: 'tgi', date: 'today', push: 'maybe' })
    expect(message.split('\n').map((line) => line.split(':')[0])).toEqual(['push', 'engine', 'date'])
  })

  it.each([
    [{ 'aibrix-repository': 'https://me:canary@git.example/aibrix' }],
    [{ secrets: 'ok=1\ncanary-without-equals' }],
    [{ secrets: 'pem<<END\ncanary\n' }],
    [{ 'package-index': 'canary' }],
    [{ 'package-index': 'https://me:canary@one.example/simple\nhttps://two.example/simple' }],
    [{ password: 'canary' }],
    [{ 'aibrix-repository': 'ftp://me:canary@git.example/aibrix' }],
    [{ 'aibrix-repository': 'me:canary@git.example:aibrix' }],
    [{ 'ucx-repository': 'https://canary@git.example/ucx' }],
    [{ registry: 'https://me:canary@ghcr.io' }],
    [{ 'base-registry': 'me:canary@mirror.example' }],
    [{ 'cache-repository': 'https://me:canary@ghcr.io/x' }],
    [{ 'build-args': 'NOTHING\nhttps://me:canary@host' }],
    [{ 'build-args': 'PIP_EXTRA_INDEX_URL=https://me:canary@index.example/simple' }],
    [{ 'build-args': 'OPTIONS=--proxy http://me:canary@proxy.example:3128 -v' }],
    [{ 'build-args': 'MY_HTTP_PROXY=http://me:canary@proxy.example:3128' }],
    [{ 'allow-failed': 'pip-check=see https://me:canary@tickets.example/1' }],
    [{ provenance: 'mode=min,builder-id=https://me:canary@ci.example' }],
  ])('never show a secret: %j', (given) => {
    const message = complaint(given)
    expect(message).not.toBe('')
    expect(message).not.toContain('canary')
  })

  it('name an input that must not hold credentials, and where these belong', () => {
    expect(complaint({ 'build-args': 'A=https://me:canary@host/' })).toBe(
      'build-args: a URL with credentials (not shown) is not allowed; ' +
        'use a URL without them; the credentials of a build step go into "secrets" or "package-index".',
    )
  })
})

describe('a build secret that cannot be masked', () => {
  it.each([
    ['a word of every summary', 'true', {}],
    ['an engine', 'VLLM', {}],
    ['the namespace', 'my-team', { namespace: 'my-team' }],
    ['a part of an input that is shown', 'abcdef-1', { 'build-args': 'A=abcdef-1' }],
    ['a date', '20251123', {}],
    ['a part of a digest', 'beef01', {}],
    ['too short', 'x%9', {}],
    ['the password of an address', 'https://robot:true@git.example', {}],
  ])('is refused by its id: %s', (_, value, given) => {
    const message = complaint({ ...given, secrets: `my-id=${value}` })
    expect(message).toMatch(
      /^secrets: the value of "my-id", which is too short or too common to be masked, is not allowed/,
    )
    expect(message).not.toContain(`"${value}"`)
  })

  it('is not an empty one, as on a pull request, nor a user name', () => {
    expect(complaint({ secrets: 'my-id=' })).toBe('')
    expect(complaint({ secrets: 'my-id=robot-7-x', username: 'robot-7-x', password: 'robot-7-y' })).toBe('')
  })

  it('is an error for build secrets only, since not everybody can choose a password', () => {
    expect(complaint({ username: 'me', password: 'true' })).toBe('')
  })
})

describe('proxies in build-args', () => {
  const given = 'FTP_PROXY=http://me:canary/1@proxy:3128\nA=1\nhttps_proxy=http://proxy:3128\nNo_Proxy=a,b'

  it('do not decide the content of an image', () => {
    expect(read({ 'build-args': given }).plan.buildArguments).toEqual({ A: '1' })
    expect(read({ 'build-args': given }).proxies).toEqual({
      FTP_PROXY: 'http://me:canary/1@proxy:3128',
      https_proxy: 'http://proxy:3128',
      No_Proxy: 'a,b',
    })
  })
})

describe('the values that are shown', () => {
  it('hold no password of a proxy, which could not be masked then', () => {
    const { shown } = read({ 'build-args': 'A=1\nHTTP_PROXY=http://me:canary@proxy.example:3128' })
    expect(shown).toContain('A=1')
    expect(shown.join('\n')).not.toContain('canary')
  })
})

describe('a user name without a password, since pull requests get no secrets', () => {
  it('is no login if nothing is pushed', () => {
    expect(read({ username: 'me', push: 'false' }).login).toBeUndefined()
    const event = workflowEvent({ GITHUB_EVENT_NAME: 'pull_request', GITHUB_REF: 'refs/pull/7/merge' })
    expect(read({ username: 'me' }, { event }).login).toBeUndefined()
  })

  it('is an error if something is pushed, and so is a password without a user name', () => {
    expect(complaint({ username: 'me' })).toBe(
      'password: the input is empty; use a password or token with the user name, or neither (a secret that does not exist is empty).',
    )
    expect(complaint({ password: 'x', push: 'false' })).toContain('username: the input is empty')
  })
})

describe('one mistake', () => {
  it.each<Record<string, string>>([
    { engine: 'vlm', versions: 'vllm: v0.10.2\nsglang: v0.5.11' },
    { engine: 'vlm', versions: 'v0.10.2' },
    { command: 'bulid', plan: 'plan.json', leg: 'x' },
    { command: 'promote', plan: 'plan.json', push: 'yes' },
    { verify: 'false', push: 'no' },
    { 'build-args': 'A=1\nA=1' },
  ])('is reported once: %j', (given) => {
    expect(complaint(given).split('\n')).toHaveLength(1)
  })
})

describe('push: auto', () => {
  it.each([
    ['push', 'refs/heads/main', true],
    ['push', 'refs/heads/refs/pull/7/merge', true],
    ['schedule', 'refs/heads/main', true],
    ['', '', true],
    ['pull_request', 'refs/heads/main', false],
    ['pull_request', 'refs/pull/7/merge', false],
    ['pull_request_target', 'refs/heads/main', false],
    ['merge_group', 'refs/heads/gh-readonly-queue/main/pr-7-5240', false],
    ['pull_request_review', 'refs/pull/7/merge', false],
    ['pull_request_review_comment', 'refs/pull/7/merge', false],
  ])('on the event "%s" at "%s" is %s', (name, ref, expected) => {
    const environment = { GITHUB_EVENT_NAME: name, GITHUB_REF: ref }
    expect(read({}, { event: workflowEvent(environment) }).push).toBe(expected)
  })
})

describe('an existing image', () => {
  const of = (given: Record<string, string> = {}) => {
    const { force, rebuild, unchanged, maxAge } = read(given).plan
    return { force, rebuild, unchanged, maxAge }
  }

  it.each([
    [{}, false, false],
    [{ 'skip-unchanged': 'false' }, false, true],
    [{ force: 'true' }, true, true],
  ])('is rebuilt with %j: %s', (given, force, rebuild) => {
    expect(of(given)).toEqual({ force, rebuild, unchanged: 'keep', maxAge: undefined })
  })

  it.each([
    ['30d', '2025-10-24T23:59:59.000Z'],
    ['12h', '2025-11-23T11:59:59.000Z'],
    ['90m', '2025-11-23T22:29:59.000Z'],
    ['5s', '2025-11-23T23:59:54.000Z'],
    ['2w', '2025-11-09T23:59:59.000Z'],
  ])('is too old with max-age %s if it was built before %s', (text, before) => {
    expect(of({ 'max-age': text, unchanged: 'retag' })).toMatchObject({
      unchanged: 'retag',
      maxAge: { text, before: Date.parse(before) },
    })
  })
})

describe('sizes and lists', () => {
  it.each([
    ['100 MB', 100_000_000],
    ['64MiB', 67_108_864],
    ['12345', 12_345],
  ])('added-bytes-limit "%s" is %d bytes', (given, expected) => {
    expect(read({ 'added-bytes-limit': given }).addedBytesLimit).toBe(expected)
  })

  it('GPU architectures are sorted and unique', () => {
    expect(read({ 'gpu-architectures': '10.0, 9.0 8.9 9.0' }).plan.gpuArchitectures).toEqual([
      '8.9',
      '9.0',
      '10.0',
    ])
  })

  it('tags with a date come first', () => {
    const { templates } = read({ tags: 'latest\n{{engine-version}}-{{date}}' }).plan
    expect(templates.map(({ text }) => text)).toEqual(['{{engine-version}}-{{date}}', 'latest'])
  })

  it('a path on the runner is a repository', () => {
    expect(read({ 'aibrix-repository': './aibrix.git' }).plan.aibrix.repository).toEqual({
      kind: 'path',
      path: './aibrix.git',
    })
  })

  it.each([
    'git@git.example:team/aibrix.git',
    'alias:aibrix',
    'me@[::1]:/srv/aibrix',
    'git.example:~/aibrix',
  ])('%s is a repository by ssh', (url) => {
    expect(read({ 'aibrix-repository': url }).plan.aibrix.repository).toEqual({ kind: 'url', url })
  })
})
