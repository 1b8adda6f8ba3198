import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

export type Fault =
  | '429'
  | '429 with Retry-After'
  | '500'
  | '502'
  | 'a reset'
  | 'a truncated body'
  | 'other bytes'
  | 'another digest in the header'
  | 'silence'
  | 'a trickle'

export type Answer = { status: number; headers: IncomingHttpHeaders; body: Buffer }

/** Returns a JSON response. */
export function json(status: number, content: unknown, headers: Record<string, string> = {}): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: Buffer.from(JSON.stringify(content)),
  }
}

/** Seconds */
export const retryAfter = 1

/** Milliseconds between two bytes: far below any time-out for silence */
const drop = 50

/** Returns the bytes with one in the middle replaced by another character of the same kind. */
export function swapByte(bytes: Buffer): Buffer {
  const other = Buffer.from(bytes)
  const at = bytes.length >> 1
  if (bytes.length > 0) other[at] = (bytes[at] ?? 0) ^ 1
  return other
}

export function give(outgoing: ServerResponse, { status, headers, body }: Answer): void {
  // The response to a HEAD has a length and no body
  outgoing.writeHead(status, headers).end(body)
}

/**
 * Ends an exchange with a fault.
 * @param answer the registry's response, if it was asked
 */
export function spoil(fault: Fault, outgoing: ServerResponse, answer?: Answer, method?: string): void {
  switch (fault) {
    case '429':
      outgoing.writeHead(429).end('{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}')
      return
    case '429 with Retry-After':
      outgoing.writeHead(429, { 'retry-after': String(retryAfter) }).end()
      return
    case '500':
      outgoing.writeHead(500).end('{"errors":[{"code":"UNKNOWN","message":"unknown error"}]}')
      return
    case '502':
      outgoing.writeHead(502, { 'content-type': 'text/html' }).end('<html><h1>502 Bad Gateway</h1></html>')
      return
    case 'a reset':
      outgoing.socket?.resetAndDestroy()
      return
    case 'silence':
      return
    default:
      if (!answer) throw new Error(`${fault} needs an answer of the registry`)
      spoilAnswer(fault, outgoing, answer, method)
  }
}

function spoilAnswer(
  fault: Extract<Fault, 'a truncated body' | 'other bytes' | 'another digest in the header' | 'a trickle'>,
  outgoing: ServerResponse,
  answer: Answer,
  method: string | undefined,
): void {
  const { status, headers, body } = answer
  switch (fault) {
    case 'other bytes':
      give(outgoing, { ...answer, body: swapByte(body) })
      return
    case 'another digest in the header':
      give(outgoing, {
        ...answer,
        headers: { ...headers, 'docker-content-digest': `sha256:${'0'.repeat(64)}` },
      })
      return
    case 'a truncated body':
      outgoing.writeHead(status, { ...headers, 'content-length': body.length })
      outgoing.write(body.subarray(0, body.length >> 1), () => outgoing.socket?.end())
      return
    case 'a trickle':
      void trickle(outgoing, answer, method === 'HEAD' || body.length === 0)
  }
}

/** Sends the body, or without one the head, byte by byte until the client gives up. */
async function trickle(outgoing: ServerResponse, answer: Answer, headOnly: boolean): Promise<void> {
  const { status, headers, body } = answer
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}\r\n`)
  const head = Buffer.from(`HTTP/1.1 ${status} OK\r\n${fields.join('')}\r\n`)
  const { socket } = outgoing
  if (!headOnly) socket?.write(head)
  for (const byte of headOnly ? head : body) {
    if (!socket || socket.destroyed) return
    socket.write(Buffer.of(byte))
    await sleep(drop)
  }
}
