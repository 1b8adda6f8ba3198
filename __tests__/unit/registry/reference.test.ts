import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { UserError } from '../../../src/errors.ts'
import {
  apiOrigin,
  familiarReference,
  formatReference,
  isLoopback,
  parseReference,
  parseRegistry,
  parseRepository,
  requestedRepository,
} from '../../../src/registry/content/reference.ts'

const digest = `sha256:${'0123456789abcdef'.repeat(4)}` as const

describe('parseReference', () => {
  it.each([
    ['aibrix/vllm-openai', 'docker.io', 'aibrix/vllm-openai'],
    ['debian', 'docker.io', 'library/debian'],
    ['docker.io/debian', 'docker.io', 'library/debian'],
    ['index.docker.io/aibrix/x', 'docker.io', 'aibrix/x'],
    ['registry-1.docker.io/library/debian', 'docker.io', 'library/debian'],
    ['ghcr.io/aibrix/x', 'ghcr.io', 'aibrix/x'],
    ['GHCR.io/aibrix/x', 'ghcr.io', 'aibrix/x'],
    ['ghcr.io/x', 'ghcr.io', 'x'],
    ['localhost/x', 'localhost', 'x'],
    ['127.0.0.1:5000/aibrix/x', '127.0.0.1:5000', 'aibrix/x'],
    ['[::1]:5000/a/b/c', '[::1]:5000', 'a/b/c'],
    ['a__b/c.d/e---f_g', 'docker.io', 'a__b/c.d/e---f_g'],
  ])('reads %s as %s and %s', (text, registry, path) => {
    expect(parseReference(text)).toEqual({ registry, path })
    expect(parseReference(`${text}:v1`)).toEqual({ registry, path, tag: 'v1' })
    expect(parseReference(`${text}@${digest}`)).toEqual({ registry, path, digest })
    expect(parseReference(`${text}:v1@${digest}`)).toEqual({ registry, path, tag: 'v1', digest })
  })

  it('uses the default registry for a name without one', () => {
    expect(parseRepository('aibrix/x', 'ghcr.io')).toEqual({ registry: 'ghcr.io', path: 'aibrix/x' })
    expect(parseRepository('x', '127.0.0.1:5000')).toEqual({ registry: '127.0.0.1:5000', path: 'x' })
    expect(parseRepository('quay.io/x', 'ghcr.io')).toEqual({ registry: 'quay.io', path: 'x' })
  })

  it.each([
    '',
    ':tag',
    '/',
    'a/',
    '/a',
    'a//b',
    'Aibrix',
    'aibrix/X',
    'a..b',
    'a___b',
    '-a',
    'a-',
    'a b',
    'a\n',
    'x:',
    'x:.tag',
    'x:-tag',
    `x:${'t'.repeat(129)}`,
    'x:a/b',
    'x@sha256:abc',
    `x@sha256:${'A'.repeat(64)}`,
    `x@sha512:${'a'.repeat(128)}`,
    `x@${digest}@${digest}`,
    'https://ghcr.io/x',
    'user:password@ghcr.io/x',
    'ghcr..io/x',
    '999.0.0.1/x',
    'host:99999/x',
    'ghcr.io/../x',
    'ghcr.io/a%2fb',
    'ghcr.io/a?b',
    `a/${'b'.repeat(256)}`,
    `ghcr.io/${'a/'.repeat(5000)}!`,
  ])('refuses %j', (text) => {
    expect(() => parseReference(text)).toThrow(UserError)
  })

  it('parses every formatted reference to the same reference', () => {
    const word = fc.stringMatching(/^[a-z0-9]{1,8}$/)
    const component = fc
      .tuple(word, fc.array(fc.tuple(fc.constantFrom('.', '_', '__', '-', '---'), word), { maxLength: 3 }))
      .map(([first, rest]) => first + rest.map((pair) => pair.join('')).join(''))
    const reference = fc.record(
      {
        registry: fc.constantFrom('docker.io', 'ghcr.io', 'localhost', 'localhost:5000', '[::1]:5000'),
        path: fc.array(component, { minLength: 2, maxLength: 4 }).map((parts) => `ns/${parts.join('/')}`),
        tag: fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/),
        digest: fc.stringMatching(/^[0-9a-f]{64}$/).map((hex) => `sha256:${hex}` as const),
      },
      { requiredKeys: ['registry', 'path'] },
    )
    fc.assert(
      fc.property(reference, (value) => {
        expect(parseReference(formatReference(value))).toEqual({ ...value })
        expect(parseReference(familiarReference(value))).toEqual({ ...value })
      }),
    )
  })

  it('returns a safe request path or throws one sentence, for any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z.:/@\-_[\]]{1,40}$/)), (text) => {
        try {
          const { registry, path } = parseReference(text)
          expect(new URL(`https://${registry}`).pathname).toBe('/')
          expect(new URL(`/v2/${path}/x`, 'https://host').pathname).toBe(`/v2/${path}/x`)
        } catch (error) {
          expect(error).toBeInstanceOf(UserError)
        }
      }),
    )
  })
})

