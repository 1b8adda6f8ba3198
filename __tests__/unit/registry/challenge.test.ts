import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { parseChallenges } from '../../../src/registry/auth/challenge.ts'

const bearer = (realm: string, service?: string, scope?: string) => ({
  scheme: 'bearer',
  realm,
  service,
  scope,
})

describe('parseChallenges', () => {
  it.each([
    ['Basic realm="basic-realm"', [{ scheme: 'basic' }]],
    ['basic', [{ scheme: 'basic' }]],
    [
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"',
      [bearer('https://auth.docker.io/token', 'registry.docker.io', 'repository:a/b:pull,push')],
    ],
    ['BEARER Realm = "https://a/" , service=plain', [bearer('https://a/', 'plain')]],
    ['Bearer realm="https://a/?x=\\"y\\""', [bearer('https://a/?x="y"')]],
    [
      'Bearer realm="https://a/",scope="x, Basic realm=y", Basic realm="z"',
      [bearer('https://a/', undefined, 'x, Basic realm=y'), { scheme: 'basic' }],
    ],
    ['Negotiate, Basic realm="z"', [{ scheme: 'basic' }]],
    ['Bearer service="no realm"', []],
    ['realm="without a scheme"', []],
    ['Bearer realm="unterminated', [bearer('')]],
    ['', []],
    ['"', []],
  ])('reads %s', (header, expected) => {
    expect(parseChallenges(header)).toEqual(expected)
  })

  it('handles any text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('Basic', 'Bearer', 'realm', '=', '"', ',', '\\', ' ', '\t') }),
        (header) => {
          expect(Array.isArray(parseChallenges(header))).toBe(true)
        },
      ),
    )
  })
})
