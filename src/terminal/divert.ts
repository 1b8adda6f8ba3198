import type { Writable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'

type Done = (error?: Error | null) => void

/**
 * Diverts what is written to a stream, line by line. @actions/core writes for a runner that reads
 * the standard output, and has no other way.
 * @returns what writes to the stream itself
 */
export function divert(
  stream: Pick<Writable, 'write'>,
  onLine: (line: string) => void,
): (text: string) => void {
  const write = stream.write.bind(stream)
  const decoder = new StringDecoder('utf8')
  let rest = ''
  stream.write = (chunk: string | Uint8Array, encoding?: BufferEncoding | Done, done?: Done): boolean => {
    rest += typeof chunk === 'string' ? chunk : decoder.write(chunk)
    const lines = rest.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(line.replace(/\r$/, ''))
    const call = typeof encoding === 'function' ? encoding : done
    call?.()
    return true
  }
  return (text) => {
    write(text)
  }
}