it.each([
  ['docker.io/library/debian:12', 'debian:12'],
  ['docker.io/aibrix/x:1', 'aibrix/x:1'],
  ['docker.io/library/a/b', 'library/a/b'],
  ['ghcr.io/aibrix/x', 'ghcr.io/aibrix/x'],
])('%s is written %s for a user', (full, familiar) => {
  expect(familiarReference(parseReference(full))).toBe(familiar)
  expect(formatReference(parseReference(familiar))).toBe(full)
})

it.each([
  ['docker.io', 'https://registry-1.docker.io'],
  ['ghcr.io', 'https://ghcr.io'],
  ['ghcr.io:443', 'https://ghcr.io'],
  ['127.0.0.1:5000', 'http://127.0.0.1:5000'],
  ['127.0.0.1:443', 'http://127.0.0.1:443'],
  ['127.1:5000', 'http://127.0.0.1:5000'],
  ['localhost', 'http://localhost'],
  ['[::1]:5000', 'http://[::1]:5000'],
  ['[0:0:0:0:0:0:0:1]:5000', 'http://[::1]:5000'],
  ['localhost.evil.example', 'https://localhost.evil.example'],
  ['127.0.0.1.evil.example', 'https://127.0.0.1.evil.example'],
  ['10.0.0.1:5000', 'https://10.0.0.1:5000'],
])('the API of %s is %s', (registry, origin) => {
  expect(apiOrigin(parseRegistry(registry))).toBe(origin)
})

it.each([
  ['ghcr.io:443/a/b', 'ghcr.io/a/b', true],
  ['index.docker.io:443/a/b', 'a/b', true],
  ['localhost:5000/a', '127.0.0.1:5000/a', true],
  ['[::1]:5000/a', '127.1:5000/a', true],
  ['localhost:80/a', '127.0.0.1/a', true],
  ['localhost:443/a', '127.0.0.1/a', false],
  ['localhost:5000/a', 'localhost:5001/a', false],
  ['127.0.0.2:5000/a', '127.0.0.1:5000/a', false],
  ['ghcr.io:444/a/b', 'ghcr.io/a/b', false],
  ['ghcr.io/a/b', 'ghcr.io/a/c', false],
  ['localhost.evil.example/a', '127.0.0.1/a', false],
])('%s is the same repository as %s: %s', (one, other, expected) => {
  const [first, second] = [one, other].map((text) => requestedRepository(parseRepository(text)))
  expect(first === second).toBe(expected)
})

it.each([
  ['http://127.0.0.1/', true],
  ['http://127.255.3.4:80/', true],
  ['http://[::1]/', true],
  ['http://LOCALHOST/', true],
  ['http://127.evil.example/', false],
  ['http://128.0.0.1/', false],
  ['http://0.0.0.0/', false],
])('%s is this machine: %s', (url, expected) => {
  expect(isLoopback(new URL(url))).toBe(expected)
})
