import type { OutgoingHttpHeaders } from 'node:http'
import { UserError } from '../../errors.ts'
import type { Authenticator } from '../auth/auth.ts'
import { notARegistry, refusal, type RegistryRefusal } from './failure.ts'
import { NoAnswer } from './no-answer.ts'
import { createPlaces, type Places } from './slots.ts'
import { follow, maximumRedirects, redirectOf } from './redirect.ts'
import { apiOrigin, type Repository } from '../content/reference.ts'
import type { Scope } from '../auth/token.ts'
import type { HttpAnswer, HttpRequest, Transport } from './transport.ts'

/**
 * Does work that may be done more than once. No request of it is under way, and none of the 8 places is held, between one
 * time and the next.
 */
export type Repeat = <Result>(work: () => Promise<Result>) => Promise<Result>

/** A request to the registry of `purpose`; `url` is absolute, or a path on the registry's API. */
export type RegistryRequest = Omit<HttpRequest, 'url' | 'headers' | 'timeout'> & {
  url: URL | string
  scopes: readonly Scope[]
  headers?: OutgoingHttpHeaders
  timeout?: HttpRequest['timeout']
}

/** Authorised requests to registries, redirects followed, not too many at once. */
export type Session = {
  send: (request: RegistryRequest) => Promise<HttpAnswer>
  /** @returns the error for an answer that is not the one hoped for; reads (the beginning of) the answer's body */
  refusal: (
    request: Pick<RegistryRequest, 'purpose' | 'scopes'>,
    answer: HttpAnswer,
  ) => Promise<RegistryRefusal>
  copying: Places['copying']
}

/** Bytes of an error's body that are looked at. */
const errorLimit = 64 * 1024

export const pullFrom = ({ path }: Repository): Scope => `repository:${path}:pull`
export const pushTo = ({ path }: Repository): Scope => `repository:${path}:pull,push`

export function pulling(repository: Repository): Pick<RegistryRequest, 'purpose' | 'scopes'> {
  return {
    purpose: { registry: repository.registry, action: `the pull of ${repository.path}` },
    scopes: [pullFrom(repository)],
  }
}

export function pushing(repository: Repository): Pick<RegistryRequest, 'purpose' | 'scopes'> {
  return {
    purpose: { registry: repository.registry, action: `the push to ${repository.path}` },
    scopes: [pushTo(repository)],
  }
}

export function createSession(transport: Transport, authenticator: Authenticator): Session {
  const places = createPlaces()
  const exchange = async (request: RegistryRequest): Promise<HttpAnswer> => {
    const { purpose, scopes, method } = request
    const home = apiOrigin(purpose.registry)
    let url = new URL(request.url, home)
    for (let hop = 0; hop <= maximumRedirects; hop++) {
      const answer = await sendTo(request, url, url.origin === home)
      const location = redirectOf(answer)
      if (location === undefined) return answer
      answer.discard()
      if (method !== 'GET' && method !== 'HEAD') {
        throw new UserError(
          `registry ${purpose.registry} answers ${purpose.action} with a redirect to another address, which is followed for reading only; name the registry by its final host.`,
        )
      }
      url = follow(purpose, url, location)
    }
    throw new UserError(
      `registry ${purpose.registry} answers ${purpose.action} with more than ${maximumRedirects} redirects; check its host.`,
    )

    /** Credentials go to the registry's own origin alone: a redirect or an upload's address elsewhere gets none. */
    async function sendTo(request: RegistryRequest, url: URL, isHome: boolean): Promise<HttpAnswer> {
      const authorization = isHome ? await authenticator.header(purpose, scopes) : undefined
      const answer = await transport.send(withAuthorization(request, url, authorization))
      const challenge = answer.headers['www-authenticate']
      const canRepeat = request.body === undefined || request.body instanceof Uint8Array
      if (answer.status !== 401 || !isHome || challenge === undefined || !canRepeat) return answer
      const renewed = await authenticator
        .answer(purpose, scopes, challenge, authorization)
        .catch((error: unknown) => {
          answer.discard()
          throw error
        })
      if (renewed === undefined || renewed === authorization) return answer
      answer.discard()
      return transport.send(withAuthorization(request, url, renewed))
    }
  }
  return {
    send: (request) => places.untilRead(() => exchange(request)),
    refusal: async (request, answer) => {
      const { purpose, scopes } = request
      const { status, headers } = answer
      const body = await readError(answer)
      // A place, because a token that has expired by now is asked for again.
      const sent = await places.during(() => authenticator.header(purpose, scopes)).catch(() => undefined)
      const isKnown = await authenticator.hasCredentials(purpose.registry)
      return refusal(purpose, { status, body, headers }, isKnown, secretsOf(sent))
    },
    copying: (work) => places.copying(work),
  }
}

/** @throws NoAnswer if it breaks off where its body alone says that there is no such repository */
async function readError(answer: HttpAnswer): Promise<Buffer> {
  return answer.read(errorLimit).catch((error: unknown) => {
    if (answer.status === 404 && error instanceof NoAnswer) throw error
    return Buffer.alloc(0)
  })
}

/** @throws UserError if the answer is a page for people, which a registry has none of */
export function refuseWebPage(registry: string, answer: HttpAnswer): void {
  if (!/html/i.test(answer.headers['content-type'] ?? '')) return
  answer.discard()
  throw notARegistry(registry)
}

/** What an answer could repeat of the Authorization header. */
function secretsOf(authorization: string | undefined): string[] {
  const [scheme, value] = authorization?.split(' ') ?? []
  if (value === undefined) return []
  if (scheme !== 'Basic') return [value]
  const [, ...password] = Buffer.from(value, 'base64').toString('utf8').split(':')
  return [value, password.join(':')].filter((text) => text !== '')
}

function withAuthorization(
  request: RegistryRequest,
  url: URL,
  authorization: string | undefined,
): HttpRequest {
  const { method, body, purpose, timeout = 'request', headers = {} } = request
  return {
    method,
    url,
    body,
    purpose,
    timeout,
    headers: { ...headers, ...(authorization === undefined ? {} : { authorization }) },
  }
}
