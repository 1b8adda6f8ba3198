import { createScanner } from '../http/scan.ts'

/** What a registry asks for when it answers 401. Schemes that we do not speak are left out. */
export type Challenge =
  | { scheme: 'bearer'; realm: string; service: string | undefined; scope: string | undefined }
  | { scheme: 'basic' }

type Raw = { scheme: string; parameters: Map<string, string> }

const separator = /[\s,]*/y
const token = /[A-Za-z0-9!#$%&'*+.^_`|~-]+/y
const equals = /[ \t]*=[ \t]*/y
const quoted = /"((?:[^"\\]|\\.)*)"/y
const bare = /[^\s,"]*/y

/**
 * Parses WWW-Authenticate (RFC 9110, 11.6.1): several challenges in one line, quoted strings with commas in them
 * (`scope="repository:a:pull,push"`).
 * @returns the challenges that we can answer, in the registry's order; of text that does not parse, what stood before it
 */
export function parseChallenges(header: string): Challenge[] {
  return rawChallenges(header).flatMap(({ scheme, parameters }): Challenge[] => {
    if (scheme === 'basic') return [{ scheme }]
    const realm = parameters.get('realm')
    if (scheme !== 'bearer' || realm === undefined) return []
    return [{ scheme, realm, service: parameters.get('service'), scope: parameters.get('scope') }]
  })
}

function rawChallenges(header: string): Raw[] {
  const challenges: Raw[] = []
  const { take } = createScanner(header)
  for (;;) {
    take(separator)
    const name = take(token)?.[0].toLowerCase()
    if (name === undefined) return challenges
    // A name with `=` behind it belongs to the challenge before it; a name without one begins the next challenge.
    if (take(equals) === undefined) {
      challenges.push({ scheme: name, parameters: new Map() })
    } else {
      const value = take(quoted)?.[1]?.replace(/\\(.)/g, '$1') ?? take(bare)?.[0] ?? ''
      challenges.at(-1)?.parameters.set(name, value)
    }
  }
}
