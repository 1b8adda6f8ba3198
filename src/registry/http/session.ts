import type { OutgoingHttpHeaders } from 'node:http'
import { UserError } from '../../errors.ts'
import { redirectOf } from '../../system/index.ts'
import type { Authenticator } from '../auth/auth.ts'
import { type HttpAnswer, isSuccess } from './answer.ts'
import type { RegistryRefusal } from './failure.ts'
import { NoAnswer } from './no-answer.ts'
import { createSlots, type Slots } from './slots.ts'
import { follow, maximumRedirects } from './redirect.ts'
import { refusalOf } from './refusal.ts'
import { apiOrigin, type Repository } from '../content/reference.ts'
import type { Scope } from '../auth/token.ts'
import { type HttpRequest, isRepeatable, type Transport } from './transport.ts'

/** A request to the registry of `purpose`; `url` is absolute, or a path on the registry's API. */
export type RegistryRequest = Omit<HttpRequest, 'url' | 'headers' | 'timeout'> & {
  url: URL | string
  scopes: readonly Scope[]
  headers?: OutgoingHttpHeaders
  timeout?: HttpRequest['timeout']
}

/** What a request is for, and the rights that it needs. */
export type Access = Pick<RegistryRequest, 'purpose' | 'scopes'>

/** Authorised requests to registries, with redirects followed and a limit on requests in flight. */
export type Session = {
  /**
   * @param expected statuses that the caller handles, besides success
   * @throws RegistryRefusal for any other status
   */
  send: (request: RegistryRequest, expected?: readonly number[]) => Promise<HttpAnswer>
  copying: Slots['copying']
}

/** Bytes that are read of an error response's body */
const errorLimit = 64 * 1024

export const pullFrom = ({ path }: Repository): Scope => `repository:${path}:pull`

export function pulling(repository: Repository): Access {
  const { registry, path } = repository
  return { purpose: { registry, action: `the pull of ${path}` }, scopes: [pullFrom(repository)] }
}

export function pushing({ registry, path }: Repository): Access {
  return { purpose: { registry, action: `the push to ${path}` }, scopes: [`repository:${path}:pull,push`] }
}

/**
 * Quay requires the right to push, others the one to delete (go-containerregistry requests the
 * same).
 */
export function deletingFrom({ registry, path }: Repository): Access {
  const purpose = { registry, action: `the deletion from ${path}` }
  return { purpose, scopes: [`repository:${path}:pull,push,delete`] }
}

type Parts = { transport: Transport; authenticator: Authenticator; slots: Slots }

export function createSession(transport: Transport, authenticator: Authenticator): Session {
  const slots = createSlots()
  const parts = { transport, authenticator, slots }
  return {
    send: async (request, expected = []) => {
      const answer = await slots.untilRead(() => exchange(parts, request))
      if (isSuccess(answer) || expected.includes(answer.status)) return answer
      throw await errorFor(parts, request, answer)
    },
    copying: (work) => slots.copying(work),
  }
}

/** Sends a request, and follows redirects of reads. */
async function exchange(parts: Parts, request: RegistryRequest): Promise<HttpAnswer> {
  const { purpose, method } = request
  const home = apiOrigin(purpose.registry)
  const redirected = `registry ${purpose.registry} redirected ${purpose.action}`
  let url = new URL(request.url, home)
  for (let hop = 0; hop <= maximumRedirects; hop++) {
    const answer = await sendTo(parts, request, url, url.origin === home)
    const location = redirectOf(answer)
    if (location === undefined) return answer
    answer.discard()
    if (method !== 'GET' && method !== 'HEAD') {
      throw new UserError(
        `${redirected} to another address, and only reads follow redirects; name the registry by its final host.`,
      )
    }
    url = follow(purpose, url, location)
  }
  throw new UserError(`${redirected} more than ${maximumRedirects} times; check its host.`)
}

/** Sends credentials only to the registry's own origin, not to redirects or uploads elsewhere. */
async function sendTo(
  { transport, authenticator }: Parts,
  request: RegistryRequest,
  url: URL,
  isHome: boolean,
): Promise<HttpAnswer> {
  const { method, purpose, scopes, body, headers, timeout = 'request' } = request
  const send = (authorization: string | undefined): Promise<HttpAnswer> => {
    const all = { ...headers, ...(authorization !== undefined && { authorization }) }
    return transport.send({ method, url, body, purpose, timeout, headers: all })
  }
  const authorization = isHome ? await authenticator.header(purpose, scopes) : undefined
  const answer = await send(authorization)
  const challenge = answer.headers['www-authenticate']
  if (answer.status !== 401 || !isHome || challenge === undefined || !isRepeatable(body)) return answer
  const renewed = await authenticator
    .answer(purpose, scopes, challenge, authorization)
    .catch((error: unknown) => {
      answer.discard()
      throw error
    })
  if (renewed === undefined || renewed === authorization) return answer
  answer.discard()
  return send(renewed)
}

/** @throws NoAnswer if the body of a 404 breaks off */
async function errorFor(
  { authenticator, slots }: Parts,
  { purpose, scopes }: Access,
  answer: HttpAnswer,
): Promise<RegistryRefusal> {
  const { status, headers } = answer
  const body = await answer.read(errorLimit).catch((error: unknown) => {
    // The body alone says that there is no such repository.
    if (status === 404 && error instanceof NoAnswer) throw error
    return Buffer.alloc(0)
  })
  // In a slot, because a token that has expired by now is requested again.
  const sent = await slots.during(() => authenticator.header(purpose, scopes)).catch(() => undefined)
  const own = await authenticator.credentialsFor(purpose.registry)
  return refusalOf(purpose, { status, body, headers }, own, secretsOf(sent))
}

export function isWebPage({ headers }: Pick<HttpAnswer, 'headers'>): boolean {
  return /html/i.test(headers['content-type'] ?? '')
}

/** @throws UserError if the answer is a web page, which no registry returns */
export function refuseWebPage(registry: string, answer: HttpAnswer): void {
  if (!isWebPage(answer)) return
  answer.discard()
  throw new UserError(`${registry} answered with a web page and is not a registry; check its host and port.`)
}

/** @returns the parts of an Authorization header that an answer could repeat */
function secretsOf(authorization: string | undefined): string[] {
  const [scheme, value] = authorization?.split(' ') ?? []
  if (value === undefined) return []
  if (scheme !== 'Basic') return [value]
  const [, ...password] = Buffer.from(value, 'base64').toString('utf8').split(':')
  return [value, password.join(':')].filter((text) => text !== '')
}
