import { createScanner } from './scan.ts'

/** One link of a Link header: where it leads, as it stands there, and its relations in lower case. */
export type Link = { target: string; relations: string[] }

const separator = /[\s,]*/y
const reference = /<([^<>]*)>/y
const parameter =
  /[ \t]*;[ \t]*(?:([A-Za-z0-9!#$%&'*+.^_`|~-]+)[ \t]*(?:=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?)?/y

/**
 * Parses a Link header (RFC 8288, section 3).
 * @returns undefined if it can't be read: then it is not known whether there is more to come
 */
export function parseLinks(header: string): Link[] | undefined {
  const { take, isAtEnd } = createScanner(header)
  const links: Link[] = []
  for (;;) {
    take(separator)
    if (isAtEnd()) return links
    const target = take(reference)?.[1]
    if (target === undefined) return undefined
    let relations: string[] | undefined
    for (let each = take(parameter); each !== undefined; each = take(parameter)) {
      const [, name, quoted, bare] = each
      // The first one counts (RFC 8288, 3.3).
      if (name?.toLowerCase() === 'rel') relations ??= (quoted ?? bare ?? '').toLowerCase().split(/\s+/)
    }
    links.push({ target, relations: relations ?? [] })
  }
}
