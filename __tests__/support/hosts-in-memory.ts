import type { IncomingHttpHeaders } from 'node:http'
import type { Answer } from './faults/answers.ts'

/** A request with its whole body. */
export type Asked = { method: string; url: string; headers: IncomingHttpHeaders; body: Buffer }

type Responder = (asked: Asked) => Answer

const responders = new Map<string, Responder>()

/** Makes a server of this process answer by a call, too. @returns what ends that */
export function answersByCall(host: string, responder: Responder): () => void {
  responders.set(host, responder)
  return () => responders.delete(host)
}

/**
 * Returns what answers for a host by a call: a proxy in front of it then needs no second connection,
 * which would double the time of a request. Undefined if the host is not of this process
 */
export function responderOf(host: string): Responder | undefined {
  return responders.get(host)
}
