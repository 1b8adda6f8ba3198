import { describe, expect, it } from '@jest/globals'
import { hasCredentials, withoutUserInformation } from '../../../src/registry/auth/user-information.ts'

describe('a credential in an address', () => {
  it.each([
    ['https://me:canary@host/path', 'https://***@host/path'],
    ['https://canary@host/path', 'https://***@host/path'],
    ['https://:canary@host', 'https://***@host'],
    ['https:/me:canary@host/path', 'https:/***@host/path'],
    ['me:canary@proxy:3128', '***@proxy:3128'],
    ['https://host/a.git?private_token=canary', 'https://host/a.git?private_token=***'],
    ['https://host/a?b=c&X-Amz-Signature=canary&d=e', 'https://host/a?b=c&X-Amz-Signature=***&d=e'],
    ['PROXY=me:canary@proxy', 'PROXY=***@proxy'],
    ['http://me:can@ary@proxy:3128', 'http://***@proxy:3128'],
    ['http://me:can/ary@proxy:3128', 'http://***@proxy:3128'],
    ['ssh://git:canary@host/path', 'ssh://***@host/path'],
    [
      '--extra-index-url https://me:canary@host/simple --no-deps',
      '--extra-index-url https://***@host/simple --no-deps',
    ],
    ['a @ git+https://canary@host/a.git@v1', 'a @ git+https://***@host/a.git@v1'],
    ['["https://me:canary@one","SOCKS5H://me:canary@two"]', '["https://***@one","SOCKS5H://***@two"]'],
  ])('in %s is found and not shown', (text, shown) => {
    expect(hasCredentials(text)).toBe(true)
    expect(withoutUserInformation(text)).toBe(shown)
  })

  it.each([
    'https://host:8443/path',
    'https://host/path?tokens=5&path=token',
    'https://host:8443/@scope/package',
    'https://github.com/org/repository@v1',
    'git@github.com:org/repository.git',
    'docker.io/org/image:v1@sha256:0123',
    'mail me@host, then see https://host/',
    '-O2 -DNAME="a:b"',
  ])('is not found in %s', (text) => {
    expect(hasCredentials(text)).toBe(false)
    expect(withoutUserInformation(text)).toBe(text)
  })

  it('is not the user name of ssh', () => {
    expect(hasCredentials('ssh://git@host/path')).toBe(false)
    expect(hasCredentials('git+ssh://git@host/path')).toBe(false)
  })

  it('without a scheme is not shown', () => {
    expect(withoutUserInformation('robot:canary@host:path')).toBe('***@host:path')
  })
})
