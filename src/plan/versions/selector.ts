import { normalRange } from './range.ts'
import { isForOneArchitecture, parseRelease, type Product } from './release.ts'
import { otherHardware } from './suffix.ts'
import { parseEngineVersion, trailingVariant, versionParts } from './version.ts'

/** One version or set of versions; `text` is what the user wrote, for messages. */
export type Selector = { text: string } & (
  | { kind: 'exact'; tag: string }
  | { kind: 'default' }
  /** The NIXL that the base ships */
  | { kind: 'base' }
  | { kind: 'latest'; lines: number; variant: string }
  | { kind: 'range'; range: string; variant: string }
)

/** `include` is never empty. */
export type Selectors = { include: Selector[]; exclude: Selector[] }

/** In characters: the worst text of this length takes one to two seconds among 10,000 tags */
const longestText = 2048

/** In characters: more than tags of a registry (128) and sensible branch names have */
const longestItem = 256

/**
 * Reads selectors, separated by commas or line feeds. `!` before one leaves out what it selects.
 * @returns what is invalid, printable, and what is allowed instead; never throws
 */
export function parseSelectors(
  text: string,
  product: Product,
): Selectors | { invalid: string; allowed: string } {
  if (text.length > longestText)
    return { invalid: printable(text), allowed: `at most ${longestText} characters` }
  const selectors: Selectors = { include: [], exclude: [] }
  for (const item of itemsOf(text)) {
    const leavesOut = item.startsWith('!')
    const selector = parseSelector(leavesOut ? item.slice(1).trimStart() : item, product)
    if (!selector) return { invalid: printable(item), allowed: notForCuda(item, product) ?? allowed[product] }
    selectors[leavesOut ? 'exclude' : 'include'].push(selector)
  }
  const torn = tornRange(selectors.include)
  if (torn !== undefined) return { invalid: torn, allowed: 'a range in one piece (">=0.10 <0.12")' }
  if (selectors.include.length > 0) return selectors
  return {
    invalid: printable(text.trim()),
    allowed:
      selectors.exclude.length === 0
        ? allowed[product]
        : `something that "!" leaves versions out of: ${allowed[product]}`,
  }
}

function itemsOf(text: string): Set<string> {
  const items = text.split(/[,\r\n]/).map((item) => item.replace(/\s+/g, ' ').trim())
  return new Set(items.filter((item) => item !== ''))
}

const latest = new RegExp(`^latest(?:-([1-9]\\d?))?((?:${versionParts.variant})*)$`)

function parseSelector(text: string, product: Product): Selector | undefined {
  if (text.length > longestItem) return undefined
  if (text === 'default') return { text, kind: 'default' }
  if (text === 'base' && product === 'nixl') return { text, kind: 'base' }
  return (
    parseLatest(text, product) ??
    parseExact(text, product) ??
    parseRange(text, product) ??
    parseRef(text, product)
  )
}

function parseLatest(text: string, product: Product): Selector | undefined {
  const match = latest.exec(text)
  if (!match) return undefined
  const [, lines = '1', variant = ''] = match
  return isSearchable(variant, product) ? { text, kind: 'latest', lines: Number(lines), variant } : undefined
}

function parseExact(text: string, product: Product): Selector | undefined {
  if (product === 'engine') {
    const version = parseEngineVersion(text)
    return version && { text, kind: 'exact', tag: version.tag }
  }
  const release = parseRelease(product, text)
  return release && { text, kind: 'exact', tag: release.tag }
}

function parseRange(text: string, product: Product): Selector | undefined {
  const variant = trailingVariant(text)
  const range = normalRange(text.slice(0, text.length - variant.length))
  if (range === undefined || !isSearchable(variant, product)) return undefined
  return { text, kind: 'range', range, variant }
}

/** Refs as git allows them, as far as users need that (git-check-ref-format), except options */
const refName = /^(?!-)(?!.*(?:\.\.|@\{|\/\/|\.lock$|[/.]$))[A-Za-z0-9_./+@-]+$/

/** All else is a branch, a tag or a commit of AIBrix: forty digits are too long for a version. */
function parseRef(text: string, product: Product): Selector | undefined {
  return product === 'aibrix' && refName.test(text) ? { text, kind: 'exact', tag: text } : undefined
}

/** @returns what is allowed, if the text is an image for other hardware */
function notForCuda(text: string, product: Product): string | undefined {
  const other = product === 'engine' ? otherHardware(/[-_][\w.-]*$/.exec(text)?.[0] ?? '') : undefined
  return (
    other &&
    `images for NVIDIA CUDA, for which AIBrix's extension is compiled ("${printable(other.part)}" marks an image for ${other.name})`
  )
}

function isSearchable(variant: string, product: Product): boolean {
  return variant === '' || (product === 'engine' && !isForOneArchitecture(variant))
}

/** `>=0.10, <0.12`, pip's syntax of a range, would be two ranges that select every version. */
function tornRange(selectors: readonly Selector[]): string | undefined {
  const lone = selectors.filter((one) => one.kind === 'range' && /^[<>][^ ]+$/.test(one.range))
  const lower = lone.find(({ text }) => text.startsWith('>'))
  const upper = lone.find(({ text }) => text.startsWith('<'))
  return lower && upper && `${lower.text}, ${upper.text}`
}

/** For messages: the title of a pull request can be long, and contain control characters. */
function printable(text: string): string {
  const start = text.slice(0, 60).replace(/[^\x20-\x7e]/g, '?')
  return text.length > 60 ? `${start}…` : start
}

const common = 'default, latest, latest-3 (the newest of three minor lines)'
const list = 'a list of these, !x to leave x out'

const allowed: Record<Product, string> = {
  engine: `${common}, a version such as v0.10.2 or v0.20.0-cu129, a range such as ">=0.10 <0.12" or ~0.20-cu129, ${list}`,
  aibrix: `${common}, the name of a tag or a branch, a full commit, a range such as ~0.6, ${list}`,
  nixl: `base, ${common}, a version such as 0.7.1, a range such as ">=0.7 <1", ${list}`,
}
