import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { readInputs } from '../../../src/inputs/inputs.ts'
import type { PlanRequest } from '../../../src/plan/request.ts'
import { parseRepository } from '../../../src/registry/content/reference.ts'
import { actionDefaults } from '../../../script/action-defaults.ts'

function read(given: Record<string, string>): PlanRequest {
  const values: Record<string, string> = { ...actionDefaults(), ...given }
  const event = { name: 'workflow_dispatch', ref: 'refs/heads/main', repositoryUrl: '', tag: undefined }
  return readInputs((name) => values[name] ?? '', {
    event,
    now: new Date(),
    fileExists: () => false,
    readFolder: () => undefined,
  }).plan
}

describe('a registry has one name', () => {
  it.each([
    ['docker.io', 'docker.io'],
    ['index.docker.io', 'docker.io'],
    ['registry-1.docker.io', 'docker.io'],
    ['Docker.IO', 'docker.io'],
    ['docker.io/', 'docker.io'],
    ['docker.io.', 'docker.io'],
    ['INDEX.docker.io./', 'docker.io'],
    ['https://index.docker.io/v1/', 'docker.io'],
    ['registry.hub.docker.com', 'docker.io'],
    ['docker.io:443', 'docker.io'],
    ['GHCR.io', 'ghcr.io'],
    ['ghcr.io/', 'ghcr.io'],
    ['https://ghcr.io', 'ghcr.io'],
    ['Harbor.Example.COM.:8443/', 'harbor.example.com:8443'],
    ['LOCALHOST:5000', 'localhost:5000'],
    ['localhost', 'localhost'],
    ['[::1]:5000', '[::1]:5000'],
    ['[FD00::A]', '[fd00::a]'],
    ['harbor:443', 'harbor:443'],
  ])('written as %s', (written, name) => {
    const { registry, cacheRepository, baseRegistry } = read({ registry: written, 'base-registry': written })
    expect(registry).toBe(name)
    expect(cacheRepository).toEqual({ registry: name, path: 'aibrix/image-cache' })
    expect(baseRegistry).toBe(name)
  })

  it.each([
    ['ghcr.io./aibrix/cache', 'ghcr.io'],
    ['GHCR.IO/aibrix/cache', 'ghcr.io'],
    ['registry-1.docker.io/aibrix/cache', 'docker.io'],
    ['aibrix/cache', 'docker.io'],
  ])('in cache-repository, too: %s', (written, registry) => {
    const { cacheRepository } = read({ registry: 'quay.io', 'cache-repository': written })
    expect(cacheRepository).toEqual({ registry, path: 'aibrix/cache' })
  })

  it('also with a path after it', () => {
    expect(read({ 'base-registry': 'https://Mirror.example.com./hub/' }).baseRegistry).toBe(
      'mirror.example.com/hub',
    )
    expect(read({ 'base-registry': '[::1]:5000/my--mirror' }).baseRegistry).toBe('[::1]:5000/my--mirror')
  })
})

describe('a name that Docker would read differently is refused with the form to use', () => {
  it.each<[Record<string, string>, string]>([
    [
      { registry: 'harbor' },
      'registry: "harbor" is not allowed; use a host with its port, as in harbor:443; Docker reads this one as part of a path.',
    ],
    [{ registry: 'Harbor/' }, 'as in harbor:443'],
    [
      { 'base-registry': 'mirror' },
      'base-registry: "mirror" is not allowed; use a host with its port, as in mirror:443; Docker reads this one as part of a path.',
    ],
    [{ 'base-registry': 'mirror/hub' }, 'as in mirror:443/hub'],
    [{ 'cache-repository': 'harbor/aibrix/image-cache' }, 'as in harbor:443/aibrix/image-cache'],
    [{ registry: 'harbor:443', 'cache-repository': 'harbor/cache' }, 'as in harbor:443/cache'],
    [
      { namespace: 'ghcr.io/aibrix' },
      'namespace: "ghcr.io/aibrix" is not allowed; use the path without the host: registry: ghcr.io and namespace: aibrix.',
    ],
    [{ registry: 'quay.io', namespace: 'quay.io/aibrix' }, 'registry: quay.io and namespace: aibrix'],
    [
      { registry: 'quay.io', namespace: '127.0.0.1:5000/aibrix/x' },
      'registry: 127.0.0.1:5000 and namespace: aibrix/x',
    ],
    [{ namespace: 'localhost/aibrix' }, 'registry: localhost and namespace: aibrix'],
    [{ namespace: 'quay.io' }, 'registry: quay.io and namespace: its own name'],
    [{ registry: 'ghcr.io/aibrix' }, 'use a host with an optional port'],
    [{ registry: 'http://ghcr.io' }, 'use a host with an optional port'],
    [{ 'base-registry': 'ghcr.io/a//b' }, 'use a path after the host of lower-case letters'],
    [{ 'base-registry': '' }, 'base-registry: the input is empty'],
  ])('%j', (given, message) => {
    expect(() => read(given)).toThrow(message)
  })
})

describe('a namespace', () => {
  it.each(['my--team', 'my__team', 'a---b', 'a_b.c-d', 'a/b--c/d__e', '0', 'v1.2/x'])(
    'may be %s',
    (namespace) => {
      const { cacheRepository } = read({ namespace, registry: 'quay.io' })
      expect(cacheRepository.path).toBe(`${namespace}/image-cache`)
    },
  )

  it.each(['', 'Team', 'a___b', 'a..b', '-a', 'a-', 'a/', '/a', 'a//b', 'a._b', 'a b'])(
    'may not be "%s"',
    (namespace) => {
      expect(() => read({ namespace })).toThrow('namespace: ')
    },
  )

  it('is valid if a reference with it is', () => {
    const text = fc
      .array(fc.constantFrom('a', '0', '-', '--', '_', '__', '.', '/'), { maxLength: 8 })
      .map((parts) => parts.join(''))
    const passes = (work: () => unknown): boolean => {
      try {
        work()
        return true
      } catch {
        return false
      }
    }
    fc.assert(
      fc.property(text, (namespace) => {
        expect(passes(() => read({ namespace, registry: 'quay.io' }))).toBe(
          passes(() => parseRepository(`quay.io/${namespace}`)),
        )
      }),
    )
  })
})
