import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { UserError } from '../../../src/errors.ts'
import type { InputContext } from '../../../src/inputs/context.ts'
import { readInputs } from '../../../src/inputs/inputs.ts'
import { actionDefaults } from '../../../script/action-defaults.ts'

const context: InputContext = {
  event: 'workflow_dispatch',
  now: new Date('2025-11-23T23:59:59Z'),
  machine: 'x64',
  fileExists: (path) => path === './aibrix.git',
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

describe('the defaults of action.yml', () => {
  it('build both engines of the current release and push them', () => {
    const { plan, push, verify } = read()
    expect(plan.engines).toEqual([
      { engine: 'vllm', version: 'default' },
      { engine: 'sglang', version: 'default' },
    ])
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
    ['sglang vllm', 'default', ['vllm default', 'sglang default']],
  ])('reads engine "%s" with versions "%s"', (engine, versions, expected) => {
    const { engines } = read({ engine, versions }).plan
    expect(
      engines.map((one) => `${one.engine} ${one.version === 'default' ? 'default' : one.version.tag}`),
    ).toEqual(expected)
  })
})

describe('bad inputs', () => {
  it.each([
    [{ engine: 'tgi' }, 'engine: "tgi" is not allowed; allowed: vllm, sglang, or both.'],
    [{ engine: 'vllm', versions: 'latest' }, 'versions: "latest" is not allowed'],
    [{ engine: 'vllm', versions: 'v0.12.0-1' }, 'versions: "v0.12.0-1" is not allowed'],
    [{ engine: 'vllm', versions: 'gateway-v0.3.1' }, 'versions: "gateway-v0.3.1"'],
    [{ versions: 'vllm: v0.10.2' }, 'versions: no line for sglang'],
    [{ versions: 'v0.10.2' }, 'a line for each engine: "vllm: <version>" and "sglang: <version>"'],
    [{ 'aibrix-version': '--upload-pack=x' }, 'aibrix-version: "--upload-pack=x"'],
    [{ 'aibrix-repository': './nowhere' }, 'aibrix-repository: "./nowhere"'],
    [{ 'aibrix-repository': 'ext::sh -c x' }, 'aibrix-repository:'],
    [{ 'nixl-version': '>=0.7' }, 'nixl-version: ">=0.7"'],
    [{ 'ucx-version': '1.19.0' }, 'ucx-version: "1.19.0"'],
    [{ integration: 'patched' }, 'allowed: auto, patch, module, none'],
    [{ 'gpu-architectures': 'sm_90' }, 'gpu-architectures: "sm_90"'],
    [{ 'build-args': 'NIXL_VERSION=1' }, 'build-args: "NIXL_VERSION"'],
    [{ username: 'me' }, 'password: nothing is not allowed'],
    [{ password: 'secret' }, 'username: nothing is not allowed'],
    [{ namespace: 'Aibrix' }, 'namespace: "Aibrix"'],
    [{ 'cache-repository': 'docker.io/UPPER' }, 'cache-repository: "docker.io/UPPER"'],
    [{ tags: '{{engine-version}}-{{torch}}' }, 'tags: "{{torch}}"'],
    [{ tags: 'a b' }, 'tags: "a b"'],
    [{ date: '2025-11-23' }, 'date: "2025-11-23"'],
    [{ verify: 'false', push: 'true' }, 'verify: "false"'],
    [{ 'allow-failed': 'no-such-gate=why' }, 'allow-failed: the gate "no-such-gate"'],
    [{ 'allow-failed': 'extension=' }, 'allow-failed: "extension" without a reason'],
    [{ 'added-bytes-limit': 'a lot' }, 'added-bytes-limit: "a lot"'],
    [{ 'ca-certificates': '/nowhere.pem' }, 'ca-certificates: "/nowhere.pem"'],
    [{ provenance: 'mode=max --push' }, 'provenance: "mode=max --push"'],
    [{ secrets: 'ca-certificates=x' }, 'secrets: line 1 (id ca-certificates)'],
  ])('%j is named with what is allowed', (given, expected) => {
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
    [{ password: 'canary' }],
  ])('never show a secret', (given) => {
    const message = complaint(given)
    expect(message).not.toBe('')
    expect(message).not.toContain('canary')
  })
})

describe('push: auto', () => {
  it.each([
    ['push', true],
    ['schedule', true],
    ['', true],
    ['pull_request', false],
    ['pull_request_target', false],
    ['merge_group', false],
  ])('on the event "%s" is %s', (event, expected) => {
    expect(read({}, { event }).push).toBe(expected)
  })
})

describe('secrets', () => {
  it('keep quotes, equal signs and several lines', () => {
    const secrets = 'token="a=b"\npem<<END\nline 1\n\nline "2"\nEND\nlast=x\n'
    expect([...read({ secrets }).secrets]).toEqual([
      ['token', '"a=b"'],
      ['pem', 'line 1\n\nline "2"'],
      ['last', 'x'],
    ])
  })

  it('of whatever text survive the form of several lines', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const value = text.replaceAll('\r', '')
        fc.pre(!value.split('\n').includes('END_OF_SECRET'))
        expect(read({ secrets: `id<<END_OF_SECRET\n${value}\nEND_OF_SECRET` }).secrets.get('id')).toBe(value)
      }),
    )
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

  it('a path on the runner is a source', () => {
    expect(read({ 'aibrix-repository': './aibrix.git' }).plan.aibrix.repository).toEqual({
      kind: 'path',
      path: './aibrix.git',
    })
  })
})
