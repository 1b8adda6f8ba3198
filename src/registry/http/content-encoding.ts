import type { IncomingHttpHeaders } from 'node:http'
import { pipeline, type Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib'
import { Damaged } from './damage.ts'
import { codeOf } from './no-answer.ts'

const decoders: Record<string, () => Transform> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
}

/**
 * Decompresses an answer that a proxy compressed, though `identity` was requested. Unknown
 * encodings stay as they are, as in Docker (storage labels content `aws-chunked` that no longer
 * is).
 * @param body the answer's bytes as they arrive
 * @param title what is read, for the error
 * @returns bytes; throws Damaged if the header is wrong, and any error of the body
 */
export async function* decoded(
  body: AsyncIterable<Buffer>,
  headers: IncomingHttpHeaders,
  title: string,
): AsyncGenerator<Buffer> {
  const named = (headers['content-encoding'] ?? '').toLowerCase().split(',')
  const encodings = named.map((name) => name.trim()).filter((name) => Object.hasOwn(decoders, name))
  try {
    // The last encoding was applied last.
    yield* encodings.reverse().reduce(undo, body)
  } catch (error) {
    if (!/^(?:Z_|ERR_(?:__)?(?:ZLIB|BROTLI|ZSTD)|ZSTD_)/.test(codeOf(error))) throw error
    throw new Damaged(
      `${title} is not ${encodings.join(', ')}, as its Content-Encoding says; it was changed in transit.`,
      { cause: error },
    )
  }
}

function undo(source: AsyncIterable<Buffer>, encoding: string): AsyncIterable<Buffer> {
  const decoder = decoders[encoding]?.()
  // An error of the source passes through the decoder.
  return decoder ? pipeline(source, decoder, () => undefined) : source
}
