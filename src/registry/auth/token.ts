import * as v from 'valibot'
import { UserError } from '../../errors.ts'
import type { Challenge } from './challenge.ts'
import type { Credentials } from './credentials.ts'
import type { Purpose } from '../http/failure.ts'
import { refusalOf } from '../http/refusal.ts'
import { parsedJson } from '../content/json.ts'
import { redirectOf } from '../../system/index.ts'
import { follow, maximumRedirects } from '../http/redirect.ts'
import { apiOrigin, isLoopback } from '../content/reference.ts'
import { type HttpAnswer, isSuccess } from '../http/answer.ts'
import type { HttpRequest, Transport } from '../http/transport.ts'
import { excerpt } from '../../text.ts'

/** `repository:aibrix/vllm-openai:pull,push` (distribution, docs/spec/auth/scope.md) */
export type Scope = `repository:${string}:${'pull' | 'pull,push' | 'pull,push,delete'}`

type BearerChallenge = Extract<Challenge, { scheme: 'bearer' }>

/** An Authorization header and its lifetime in seconds. */
export type Authorization = { header: string; lifetime: number }

/** Bytes; tokens of real registries have up to 10 kB. */
const tokenLimit = 256 * 1024
/** Seconds, if a token service states no lifetime (distribution, docs/spec/auth/token.md) */
const defaultLifetime = 60

const tokenAnswer = v.object({
  token: v.nullish(v.string(), ''),
  access_token: v.nullish(v.string(), ''),
  expires_in: v.nullish(v.number(), defaultLifetime),
})

/**
 * @returns the answer to a challenge; undefined if it requires credentials and there are none
 * @throws UserError if the token service refuses, or must not get credentials
 */
export async function authorize(
  transport: Transport,
  purpose: Purpose,
  scopes: readonly Scope[],
  challenge: Challenge,
  own: Credentials | undefined,
): Promise<Authorization | undefined> {
  if (challenge.scheme === 'bearer')
    return own?.kind === 'registry-token'
      ? { header: `Bearer ${own.token}`, lifetime: Infinity }
      : fetchToken(transport, purpose, scopes, challenge, own)
  if (own === undefined) return undefined
  const pair = own.kind === 'password' ? own : own.kind === 'identity-token' ? own.basic : undefined
  if (pair === undefined) {
    const what = own.kind === 'identity-token' ? 'an identity token' : 'a token'
    throw new UserError(
      `registry ${purpose.registry} requires a password for ${purpose.action}, but Docker's configuration has ${what}; log in with a user name and password.`,
    )
  }
  return { header: basic(pair.username, pair.password), lifetime: Infinity }
}

function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}

type TokenRequest = Pick<HttpRequest, 'url' | 'purpose'> & {
  service: string | undefined
  scopes: readonly string[]
}

async function fetchToken(
  transport: Transport,
  purpose: Purpose,
  scopes: readonly Scope[],
  challenge: BearerChallenge,
  own: Exclude<Credentials, { kind: 'registry-token' }> | undefined,
): Promise<Authorization> {
  const url = realmOf(purpose.registry, challenge)
  const { service, scope } = challenge
  const wanted = scopes.length > 0 || scope === undefined ? scopes : [scope]
  const request = { url, purpose, service, scopes: wanted }
  const answer = await sendWithin(
    transport,
    own?.kind === 'identity-token' ? refreshRequest(request, own.token) : tokenRequest(request, own),
  )
  const body = await answer.read(tokenLimit)
  if (!isSuccess(answer)) {
    const secrets = own === undefined ? [] : own.kind === 'password' ? [own.password] : [own.token]
    const { status, headers } = answer
    throw refusalOf(purpose, { status, body, headers }, own, secrets)
  }
  const title = `the answer of the token service ${url.host}`
  const { token, access_token, expires_in } = parsedJson(tokenAnswer, body, title)
  // Docker prefers this one if they differ; either may be empty.
  const text = access_token || token
  if (!/^[\x21-\x7e]+$/.test(text)) throw new UserError(`${title} holds no token.`)
  return { header: `Bearer ${text}`, lifetime: expires_in > 0 ? expires_in : defaultLifetime }
}

function realmOf(registry: string, { realm }: BearerChallenge): URL {
  const url = URL.canParse(realm) ? new URL(realm) : undefined
  const isLocal = url?.protocol === 'http:' && isLoopback(url) && isLoopback(new URL(apiOrigin(registry)))
  // A password in the address would become an Authorization header.
  if (url?.username !== '' || url.password !== '' || !(url.protocol === 'https:' || isLocal)) {
    throw new UserError(
      `registry ${registry} names a token service that is not https; credentials are not sent there.`,
    )
  }
  return url
}

/**
 * Follows redirects within the token service. Another host would be a third party and gets nothing.
 * @throws UserError for a redirect to another origin, or too many redirects
 */
async function sendWithin(transport: Transport, request: HttpRequest): Promise<HttpAnswer> {
  const { purpose, url: service } = request
  const name = `the token service ${service.host} of registry ${purpose.registry}`
  let next = request
  for (let hop = 0; hop <= maximumRedirects; hop++) {
    const answer = await transport.send(next)
    const location = redirectOf(answer)
    if (location === undefined) return answer
    answer.discard()
    const url = follow(purpose, next.url, location)
    if (url.origin !== service.origin)
      throw new UserError(
        `${name} redirects (${answer.status}) to another host, ${excerpt(url.host)}, which gets no credentials; ask its operator.`,
      )
    // As in browsers and Go, only these two repeat the request (RFC 9110, 15.4).
    const isRepeated = next.method === 'GET' || [307, 308].includes(answer.status)
    next = isRepeated ? { ...next, url } : { method: 'GET', url, headers: {}, timeout: next.timeout, purpose }
  }
  throw new UserError(`${name} redirects more than ${maximumRedirects} times; ask its operator.`)
}

/** As in distribution, docs/spec/auth/token.md */
function tokenRequest(
  { url: realm, purpose, service, scopes }: TokenRequest,
  own: { username: string; password: string } | undefined,
): HttpRequest {
  const url = new URL(realm)
  if (service !== undefined) url.searchParams.set('service', service)
  for (const scope of scopes) url.searchParams.append('scope', scope)
  const headers = own === undefined ? {} : { authorization: basic(own.username, own.password) }
  return { method: 'GET', url, headers, timeout: 'request', purpose }
}

/** As in distribution, docs/spec/auth/oauth.md */
function refreshRequest({ url, purpose, service, scopes }: TokenRequest, token: string): HttpRequest {
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: 'aibrix-image-action',
    refresh_token: token,
    service: service ?? '',
    scope: scopes.join(' '),
  })
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  return { method: 'POST', url, headers, body: Buffer.from(form.toString()), timeout: 'request', purpose }
}
