import { UserError } from '../../errors.ts'
import type { Purpose } from './failure.ts'
import { isLoopback } from '../content/reference.ts'
import type { HttpAnswer } from './transport.ts'

export const maximumRedirects = 5

const statuses = [301, 302, 303, 307, 308]

/** @returns where an answer sends us, as it stands there; undefined if it is no redirect */
export function redirectOf({ status, headers }: HttpAnswer): string | undefined {
  return statuses.includes(status) ? headers.location : undefined
}

/**
 * Where a Location header leads, seen from the address that sent it.
 * @throws UserError if it leads from https to http, or from anywhere to http on another machine
 */
export function follow(purpose: Purpose, from: URL, location: string): URL {
  const url = URL.canParse(location, from.href) ? new URL(location, from.href) : undefined
  const isLocal = url?.protocol === 'http:' && from.protocol === 'http:' && isLoopback(url)
  if (url === undefined || !(url.protocol === 'https:' || isLocal)) {
    throw new UserError(
      `registry ${purpose.registry} answers ${purpose.action} with an address that is not https; it is not followed.`,
    )
  }
  // User and password in an address would become an Authorization header.
  url.username = ''
  url.password = ''
  return url
}
