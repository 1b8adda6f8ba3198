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
import { readBaseCompression, readBaseImage } from './base-image.ts'
import { readBuildArguments } from './build-arguments.ts'
import { readEnvironment } from './environment.ts'
import { readExtraFiles } from './extra-files.ts'
import { readExtraPackages } from './extra-packages.ts'
import { eventTagOf } from './event-tag.ts'
import { choice, lines, parts } from './fields.ts'
import type { InputContext } from './context.ts'
import { readMirrors } from './mirrors.ts'
import { readOverwriting } from './overwriting.ts'
import { readPlatforms } from './platforms.ts'
import { readRepository, readUcx } from './repositories.ts'
import { type InputReader, quoted } from './problems.ts'
import { readBaseRegistry, readCacheRepository, readNamespace, readRegistry } from './registries.ts'
import { readSkipping } from './skipping.ts'
import { lackingZeros, mayLackZeros } from './yaml.ts'

export function readPlanRequest(reader: InputReader, context: InputContext, push: boolean): PlanRequest {
  const registry = readRegistry(reader)
  const namespace = readNamespace(reader, registry)
  const engines = readEngines(reader)
  const cacheRepository = readCacheRepository(reader, registry, namespace)
  return {
    engines,
    aibrix: {
      repository: readRepository(reader, 'aibrix-repository', context),
      versions: readAibrix(reader, context),
    },
    nixl: readSelectors(reader, 'nixl-version', 'nixl', reader.read('nixl-version')) ?? nothing,
    ucxRepository: readUcx(reader, context),
    integration: choice(reader, 'integration', ['auto', 'patch', 'module', 'none']) ?? 'auto',
    gpuArchitectures: readGpuArchitectures(reader),
    platforms: readPlatforms(reader),
    buildArguments: readBuildArguments(reader),
    environment: readEnvironment(reader),
    extraPackages: readExtraPackages(reader),
    extraFiles: readExtraFiles(reader, context),
    registry,
    namespace,
    baseRegistry: readBaseRegistry(reader),
    baseImage: readBaseImage(reader, engines),
    baseCompression: readBaseCompression(reader),
    cacheRepository,
    mirrors: readMirrors(reader, {
      engines: engines.map(({ engine }) => engine),
      registry,
      namespace,
      cacheRepository,
    }),
    templates: readTemplates(reader),
    date: readDate(reader, context.now),
    ...readOverwriting(reader, push),
    ...readSkipping(reader, context.now),
  }
}

/** The value of refused selectors */
const nothing: Selectors = { include: [], exclude: [] }

/**
 * Reads `aibrix-version`. Default: the event's tag in AIBrix's repository, else `default`. A tag of
 * another repository is refused: a green run with `default` would look like a build of that tag.
 */
function readAibrix(reader: InputReader, context: InputContext): Selectors {
  const given = reader.read('aibrix-version')
  // The other commands take the versions of a plan.
  if (given === '' && ['run', 'plan'].includes(reader.read('command'))) {
    const repository = reader.read('aibrix-repository')
    const found = eventTagOf(context.event, repository)
    if (found.kind === 'aibrix')
      return { include: [{ text: found.tag, kind: 'exact', tag: found.tag }], exclude: [] }
    if (found.kind === 'elsewhere') {
      reader.refuse(
        'aibrix-version',
        'a version such as default; or set aibrix-repository to the repository of the tag, if that is AIBrix',
        `no version on ${found.event}, while aibrix-repository is ${repository},`,
      )
      return nothing
    }
  }
  return readSelectors(reader, 'aibrix-version', 'aibrix', given || 'default') ?? nothing
}

function readGpuArchitectures(reader: InputReader): GpuArchitectures {
  const value = reader.read('gpu-architectures')
  if (value === 'auto') return 'auto'
  const named = parts(value, /[\s,;]+/)
  // YAML reads an unquoted 9.0 as 9, which is not ambiguous here.
  const complete = named.map((part) => (/^\d+$/.test(part) ? `${part}.0` : part))
  if (named.length === 0 || !complete.every((part) => /^(?:[5-9]|[12]\d)\.\d$/.test(part)))
    reader.refuse('gpu-architectures', 'auto, or compute capabilities such as "8.0 9.0"')
  return [...new Set(complete)].sort((left, right) => Number(left) - Number(right))
}

function readTemplates(reader: InputReader): TagTemplate[] {
  const templates: TagTemplate[] = []
  const value = reader.read('tags')
  if (mayLackZeros(value) && !isDay(value))
    reader.refuse('tags', 'a tag that is not a bare number, such as one with a v', lackingZeros(value))
  for (const line of lines(reader, 'tags')) {
    const template = parseTemplate(line)
    if ('unknown' in template)
      reader.refuse(
        'tags',
        `only characters of a tag and ${templateNames.map((name) => `{{${name}}}`).join(' ')}`,
        quoted(template.unknown),
      )
    else templates.push(template)
  }
  if (templates.length === 0 && value === '') reader.refuse('tags', 'one tag template per line')
  // Tags without a date are promoted last, so that the dated tag of what they name exists already.
  return templates.sort((left, right) => Number(right.dated) - Number(left.dated))
}

function readDate(reader: InputReader, now: Date): string {
  const value = reader.read('date')
  const today = now.toISOString().slice(0, 10).replaceAll('-', '')
  if (value !== '' && !isDay(value))
    reader.refuse('date', 'a calendar day as YYYYMMDD, or nothing for today in UTC')
  return value === '' ? today : value
}
