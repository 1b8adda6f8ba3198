import { type Engine, engineNames, parseSelectors, type Product, type Selectors } from '../plan/index.ts'
import { entries, type Source } from './fields.ts'
import { quoted } from './problems.ts'
import { lackingZeros, mayLackZeros, withZero } from './yaml.ts'

type EngineRequest = { engine: Engine; versions: Selectors }

/** A line that names its engine: `vllm: >=0.10 <0.12` */
const engineLine = /^([a-z]+)\s*:(.*)$/

/** Two engines in one line, with what separates versions between them */
const engineBehindComma = new RegExp(`,\\s*(?:${engineNames.join('|')})\\s*:`)

/** `engine` and `versions`: selectors for one engine, or for two with lines `engine: selectors`, or one line and `;` between them. */
export function readEngines(source: Source): EngineRequest[] {
  const engines = readEngineNames(source)
  if (!engines) return []
  const given = entries(source, 'versions')
  const named = given.filter((line) => engineLine.test(line))
  if (named.length === 0) return forAll(source, engines, given.join(','))
  const joined = named.find((line) => engineBehindComma.test(line))
  if (joined !== undefined) {
    source.problems.add(
      'versions',
      quoted(joined),
      `";" and no comma between engines: ${engineLines(engines)}`,
    )
    return []
  }
  const byEngine = readEngineLines(source, engines, given)
  return engines.flatMap((engine) => {
    const texts = byEngine.get(engine)
    if (!texts) source.problems.add('versions', `no line for ${engine}`, engineLines(engines))
    const versions = texts && readSelectors(source, 'versions', 'engine', texts.join(','))
    return versions ? [{ engine, versions }] : []
  })
}

/** @returns undefined if it has complained */
export function readSelectors(
  source: Source,
  input: string,
  product: Product,
  text: string,
): Selectors | undefined {
  // Whatever else is in an input makes a text of it.
  if (text === source.read(input) && mayLackZeros(text))
    return source.problems.add(
      input,
      lackingZeros(text),
      `"${withZero(text)}" in quotes, or ~${text} for all of ${text}`,
    )
  const selectors = parseSelectors(text, product)
  if (!('invalid' in selectors)) return selectors
  return source.problems.add(input, quoted(selectors.invalid), selectors.allowed)
}

/** Version numbers of two engines have nothing to do with each other; `default` and `latest` mean something for both. */
function forAll(source: Source, engines: Engine[], text: string): EngineRequest[] {
  const versions = readSelectors(source, 'versions', 'engine', text)
  if (!versions) return []
  const numbered = [...versions.include, ...versions.exclude].find(
    ({ kind }) => kind === 'exact' || kind === 'range',
  )
  if (engines.length > 1 && numbered)
    source.problems.add('versions', quoted(numbered.text), engineLines(engines))
  return engines.map((engine) => ({ engine, versions }))
}

/** @returns undefined if it has complained: what `versions` has for an engine that is misspelt is no second mistake */
function readEngineNames(source: Source): Engine[] | undefined {
  const value = source.read('engine')
  const named = value.split(/[\s,]+/).filter((name) => name !== '')
  const engines = engineNames.filter((engine) => named.includes(engine))
  if (named.length === 0 || named.some((name) => !(engineNames as string[]).includes(name)))
    return source.problems.add('engine', quoted(value), `${engineNames.join(', ')}, or both`)
  return engines
}

function readEngineLines(source: Source, engines: Engine[], given: string[]): Map<Engine, string[]> {
  const byEngine = new Map<Engine, string[]>()
  for (const line of given) {
    const [, name, text] = engineLine.exec(line) ?? []
    const engine = engines.find((candidate) => candidate === name)
    if (!engine || text === undefined) source.problems.add('versions', quoted(line), engineLines(engines))
    else byEngine.set(engine, [...(byEngine.get(engine) ?? []), text])
  }
  return byEngine
}

function engineLines(engines: Engine[]): string {
  const each = engines.map((engine) => `${engine}: <versions>`)
  const inOne = engines.length > 1 ? `, or in one line "${each.join('; ')}"` : ''
  return `a line for each engine: ${each.map((line) => `"${line}"`).join(' and ')}${inOne}`
}
