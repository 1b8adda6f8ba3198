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
 * Undoes what a proxy did to an answer, though it was asked for `identity`. What is not known here (`aws-chunked`, which storage
 * says of what it no longer is) stays as it is, as in Docker.
 * @param body the answer's bytes as they come
 * @param title what is read, for the error
 * @returns throws Damaged where the bytes are not what the header says; whatever the body throws comes through
 */
export async function* decoded(
  body: AsyncIterable<Buffer>,
  headers: IncomingHttpHeaders,
  title: string,
): AsyncGenerator<Buffer> {
  const named = (headers['content-encoding'] ?? '').toLowerCase().split(',')
  const encodings = named.map((name) => name.trim()).filter((name) => Object.hasOwn(decoders, name))
  try {
    // The last one was done last, and is undone first.
    yield* encodings.reverse().reduce(undo, body)
  } catch (error) {
    if (!/^(?:Z_|ERR_(?:__)?(?:ZLIB|BROTLI|ZSTD)|ZSTD_)/.test(codeOf(error))) throw error
    throw new Damaged(
      `${title} is not ${encodings.join(', ')}, as its Content-Encoding says; it was changed on the way.`,
      { cause: error },
    )
  }
}

function undo(source: AsyncIterable<Buffer>, encoding: string): AsyncIterable<Buffer> {
  const decoder = decoders[encoding]?.()
  // An error of the source ends the decoder, and comes out of it.
  return decoder ? pipeline(source, decoder, () => undefined) : source
}
