import { type Engine, engineNames, parseSelectors, type Product, type Selectors } from '../plan/index.ts'
import { entries, parts } from './fields.ts'
import { type InputReader, quoted } from './problems.ts'
import { lackingZeros, mayLackZeros, withZero } from './yaml.ts'

type EngineRequest = { engine: Engine; versions: Selectors }

/** A line that names its engine: `vllm: >=0.10 <0.12` */
const engineLine = /^([a-z]+)\s*:(.*)$/

/** A line that names a second engine behind a comma, which separates versions only */
const engineBehindComma = new RegExp(`,\\s*(?:${engineNames.join('|')})\\s*:`)

/**
 * Reads `engine` and `versions`: selectors for one engine, or for two engines entries
 * `engine: selectors`, in lines or separated by `;`.
 */
export function readEngines(reader: InputReader): EngineRequest[] {
  const engines = readEngineNames(reader)
  if (!engines) return []
  const given = entries(reader, 'versions')
  const named = given.filter((line) => engineLine.test(line))
  if (named.length === 0) return forAll(reader, engines, given.join(','))
  const joined = named.find((line) => engineBehindComma.test(line))
  if (joined !== undefined) {
    reader.refuse('versions', `";" between engines, not a comma: ${engineLines(engines)}`, quoted(joined))
    return []
  }
  const byEngine = readEngineLines(reader, engines, given)
  return engines.flatMap((engine) => {
    const texts = byEngine.get(engine)
    if (!texts) reader.refuse('versions', engineLines(engines), `a value without a line for ${engine}`)
    const versions = texts && readSelectors(reader, 'versions', 'engine', texts.join(','))
    return versions ? [{ engine, versions }] : []
  })
}

/** @returns undefined if the text was refused */
export function readSelectors(
  reader: InputReader,
  input: string,
  product: Product,
  text: string,
): Selectors | undefined {
  // With anything else in the input, YAML reads the whole as a text.
  if (text === reader.read(input) && mayLackZeros(text))
    return reader.refuse(
      input,
      `"${withZero(text)}" in quotes, or ~${text} for all of ${text}`,
      lackingZeros(text),
    )
  const selectors = parseSelectors(text, product)
  if (!('invalid' in selectors)) return selectors
  return reader.refuse(input, selectors.allowed, quoted(selectors.invalid))
}

/** Two engines share no version numbers, but `default` and `latest` apply to both. */
function forAll(reader: InputReader, engines: Engine[], text: string): EngineRequest[] {
  const versions = readSelectors(reader, 'versions', 'engine', text)
  if (!versions) return []
  const numbered = [...versions.include, ...versions.exclude].find(
    ({ kind }) => kind === 'exact' || kind === 'range',
  )
  if (engines.length > 1 && numbered) reader.refuse('versions', engineLines(engines), quoted(numbered.text))
  return engines.map((engine) => ({ engine, versions }))
}

/** @returns undefined if a name was refused, whose line in `versions` is no second mistake */
function readEngineNames(reader: InputReader): Engine[] | undefined {
  const named = parts(reader.read('engine'), /[\s,]+/)
  const engines = engineNames.filter((engine) => named.includes(engine))
  if (named.length === 0 || named.some((name) => !(engineNames as string[]).includes(name)))
    return reader.refuse('engine', `${engineNames.join(', ')}, or both`)
  return engines
}

function readEngineLines(reader: InputReader, engines: Engine[], given: string[]): Map<Engine, string[]> {
  const byEngine = new Map<Engine, string[]>()
  for (const line of given) {
    const [, name, text] = engineLine.exec(line) ?? []
    const engine = engines.find((candidate) => candidate === name)
    if (!engine || text === undefined) reader.refuse('versions', engineLines(engines), quoted(line))
    else byEngine.set(engine, [...(byEngine.get(engine) ?? []), text])
  }
  return byEngine
}

function engineLines(engines: Engine[]): string {
  const each = engines.map((engine) => `${engine}: <versions>`)
  const inOne = engines.length > 1 ? `, or in one line "${each.join('; ')}"` : ''
  return `a line for each engine: ${each.map((line) => `"${line}"`).join(' and ')}${inOne}`
}
