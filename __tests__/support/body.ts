import type { IncomingMessage } from 'node:http'

/**
 * Reads a body to its end, like `buffer` of node:stream/consumers, which makes a Blob of it and takes
 * several times as long. @throws Error if it breaks off
 */
export function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  return new Promise((resolve, reject) => {
    incoming
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .once('end', () => resolve(Buffer.concat(chunks)))
      .once('error', reject)
      .once('close', () => reject(new Error('the body broke off')))
  })
}
