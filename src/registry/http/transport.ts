import * as http from 'node:http'
import * as https from 'node:https'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { HttpClient } from '@actions/http-client'
import { UserError } from '../../errors.ts'
import { decoded } from './content-encoding.ts'
import type { Purpose } from './failure.ts'
import { codeOf, networkFailure } from './no-answer.ts'
import { startWatch, type Timeouts, type Watch } from './watch.ts'

export type HttpRequest = {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT'
  url: URL
  headers: http.OutgoingHttpHeaders
  /** A stream needs a content-length among the headers */
  body?: Uint8Array | AsyncIterable<Uint8Array> | undefined
  /** `stall`: the answer, or the body sent, is a blob of any size */
  timeout: keyof Timeouts
  purpose: Purpose
}

/** An answer whose body has not been read. Exactly one of `read`, `stream` and `discard` must be called. */
export type HttpAnswer = {
  status: number
  headers: http.IncomingHttpHeaders
  url: URL
  /**
   * @param isWhole tells bytes that are what was asked for as they came, though the answer says that they are compressed
   * @throws UserError if the body is longer than the limit (bytes), breaks off or stalls
   */
  read: (limit: number, isWhole?: (bytes: Buffer) => boolean) => Promise<Buffer>
  /** @param asIs leaves the body compressed where the answer says that it was for the way */
  stream: (asIs?: boolean) => AsyncIterable<Buffer>
  discard: () => void
  /** Resolves when nothing of the answer is under way any more, however it ended */
  ended: Promise<void>
}

/** Which success it is differs from registry to registry (Quay said 202 of a manifest): it is read back where that matters. */
export function isSuccess({ status }: Pick<HttpAnswer, 'status'>): boolean {
  return status >= 200 && status < 300
}

/** One request, one answer: no credentials, no redirects. Every request of the registry client passes through here. */
export type Transport = {
  send: (request: HttpRequest) => Promise<HttpAnswer>
  /** Closes idle connections */
  close: () => void
}

export type TransportOptions = {
  timeouts: Timeouts
  /** Ends what is under way */
  signal?: AbortSignal | undefined
  /** Called once for each request that is sent; the URL without its query, which may hold a signature */
  onRequest?: ((request: { method: string; url: string }) => void) | undefined
}

/**
 * `HttpClient` chooses the agent (proxies, keep-alive), the request itself is Node's, because HttpClient 4.0.1
 * - waits for ever for a body that stalls or breaks off (`readBody` hears neither `error` nor the time-out),
 * - cannot send bytes, and does not notice when the stream that it sends fails,
 * - looks `[::1]` up with its brackets,
 * - gives the agent of the first URL's protocol to all others; hence one for each protocol.
 */
export function createTransport(options: TransportOptions): Transport {
  const client = () => new HttpClient('image-action', [], { allowRedirects: false, keepAlive: true })
  const clients = { 'http:': client(), 'https:': client() }
  const send = async (request: HttpRequest): Promise<HttpAnswer> => {
    const { url } = request
    if (url.protocol !== 'http:' && url.protocol !== 'https:') {
      throw new UserError(
        `registry ${request.purpose.registry} names an address that is not http: ${url.protocol}.`,
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

/** Resolves when the head of the answer is there. From then on the watch belongs to the answer's body. */
async function exchange(
  request: HttpRequest,
  agent: http.Agent,
  options: TransportOptions,
): Promise<HttpAnswer> {
  const { method, url, headers, body } = request
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
    // A registry may answer, and close, before it has read the whole body: its answer says more than our broken pipe.
    const incoming = await Promise.race([head, failure, sent.then(() => head)])
    incoming.on('error', () => undefined)
    const release = (): void => {
      watch.stop()
      if (!outgoing.writableFinished) outgoing.destroy()
    }
    watch.milestone()
    return answerOf(request, incoming, watch, { release, isSent: () => outgoing.writableFinished })
  } catch (error) {
    watch.stop()
    outgoing.destroy()
    if (isStaleConnection(outgoing, error) && !isStream(body)) return exchange(request, agent, options)
    throw error
  }
}

/**
 * An idle connection that the registry closed in the moment in which we used it again. Not a retry: the registry has
 * not seen the request (Node documents this for `request.reusedSocket`). It ends because each one leaves the pool.
 */
function isStaleConnection(outgoing: http.ClientRequest, error: unknown): boolean {
  return outgoing.reusedSocket && codeOf(error) === 'ECONNRESET'
}

function isStream(body: HttpRequest['body']): body is AsyncIterable<Uint8Array> {
  return body !== undefined && !(body instanceof Uint8Array)
}

async function sendBody(
  outgoing: http.ClientRequest,
  body: HttpRequest['body'],
  watch: Watch,
): Promise<void> {
  if (isStream(body)) await pipeline(body, watched(watch), outgoing)
  else outgoing.end(body)
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

function answerOf(
  request: HttpRequest,
  incoming: http.IncomingMessage,
  watch: Watch,
  { release, isSent }: { release: () => void; isSent: () => boolean },
): HttpAnswer {
  const { purpose, url } = request
  const ended = new Promise<void>((resolve) => incoming.once('close', resolve))
  const asItCame = async function* (): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of incoming as AsyncIterable<Buffer>) {
        watch.progress(chunk.length)
        yield chunk
      }
    } catch (error) {
      throw networkFailure(purpose, url.host, watch.reason() ?? error)
    } finally {
      release()
    }
  }
  const title = `the answer of registry ${purpose.registry} to ${purpose.action}`
  const stream = (asIs = false): AsyncIterable<Buffer> =>
    asIs ? asItCame() : decoded(asItCame(), incoming.headers, title)
  const collect = async (source: AsyncIterable<Buffer>, limit: number): Promise<Buffer> => {
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of source) {
      size += chunk.length
      if (size > limit) {
        throw new UserError(
          `registry ${purpose.registry} answers ${purpose.action} with more than ${limit} bytes, which is too much to be true.`,
        )
      }
      chunks.push(chunk)
    }
    return Buffer.concat(chunks)
  }
  const read: HttpAnswer['read'] = async (limit, isWhole) => {
    if (isWhole === undefined) return collect(stream(), limit)
    const bytes = await collect(asItCame(), limit)
    if (isWhole(bytes)) return bytes
    return collect(decoded(Readable.from([bytes]), incoming.headers, title), limit)
  }
  const discard = (): void => {
    const length = request.method === 'HEAD' ? 0 : Number(incoming.headers['content-length'] ?? Infinity)
    // A short body is read so that the connection can be used again; it may as well fail to come to an end.
    if (length <= 65_536 && isSent()) incoming.once('close', release).resume()
    else {
      release()
      incoming.destroy()
    }
  }
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, url, read, stream, discard, ended }
}
