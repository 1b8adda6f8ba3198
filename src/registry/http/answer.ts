import type * as http from 'node:http'
import { Readable } from 'node:stream'
import { UserError } from '../../errors.ts'
import { decoded } from './content-encoding.ts'
import type { Purpose } from './failure.ts'
import { networkFailure } from './no-answer.ts'
import type { Watch } from './watch.ts'

/** An answer with an unread body. Exactly one of `read`, `stream` and `discard` must be called. */
export type HttpAnswer = {
  status: number
  headers: http.IncomingHttpHeaders
  url: URL
  /**
   * @param isWhole recognises bytes that are the content already, despite their Content-Encoding
   * @throws UserError if the body is longer than the limit (bytes), breaks off or stalls
   */
  read: (limit: number, isWhole?: (bytes: Buffer) => boolean) => Promise<Buffer>
  /** @param asIs leaves the body compressed if the answer says that it was compressed in transit */
  stream: (asIs?: boolean) => AsyncIterable<Buffer>
  discard: () => void
  /** Resolves when nothing of the answer is in flight, however it ended */
  ended: Promise<void>
}

/** Registries differ in their success status (Quay: 202 for manifests), so content is read back. */
export function isSuccess({ status }: Pick<HttpAnswer, 'status'>): boolean {
  return status >= 200 && status < 300
}

/** The request that an answer belongs to, its watch, and how to end it. */
type Exchange = {
  purpose: Purpose
  url: URL
  method: string
  watch: Watch
  isSent: () => boolean
  release: () => void
}

export function answerOf(incoming: http.IncomingMessage, exchange: Exchange): HttpAnswer {
  const { purpose, url, method, isSent, release } = exchange
  const ended = new Promise<void>((resolve) => incoming.once('close', resolve))
  const title = `the answer of registry ${purpose.registry} to ${purpose.action}`
  const stream = (asIs = false): AsyncIterable<Buffer> => {
    const body = bytesOf(incoming, exchange)
    return asIs ? body : decoded(body, incoming.headers, title)
  }
  const read: HttpAnswer['read'] = async (limit, isWhole) => {
    if (isWhole === undefined) return collect(stream(), limit, purpose)
    const bytes = await collect(stream(true), limit, purpose)
    if (isWhole(bytes)) return bytes
    return collect(decoded(Readable.from([bytes]), incoming.headers, title), limit, purpose)
  }
  const discard = (): void => {
    const length = method === 'HEAD' ? 0 : Number(incoming.headers['content-length'] ?? Infinity)
    // A short body is read, so that the connection can be reused; it may also break off.
    if (length <= 65_536 && isSent()) incoming.once('close', release).resume()
    else {
      release()
      incoming.destroy()
    }
  }
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, url, read, stream, discard, ended }
}

async function* bytesOf(
  incoming: http.IncomingMessage,
  { purpose, url, watch, release }: Exchange,
): AsyncGenerator<Buffer> {
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

async function collect(source: AsyncIterable<Buffer>, limit: number, purpose: Purpose): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of source) {
    size += chunk.length
    if (size > limit) {
      throw new UserError(
        `registry ${purpose.registry} answered ${purpose.action} with more than ${limit} bytes, more than any real registry sends.`,
      )
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
