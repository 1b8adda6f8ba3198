import { type Answer, json } from './faults/answers.ts'

/** Credentials that get a token, if one is required. */
export type Login = { username: string; password: string }

/** Access rules of a registry. Default: open to everybody */
export type Gatekeeping = {
  /** The only credentials that are accepted */
  credentials?: { user: string; password: string }
  /**
   * Requires a token per repository, like Docker Hub, and issues it to everybody or after a login;
   * those requests are also in `seen`
   */
  tokens?: 'for everybody' | Login
  /** Scheme of the token service. Default: http */
  scheme?: 'https'
}

const unauthorized = { errors: [{ code: 'UNAUTHORIZED', message: 'authentication required' }] }
const token = 'a-token-of-the-tests'
const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

/**
 * Returns the response of the token service or to an unauthorised client; undefined if the registry
 * must answer.
 */
export function gate(
  { credentials, tokens, scheme }: Gatekeeping,
  { method, url }: { method: string; url: string },
  authorization: string | undefined,
  host: string,
): Answer | undefined {
  if (credentials && authorization !== basic(credentials.user, credentials.password))
    return json(401, unauthorized, { 'www-authenticate': 'Basic realm="test"' })
  if (!tokens) return undefined
  if (url.startsWith('/token')) {
    if (method !== 'GET') return json(404, {})
    if (tokens === 'for everybody' || authorization === basic(tokens.username, tokens.password))
      return json(200, { token, expires_in: 300 })
    return json(401, { details: 'incorrect username or password' })
  }
  if (authorization === `Bearer ${token}`) return undefined
  const challenge = `Bearer realm="${scheme ?? 'http'}://${host}/token",service="test"`
  return json(401, unauthorized, { 'www-authenticate': challenge })
}
