import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { UserError } from '../../../src/errors.ts'
import { isDenied, RegistryRefusal } from '../../../src/registry/http/failure.ts'
import { refusalOf, registryMessage } from '../../../src/registry/http/refusal.ts'
import { networkFailure, NoAnswer } from '../../../src/registry/http/no-answer.ts'

const own = { kind: 'password', username: 'me', password: 'p', inputs: 'username and password' } as const
const purpose = { registry: 'docker.io', action: 'the pull of aibrix/x' }
const coded = (code: string, message = 'a message') => Object.assign(new Error(message), { code })

it.each([
  ['ENOTFOUND', 'unknown host'],
  ['EAI_AGAIN', 'unknown host'],
  ['ECONNREFUSED', 'connection refused'],
  ['ECONNRESET', 'closed before the answer was complete'],
  ['ETIMEDOUT', 'timeout while connecting'],
  [
    'SELF_SIGNED_CERT_IN_CHAIN',
    'certificate is of an unknown authority; add its authority with ca-certificates',
  ],
  ['CERT_HAS_EXPIRED', 'expired'],
  ['EPROTO', 'does not speak https'],
  ['HPE_INVALID_CONSTANT', 'does not speak http'],
  ['ESOMETHING', 'a message'],
])('the network error %s reads "%s"', (code, expected) => {
  const { message } = networkFailure(purpose, 'docker.io', coded(code))
  expect(message).toContain('no answer from registry docker.io to the pull of aibrix/x: ')
  expect(message).toContain(expected)
})

it('distinguishes a refusing proxy from a refusing registry', () => {
  const error = coded('ECONNRESET', 'tunneling socket could not be established, statusCode=403')
  expect(networkFailure(purpose, 'docker.io', error).message).toContain(
    'the proxy refused the connection (statusCode=403)',
  )
})

it.each([
  ['tunneling socket could not be established, statusCode=502', 502],
  ['tunneling socket could not be established, cause=connect ECONNREFUSED 127.0.0.1:1', undefined],
  ['socket hang up', undefined],
])('the proxy status in "%s" is %s', (message, status) => {
  const error = networkFailure(purpose, 'docker.io', coded('ECONNRESET', message))
  expect(error).toBeInstanceOf(NoAnswer)
  expect(error).toMatchObject({ code: 'ECONNRESET', proxyStatus: status })
})

const date = 'Wed, 21 Oct 2015 07:28:00 GMT'

it.each([
  [{ 'retry-after': '120' }, 120],
  [{ 'retry-after': ' 0 ' }, 0],
  [{ 'retry-after': 'Wed, 21 Oct 2015 07:28:30 GMT', date }, 30],
  [{ 'retry-after': 'Wed, 21 Oct 2015 07:27:00 GMT', date }, 0],
  [{ 'retry-after': 'Wed, 21 Oct 2015 07:28:30 GMT' }, undefined],
  [{ 'retry-after': 'soon', date }, undefined],
  [{ 'retry-after': '-5', date }, undefined],
  [{ 'retry-after': '99999999999999' }, undefined],
  [{}, undefined],
])('%j asks for a delay of %s s', (headers, seconds) => {
  const error = refusalOf(purpose, { status: 429, body: Buffer.alloc(0), headers }, own)
  expect(error.retryAfter).toBe(seconds)
  expect(error.message).toContain(
    seconds === undefined
      ? 'its rate limit is reached, try later.'
      : `try again in ${seconds} s, as it asks.`,
  )
})

it('a network error names the host of the request if it is not the registry', () => {
  expect(networkFailure(purpose, 'auth.docker.io', coded('ENOTFOUND')).message).toContain(
    'registry docker.io (at auth.docker.io)',
  )
})

it.each([
  [401, true],
  [403, true],
  [404, true],
  [405, true],
  [400, false],
  [429, false],
  [500, false],
  [503, false],
])('a refusal with %i has its status and is a denial: %s', (status, expected) => {
  const body = Buffer.from('{"errors":[{"code":"DENIED","message":"no"}]}')
  const error = refusalOf(purpose, { status, body, headers: {} }, own)
  expect(error).toBeInstanceOf(UserError)
  expect(error).toBeInstanceOf(RegistryRefusal)
  expect([error.status, error.code]).toEqual([status, 'DENIED'])
  expect(isDenied(error)).toBe(expected)
})

it.each([
  ['no answer', networkFailure(purpose, 'docker.io', coded('ECONNREFUSED'))],
  ['another error', new UserError('registry docker.io refused it: 403 forbidden.')],
  ['no error', undefined],
])('%s is not a denial', (_, error) => {
  expect(isDenied(error)).toBe(false)
})

it.each([
  ['{"errors":[{"message":"no"}]}', undefined],
  ['{"details":"no"}', undefined],
  ['no JSON', undefined],
  ['{"errors":[{"code":"A"},{"code":"B"}]}', 'A'],
])('the error code in %s is %s', (body, expected) => {
  expect(refusalOf(purpose, { status: 404, body: Buffer.from(body), headers: {} }, own).code).toBe(expected)
})

it.each<[Parameters<typeof refusalOf>[2], string]>([
  [own, '; check username and password, and the permissions of that user.'],
  [{ ...own, inputs: 'mirror-credentials' }, '; check mirror-credentials, and the permissions of that user.'],
  [
    { kind: 'password', username: 'me', password: 'p' },
    '; check the docker login for it, and the permissions of that user.',
  ],
  [
    { kind: 'identity-token', token: 't' },
    '; check the docker login for it, and the permissions of that user.',
  ],
  [
    undefined,
    '; there are no credentials for it: run docker login before this step, or set username and password if it is the registry of the input registry, mirror-credentials if it is that of a mirror.',
  ],
])('a denial says which login to check: %j', (credentials, expected) => {
  for (const status of [401, 403]) {
    const { message } = refusalOf(purpose, { status, body: Buffer.alloc(0), headers: {} }, credentials)
    expect(message.slice(message.indexOf(';'))).toBe(expected)
  }
})

it('the message of a registry is one short line without control characters, for any answer', () => {
  const message = fc.string({ unit: 'binary', maxLength: 2000 })
  fc.assert(
    fc.property(message, (text) => {
      const shown = registryMessage(Buffer.from(JSON.stringify({ errors: [{ code: '', message: text }] })))
      expect(shown ?? '').not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
      expect((shown ?? '').length).toBeLessThanOrEqual(200)
    }),
  )
  fc.assert(
    fc.property(fc.json(), (json) => {
      const shown = registryMessage(Buffer.from(json))
      expect(shown === undefined || typeof shown === 'string').toBe(true)
    }),
  )
})
