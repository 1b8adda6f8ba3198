import type { IncomingHttpHeaders } from 'node:http'

/** @returns the Location of a redirect, as written; undefined for any other answer */
export function redirectOf(answer: { status: number; headers: IncomingHttpHeaders }): string | undefined {
  return [301, 302, 303, 307, 308].includes(answer.status) ? answer.headers.location : undefined
}
