/** A link's target or a parameter (RFC 8288, section 3). Sticky: a header is read in one pass. */
const token =
  /[\s,]*<([^<>]*)>|[ \t]*;[ \t]*(?:([A-Za-z0-9!#$%&'*+.^_`|~-]+)[ \t]*(?:=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?)?/gy

/**
 * Finds the next page in a Link header.
 * @returns its address as written, `''` if no page follows; undefined if the header cannot be read
 */
export function nextLink(header: string): string | undefined {
  const links: { target: string; relation?: string }[] = []
  let end = 0
  for (const match of header.matchAll(token)) {
    const [text, target, name, quoted, bare] = match
    const link = links.at(-1)
    if (target !== undefined) links.push({ target })
    else if (!link) return undefined
    // The first relation counts (RFC 8288, 3.3).
    else if (name?.toLowerCase() === 'rel') link.relation ??= (quoted ?? bare ?? '').toLowerCase().trim()
    end = match.index + text.length
  }
  if (/[^\s,]/.test(header.slice(end))) return undefined
  // A link without a relation must mean the next page, as in go-containerregistry.
  const next = links.find(({ relation }) => relation?.split(/\s+/).includes('next'))
  return (next ?? links.find(({ relation = '' }) => relation === ''))?.target ?? ''
}
