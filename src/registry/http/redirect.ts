import { UserError } from '../../errors.ts'
import type { Purpose } from './failure.ts'
import { isLoopback } from '../content/reference.ts'

export const maximumRedirects = 5

/**
 * Resolves a Location header against the address that sent it.
 * @throws UserError if it leads from https to http, or to http on another machine
 */
export function follow(purpose: Purpose, from: URL, location: string): URL {
  const url = URL.canParse(location, from.href) ? new URL(location, from.href) : undefined
  const isLocal = url?.protocol === 'http:' && from.protocol === 'http:' && isLoopback(url)
  if (url === undefined || !(url.protocol === 'https:' || isLocal)) {
    throw new UserError(
      `registry ${purpose.registry} answered ${purpose.action} with an address that is not https, which is not followed.`,
    )
  }
  return withoutLogin(url)
}

/** Removes user and password, which would become an Authorization header. */
export function withoutLogin(url: URL): URL {
  const bare = new URL(url)
  bare.username = ''
  bare.password = ''
  return bare
}
