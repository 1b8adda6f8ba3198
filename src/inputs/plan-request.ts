import {
  type GpuArchitectures,
  isDay,
  parseTemplate,
  type PlanRequest,
  type Selectors,
  type TagTemplate,
  templateNames,
} from '../plan/index.ts'
import { readEngines, readSelectors } from './engines.ts'
import { readBuildArguments } from './build-arguments.ts'
import { readEnvironment } from './environment.ts'
import { eventTagOf } from './event-tag.ts'
import { boolean, choice, lines, type Source } from './fields.ts'
import type { InputContext } from './context.ts'
import { readPlatforms } from './platforms.ts'
import { readRepository, readUcx } from './repositories.ts'
import { quoted } from './problems.ts'
import { readBaseRegistry, readCacheRepository, readNamespace, readRegistry } from './registries.ts'
import { readSkipping } from './skipping.ts'
import { lackingZeros, mayLackZeros } from './yaml.ts'

export function readPlanRequest(source: Source, context: InputContext, push: boolean): PlanRequest {
  const registry = readRegistry(source)
  const namespace = readNamespace(source, registry)
  const overwrite = boolean(source, 'overwrite-tags')
  return {
    engines: readEngines(source),
    aibrix: {
      repository: readRepository(source, 'aibrix-repository', context),
      versions: readAibrix(source, context),
    },
    nixl: readSelectors(source, 'nixl-version', 'nixl', source.read('nixl-version')) ?? nothing,
    ucxRepository: readUcx(source, context),
    integration: choice(source, 'integration', ['auto', 'patch', 'module', 'none']) ?? 'auto',
    gpuArchitectures: readGpuArchitectures(source),
    platforms: readPlatforms(source),
    buildArguments: readBuildArguments(source),
    environment: readEnvironment(source),
    registry,
    namespace,
    baseRegistry: readBaseRegistry(source),
    cacheRepository: readCacheRepository(source, registry, namespace),
    templates: readTemplates(source),
    date: readDate(source, context.now),
    publicTags: push ? (overwrite ? 'overwrite' : 'look') : 'ignore',
    ...readSkipping(source, context.now),
  }
}

/** Stands for selectors that were complained about. */
const nothing: Selectors = { include: [], exclude: [] }

/**
 * Nothing given is the tag that the event is about, if it is one of AIBrix's, else `default`: but not where the event is about another
 * repository's tag, since to whoever released that, a green run with AIBrix's default looks like what was released.
 */
function readAibrix(source: Source, context: InputContext): Selectors {
  const given = source.read('aibrix-version')
  if (given === '' && plans(source)) {
    const repository = source.read('aibrix-repository')
    const found = eventTagOf(context.event, repository)
    if (found.kind === 'aibrix')
      return { include: [{ text: found.tag, kind: 'exact', tag: found.tag }], exclude: [] }
    if (found.kind === 'elsewhere') {
      const what = `nothing, on ${found.event}, while aibrix-repository is ${repository},`
      source.problems.add(
        'aibrix-version',
        what,
        'a version such as default; or set aibrix-repository to the repository of the tag, if that is AIBrix',
      )
      return nothing
    }
  }
  return readSelectors(source, 'aibrix-version', 'aibrix', given || 'default') ?? nothing
}

/** The other commands take what a plan says. */
function plans(source: Source): boolean {
  return ['run', 'plan'].includes(source.read('command'))
}

function readGpuArchitectures(source: Source): GpuArchitectures {
  const value = source.read('gpu-architectures')
  if (value === 'auto') return 'auto'
  const named = value.split(/[\s,;]+/).filter((part) => part !== '')
  // Of 9.0 without quotes YAML leaves 9, which can be nothing else.
  const complete = named.map((part) => (/^\d+$/.test(part) ? `${part}.0` : part))
  if (named.length === 0 || !complete.every((part) => /^(?:[5-9]|[12]\d)\.\d$/.test(part)))
    source.problems.add('gpu-architectures', quoted(value), 'auto, or compute capabilities such as "8.0 9.0"')
  return [...new Set(complete)].sort((left, right) => Number(left) - Number(right))
}

function readTemplates(source: Source): TagTemplate[] {
  const templates: TagTemplate[] = []
  const value = source.read('tags')
  if (mayLackZeros(value) && !isDay(value))
    source.problems.add('tags', lackingZeros(value), 'a tag that is no bare number, such as one with a v')
  for (const line of lines(source, 'tags')) {
    const template = parseTemplate(line)
    if ('unknown' in template)
      source.problems.add(
        'tags',
        quoted(template.unknown),
        `characters of a tag and ${templateNames.map((name) => `{{${name}}}`).join(' ')}`,
      )
    else templates.push(template)
  }
  if (templates.length === 0 && value === '')
    source.problems.add('tags', 'nothing', 'one tag template per line')
  // Tags without a date are promoted last: whoever follows them gets what the dated tag already names.
  return templates.sort((left, right) => Number(right.dated) - Number(left.dated))
}

function readDate(source: Source, now: Date): string {
  const value = source.read('date')
  const today = now.toISOString().slice(0, 10).replaceAll('-', '')
  if (value !== '' && !isDay(value))
    source.problems.add(
      'date',
      quoted(value),
      'a day of the calendar as YYYYMMDD, or nothing for today in UTC',
    )
  return value === '' ? today : value
}
