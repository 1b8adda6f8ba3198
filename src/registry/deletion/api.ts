import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import { UserError } from '../../errors.ts'
import { redirectOf, type WithRetries } from '../../system/index.ts'
import { isLoopback } from '../content/reference.ts'
import { type HttpAnswer, isSuccess } from '../http/answer.ts'
import { type Purpose, RegistryRefusal } from '../http/failure.ts'
import { follow, maximumRedirects } from '../http/redirect.ts'
import { problemOf, registryMessage, retryAfterOf } from '../http/refusal.ts'
import type { Transport } from '../http/transport.ts'

export type ApiSettings = {
  transport: Pick<Transport, 'send'>
  withRetries: WithRetries
  /** The registry whose API it is, as errors name it: `ghcr.io` */
  registry: string
  /** Its address, with a path if it has one: `https://api.github.com` */
  address: string
  /** What a user can do about a refusal with this status, without a full stop */
  adviceFor: (status: number) => string
}

export type ApiRequest = {
  method: 'GET' | 'POST' | 'DELETE'
  /** Below the API's address, or the address of a next page */
  path: string | URL
  headers: OutgoingHttpHeaders
  /** Sent as JSON */
  body?: unknown
  /** As errors name it: `the deletion from aibrix/x` */
  action: string
  /** Texts that an answer may repeat, and no error must */
  secrets: readonly string[]
}

export type ApiAnswer = { status: number; headers: IncomingHttpHeaders; body: Buffer; url: URL }

/** An API of a registry beside the distribution API, with JSON both ways. */
export type Api = {
  /**
   * @param expected statuses that the caller handles, besides success
   * @throws RegistryRefusal for any other status, with the status 429 for each rate limit
   */
  ask: (request: ApiRequest, expected?: readonly number[]) => Promise<ApiAnswer>
  /** @returns the error for an answer that was expected and means a refusal after all */
  refusal: (request: ApiRequest, answer: ApiAnswer) => RegistryRefusal
}

/** Bytes; a page of a hundred versions with their tags has some 100 kB. */
const answerLimit = 8 * 1024 * 1024

export function createApi(settings: ApiSettings): Api {
  const refusal: Api['refusal'] = (request, answer) => refusalFor(settings, request, answer)
  return {
    ask: (request, expected = []) =>
      settings.withRetries(async () => {
        const answer = await exchange(settings, request)
        const isUsed = isSuccess(answer) || (expected.includes(answer.status) && !isRateLimit(answer))
        if (!isUsed) throw refusal(request, answer)
        return answer
      }),
    refusal,
  }
}

function purposeOf({ registry }: ApiSettings, { action }: ApiRequest): Purpose {
  return { registry, action }
}

/**
 * Sends a request, and follows redirects of reads within the API: no other host gets the token.
 * @throws UserError if there is no answer, or one that leads elsewhere
 */
async function exchange(settings: ApiSettings, request: ApiRequest): Promise<ApiAnswer> {
  const { method, path, body } = request
  const purpose = purposeOf(settings, request)
  const home = path instanceof URL ? path : new URL(settings.address.replace(/\/$/, '') + path)
  if (home.protocol !== 'https:' && !isLoopback(home))
    throw new UserError(
      `the API of ${settings.registry} at ${home.origin} is not https; no token is sent there.`,
    )
  const headers = {
    accept: 'application/json',
    ...request.headers,
    ...(body !== undefined && { 'content-type': 'application/json' }),
  }
  const content = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
  let url = home
  for (let hop = 0; hop <= maximumRedirects; hop++) {
    const answer = await settings.transport.send({
      ...{ method, url, headers, purpose },
      ...{ body: content, timeout: 'request' },
    })
    const location = redirectOf(answer)
    if (location === undefined) return whole(answer)
    answer.discard()
    const next = follow(purpose, url, location)
    if (method !== 'GET' || next.origin !== home.origin) break
    url = next
  }
  throw new UserError(
    `the API of ${settings.registry} at ${home.host} redirected ${purpose.action}, which is not followed; name the repository by its present name.`,
  )
}

async function whole(answer: HttpAnswer): Promise<ApiAnswer> {
  const { status, headers, url } = answer
  return { status, headers, url, body: await answer.read(answerLimit) }
}

/**
 * @returns whether an answer asks for patience. GitHub does so with 403, too (docs.github.com, "Rate
 *   limits for the REST API").
 */
function isRateLimit({ status, headers, body }: ApiAnswer): boolean {
  if (status !== 403) return status === 429
  const isExhausted = headers['x-ratelimit-remaining'] === '0' || headers['retry-after'] !== undefined
  return isExhausted || /rate limit/i.test(registryMessage(body) ?? '')
}

/** Seconds, if a limit says nothing else (docs.github.com, "Best practices for using the REST API") */
const usualDelay = 60

/** @returns seconds until requests are answered again, by the clock of the sender */
function delayOf(headers: IncomingHttpHeaders): number {
  const asked = retryAfterOf(headers)
  if (asked !== undefined) return asked
  const reset = headers['x-ratelimit-remaining'] === '0' ? Number(headers['x-ratelimit-reset']) : NaN
  const left = Math.ceil(reset - Date.parse(headers.date ?? '') / 1000)
  return Number.isNaN(left) ? usualDelay : Math.max(left, 1)
}

function refusalFor(settings: ApiSettings, request: ApiRequest, answer: ApiAnswer): RegistryRefusal {
  const { status, headers } = answer
  const problem = problemOf(purposeOf(settings, request), answer, request.secrets)
  const details = { code: undefined, isAnonymous: false }
  if (isRateLimit(answer)) {
    const retryAfter = delayOf(headers)
    const advice = `its rate limit is reached, try again in ${retryAfter} s`
    return new RegistryRefusal(problem, advice, { ...details, status: 429, retryAfter })
  }
  const advice = status >= 500 ? 'this is a fault of its API, try later' : settings.adviceFor(status)
  return new RegistryRefusal(problem, advice, { ...details, status, retryAfter: retryAfterOf(headers) })
}
