/** What a registry requires with a 401. Other schemes are left out. */
export type Challenge =
  | { scheme: 'bearer'; realm: string; service: string | undefined; scope: string | undefined }
  | { scheme: 'basic' }

/** A scheme, or a parameter with its value. Sticky, so a header is read in one pass. */
const token = /[\s,]*([A-Za-z0-9!#$%&'*+.^_`|~-]+)(?:[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?/gy

/**
 * Parses WWW-Authenticate (RFC 9110, 11.6.1): several challenges in one line, and quoted strings
 * with commas in them (`scope="repository:a:pull,push"`).
 * @returns the challenges that we can answer, in the registry's order, up to a syntax error
 */
export function parseChallenges(header: string): Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = []
  for (const [, written = '', quoted, bare] of header.matchAll(token)) {
    const name = written.toLowerCase()
    const value = quoted?.replace(/\\(.)/g, '$1') ?? bare
    // A name without `=` starts the next challenge.
    if (value === undefined) challenges.push({ scheme: name, parameters: new Map() })
    else challenges.at(-1)?.parameters.set(name, value)
  }
  return challenges.flatMap(({ scheme, parameters }): Challenge[] => {
    if (scheme === 'basic') return [{ scheme }]
    const realm = parameters.get('realm')
    if (scheme !== 'bearer' || realm === undefined) return []
    return [{ scheme, realm, service: parameters.get('service'), scope: parameters.get('scope') }]
  })
}
