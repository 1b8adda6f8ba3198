import { type Engine, engineNames } from '../plan/engine.ts'
import { type EngineVersion, parseEngineVersion } from '../plan/version.ts'
import { lines, type Source } from './fields.ts'
import { quoted } from './problems.ts'

type EngineRequest = { engine: Engine; version: EngineVersion | 'default' }

const allowedVersion = 'default, or one exact version of the engine such as v0.10.2'

/** `engine` and `versions`: one engine with its version, or two with a line `engine: version` each. */
export function readEngines(source: Source): EngineRequest[] {
  const engines = readEngineNames(source)
  const given = lines(source, 'versions')
  if (given.length === 0) source.problems.add('versions', 'nothing', allowedVersion)
  if (given.length === 1 && !given[0]?.includes(':') && (engines.length === 1 || given[0] === 'default'))
    return engines.map((engine) => ({ engine, version: readVersion(source, given[0] ?? '') }))
  const byEngine = readVersionLines(source, engines, given)
  return engines.flatMap((engine) => {
    const version = byEngine.get(engine)
    if (version === undefined) source.problems.add('versions', `no line for ${engine}`, engineLines(engines))
    return version === undefined ? [] : [{ engine, version }]
  })
}

function readEngineNames(source: Source): Engine[] {
  const value = source.read('engine')
  const named = value.split(/[\s,]+/).filter((name) => name !== '')
  const engines = engineNames.filter((engine) => named.includes(engine))
  if (named.length === 0 || named.some((name) => !(engineNames as string[]).includes(name)))
    source.problems.add('engine', quoted(value), `${engineNames.join(', ')}, or both`)
  return engines
}

function readVersionLines(
  source: Source,
  engines: Engine[],
  given: string[],
): Map<Engine, EngineVersion | 'default'> {
  const byEngine = new Map<Engine, EngineVersion | 'default'>()
  for (const line of given) {
    const [name, version] = line.split(/:\s*/, 2)
    const engine = engines.find((candidate) => candidate === name)
    if (!engine || version === undefined) source.problems.add('versions', quoted(line), engineLines(engines))
    else if (byEngine.has(engine)) source.problems.add('versions', quoted(line), `one line for ${engine}`)
    else byEngine.set(engine, readVersion(source, version))
  }
  return byEngine
}

function readVersion(source: Source, text: string): EngineVersion | 'default' {
  if (text === 'default') return 'default'
  const version = parseEngineVersion(text)
  if (!version) source.problems.add('versions', quoted(text), allowedVersion)
  return version ?? 'default'
}

function engineLines(engines: Engine[]): string {
  return `a line for each engine: ${engines.map((engine) => `"${engine}: <version>"`).join(' and ')}`
}
