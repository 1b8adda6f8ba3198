import { type Answer, json } from './faults/answers.ts'

/** Who may have a token, where one is wanted. */
export type Login = { username: string; password: string }

/** Whom a registry lets in; without any of it, everybody. */
export type Gatekeeping = {
  /** Who may pass, by name and password; nobody else is let through */
  credentials?: { user: string; password: string }
  /**
   * It asks for a token as Docker Hub does, one for each repository, and gives it to everybody, or to who logs in; those requests
   * are seen, too
   */
  tokens?: 'for everybody' | Login
  /** How the token service is reached; http if left out */
  scheme?: 'https'
}

const unauthorized = { errors: [{ code: 'UNAUTHORIZED', message: 'authentication required' }] }
const token = 'a-token-of-the-tests'
const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

/** @returns the answer to whoever may not pass, and of the token service; undefined if the registry shall answer */
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
