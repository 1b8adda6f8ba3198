import { isVersionRange, longestValue } from '../plan/index.ts'
import { normalizedName } from '../text.ts'
import { isMarker } from './marker.ts'
import { type InputReader, quoted } from './problems.ts'

/** The parts of a requirement (PEP 508) that names a package of an index. Its blanks are single spaces. */
const requirement =
  /^(?<name>[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?) ?(?:\[(?<extras>[\w., -]*)\])? ?(?<versions>[^;[\]]*?) ?(?:; ?(?<marker>[\w. '"<>=!~(),+*-]+))?$/

/** Packages that have an input of their own, or that nothing may replace. */
const others: readonly [name: RegExp, use: string][] = [
  [/^(?:vllm|sglang|torch)$/, "other packages, since the base's own engine and torch stay"],
  [/^nixl(?:-cu\d+)?$/, 'nixl-version for NIXL'],
  [/^aibrix-kvcache$/, 'aibrix-version for AIBrix'],
]

const allowed =
  'one name with versions per line, such as vllm-omni==0.30.0 or a>=1; python_version >= "3.12"; no options, addresses and paths: package-index says where packages come from'

/**
 * Reads `extra-packages`: requirements of pip, one per line, perhaps with a comment.
 * @returns sorted by name, each in one spelling
 */
export function readExtraPackages(reader: InputReader): string[] {
  const found = new Map<string, string>()
  for (const given of reader.read('extra-packages').split('\n')) {
    const line = given
      .replace(/(?:^|\s)#.*$/, '')
      .replace(/\s+/g, ' ')
      .trim()
    if (line === '') continue
    if (line.length > longestValue) return refuseLength(reader)
    const { name, text } = parse(line) ?? {}
    const other = others.find(([pattern]) => name !== undefined && pattern.test(name))
    if (name === undefined || text === undefined) reader.refuse('extra-packages', allowed, quoted(line))
    else if (other) reader.refuse('extra-packages', other[1], quoted(line))
    else if (found.has(name)) reader.refuse('extra-packages', 'each package once', quoted(line))
    else found.set(name, text)
  }
  const lines = [...found].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, text]) => text)
  return lines.join('\n').length > longestValue ? refuseLength(reader) : lines
}

function refuseLength(reader: InputReader): string[] {
  reader.refuse('extra-packages', `at most ${longestValue} characters`, 'a longer list (not shown)')
  return []
}

function parse(line: string): { name: string; text: string } | undefined {
  const { name, extras = '', versions = '', marker } = requirement.exec(line)?.groups ?? {}
  if (name === undefined || (marker !== undefined && !isMarker(marker))) return undefined
  const range = versions.replace(/^\((.*)\)$/, '$1').replaceAll(' ', '')
  if (range !== '' && !isVersionRange(range)) return undefined
  const normalized = normalizedName(name)
  const wanted = extras.split(',').map((extra) => extra.trim())
  const some = wanted.filter((extra) => extra !== '').sort()
  if (!some.every((extra) => /^[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?$/.test(extra))) return undefined
  const shown = some.length === 0 ? '' : `[${some.join(',')}]`
  const condition = marker === undefined ? '' : `; ${marker.trim()}`
  return { name: normalized, text: `${normalized}${shown}${range}${condition}` }
}
