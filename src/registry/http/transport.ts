import * as http from 'node:http'
import * as https from 'node:https'
import { pipeline } from 'node:stream/promises'
import { HttpClient } from '@actions/http-client'
import { UserError } from '../../errors.ts'
import { answerOf, type HttpAnswer } from './answer.ts'
import type { Purpose } from './failure.ts'
import { codeOf, networkFailure } from './no-answer.ts'
import { startWatch, type Timeouts, type Watch } from './watch.ts'

export type HttpRequest = {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE'
  url: URL
  headers: http.OutgoingHttpHeaders
  /** A stream needs a content-length among the headers, and a function gives it for each attempt */
  body?: Uint8Array | AsyncIterable<Uint8Array> | (() => AsyncIterable<Uint8Array>) | undefined
  /** `stall`: the answer or the request's body is a blob of any size */
  timeout: keyof Timeouts
  purpose: Purpose
}

/** One request, one answer, without credentials and redirects. All registry requests pass here. */
export type Transport = {
  send: (request: HttpRequest) => Promise<HttpAnswer>
  /** Closes idle connections */
  close: () => void
}

export type TransportOptions = {
  timeouts: Timeouts
  /** Ends the requests in flight */
  signal?: AbortSignal | undefined
  /** Called once per request sent, with the URL without its query, which may hold a signature */
  onRequest?: ((request: { method: string; url: string }) => void) | undefined
}

/**
 * `HttpClient` chooses the agent (proxies, keep-alive). The request itself is Node's, because
 * HttpClient 4.0.1
 * - waits for ever for a body that stalls or breaks off (`readBody` ignores both),
 * - cannot send bytes, and does not notice when the stream that it sends fails,
 * - resolves `[::1]` with its brackets,
 * - uses the agent of the first URL's protocol for all others; hence one per protocol.
 */
export function createTransport(options: TransportOptions): Transport {
  const client = () => new HttpClient('image-action', [], { allowRedirects: false, keepAlive: true })
  const clients = { 'http:': client(), 'https:': client() }
  const send = async (request: HttpRequest): Promise<HttpAnswer> => {
    const { url } = request
    if (url.protocol !== 'http:' && url.protocol !== 'https:') {
      throw new UserError(
        `registry ${request.purpose.registry} returned an address that is not http: ${url.protocol}.`,
      )
    }
    const agent = clients[url.protocol].getAgent(url.href)
    options.onRequest?.({ method: request.method, url: url.origin + url.pathname })
    try {
      return await exchange(request, agent, options)
    } catch (error) {
      throw networkFailure(request.purpose, url.host, error)
    }
  }
  return {
    send,
    close: () => {
      for (const each of Object.values(clients)) each.dispose()
    },
  }
}

/** Resolves with the head of the answer. From then on the watch guards the answer's body. */
async function exchange(
  request: HttpRequest,
  agent: http.Agent,
  options: TransportOptions,
): Promise<HttpAnswer> {
  const { method, url, headers, body, purpose } = request
  const outgoing = (url.protocol === 'https:' ? https : http).request(url, {
    method,
    agent,
    headers: { 'user-agent': 'aibrix-image-action', 'accept-encoding': 'identity', ...headers },
  })
  const watch = startWatch(request.timeout, options.timeouts, options.signal, (error) =>
    outgoing.destroy(error),
  )
  const failure = new Promise<never>((_, reject) => {
    outgoing.on('error', reject)
    // A connection that a proxy has not made yet does not notice that its request was destroyed.
    watch.expired.catch(reject)
  })
  const head = new Promise<http.IncomingMessage>((resolve) => outgoing.once('response', resolve))
  try {
    const sent = sendBody(outgoing, body, watch)
    // A registry may answer and close before it has read the body, which explains a broken pipe.
    const incoming = await Promise.race([head, failure, sent.then(() => head)])
    incoming.on('error', () => undefined)
    watch.milestone()
    const isSent = (): boolean => outgoing.writableFinished
    const release = (): void => {
      watch.stop()
      if (!isSent()) outgoing.destroy()
    }
    return answerOf(incoming, { purpose, url, method, watch, isSent, release })
  } catch (error) {
    watch.stop()
    outgoing.destroy()
    if (isStaleConnection(outgoing, error) && isRepeatable(body)) return exchange(request, agent, options)
    throw error
  }
}

/**
 * @returns whether the registry closed an idle connection at the moment we reused it. Sending again
 *   is not a retry: the registry has not seen the request (Node documents this for
 *   `request.reusedSocket`). It ends, because each such connection leaves the pool.
 */
function isStaleConnection(outgoing: http.ClientRequest, error: unknown): boolean {
  return outgoing.reusedSocket && codeOf(error) === 'ECONNRESET'
}

/** @returns whether a body can be sent again after it was sent, perhaps in part */
export function isRepeatable(
  body: HttpRequest['body'],
): body is Exclude<HttpRequest['body'], AsyncIterable<Uint8Array>> {
  return body === undefined || body instanceof Uint8Array || typeof body === 'function'
}

async function sendBody(
  outgoing: http.ClientRequest,
  body: HttpRequest['body'],
  watch: Watch,
): Promise<void> {
  if (body === undefined || body instanceof Uint8Array) outgoing.end(body)
  else await pipeline(typeof body === 'function' ? body() : body, watched(watch), outgoing)
}

function watched(watch: Watch) {
  return async function* (source: AsyncIterable<Uint8Array>) {
    for await (const chunk of source) {
      watch.progress(chunk.length)
      yield chunk
    }
    watch.milestone()
  }
}
