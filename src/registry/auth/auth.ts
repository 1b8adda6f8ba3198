import { type Challenge, parseChallenges } from './challenge.ts'
import type { CredentialLookup } from './credentials.ts'
import type { Purpose } from '../http/failure.ts'
import { formatRepository, type Repository } from '../content/reference.ts'
import { authorize, type Scope } from './token.ts'
import type { Transport } from '../http/transport.ts'

export type Authenticator = {
  /** @returns the Authorization header; undefined as long as the registry's challenge is unknown */
  header: (purpose: Purpose, scopes: readonly Scope[]) => Promise<string | undefined>
  /**
   * Answers a 401.
   * @param challenge the WWW-Authenticate header
   * @param sent the Authorization header that was refused
   * @returns another one; undefined or the same if there is no better one
   * @throws UserError if the token service refuses
   */
  answer: (
    purpose: Purpose,
    scopes: readonly Scope[],
    challenge: string,
    sent: string | undefined,
  ) => Promise<string | undefined>
  credentialsFor: CredentialLookup
  /**
   * Requests the right to push for reads of these repositories, if there are credentials: Docker
   * Hub grants no right to pull from a new repository, and returns 401 instead of 404.
   */
  pushesTo: (repositories: readonly Repository[]) => void
}

type Held = { header: Promise<string | undefined>; expiresAt: number }

/** Seconds at the end of a token's life in which it is not used, since a request takes time. */
const margin = 10

/**
 * Sends credentials to two places only: the registry that they are for (Basic), and the token
 * service that this registry names (Bearer), which must be https unless registry and service are
 * both on this machine.
 * @param options.now milliseconds, as Date.now
 */
export function createAuthenticator(options: {
  credentials: CredentialLookup
  transport: Transport
  now: () => number
}): Authenticator {
  const { transport, now } = options
  const asked = new Map<string, ReturnType<CredentialLookup>>()
  // A credential helper is a process and may prompt a person, so it runs once per registry.
  const credentials: CredentialLookup = (registry) => {
    const found = asked.get(registry) ?? options.credentials(registry)
    asked.set(registry, found)
    return found
  }
  const challenges = new Map<string, Challenge>()
  const held = new Map<string, Held>()
  const pushed = new Set<string>()
  const heldFor = (key: string): Held | undefined => {
    const entry = held.get(key)
    return entry !== undefined && entry.expiresAt > now() ? entry : undefined
  }

  const renew = (purpose: Purpose, scopes: readonly Scope[], challenge: Challenge) => {
    const key = keyOf(purpose, scopes)
    const obtain = async (): Promise<string | undefined> => {
      try {
        const own = await credentials(purpose.registry)
        const wanted = own === undefined ? scopes : scopes.map((scope) => widened(purpose, scope, pushed))
        const authorization = await authorize(transport, purpose, wanted, challenge, own)
        entry.expiresAt = now() + ((authorization?.lifetime ?? Infinity) - margin) * 1000
        return authorization?.header
      } catch (error) {
        held.delete(key)
        throw error
      }
    }
    // Stored as a promise, so that parallel requests wait for the same token.
    const entry: Held = { header: Promise.resolve(undefined), expiresAt: Infinity }
    held.set(key, entry)
    entry.header = obtain()
    return entry.header
  }

  return {
    header: async (purpose, scopes) => {
      const challenge = challenges.get(purpose.registry)
      if (challenge === undefined) return undefined
      return heldFor(keyOf(purpose, scopes))?.header ?? renew(purpose, scopes, challenge)
    },
    answer: async (purpose, scopes, header, sent) => {
      const offered = parseChallenges(header)
      const challenge = offered.find(({ scheme }) => scheme === 'bearer') ?? offered[0]
      if (challenge === undefined) return undefined
      challenges.set(purpose.registry, challenge)
      const meanwhile = await heldFor(keyOf(purpose, scopes))?.header
      return meanwhile !== undefined && meanwhile !== sent ? meanwhile : renew(purpose, scopes, challenge)
    },
    credentialsFor: credentials,
    pushesTo: (repositories) => {
      for (const repository of repositories) pushed.add(formatRepository(repository))
    },
  }
}

function widened({ registry }: Purpose, scope: Scope, pushed: ReadonlySet<string>): Scope {
  const path = /^repository:(.+):pull$/.exec(scope)?.[1]
  if (path === undefined || !pushed.has(formatRepository({ registry, path }))) return scope
  return `repository:${path}:pull,push`
}

function keyOf({ registry }: Purpose, scopes: readonly Scope[]): string {
  return [registry, ...[...scopes].sort()].join(' ')
}
