import * as v from 'valibot'
import { formats } from './contents.ts'
import { UserError } from '../errors.ts'
import { type Digest, formatReference, isDigest } from '../registry/index.ts'
import {
  type BaseImage,
  canonicalJson,
  choosers,
  engineNames,
  isDay,
  isOneLine,
  isVariableName,
  nixlOrigins,
  type Plan,
  type PlannedImage,
  type PlannedLeg,
  sha256,
} from '../plan/index.ts'
import { recordOf, jsonOf } from '../json.ts'

const text = v.string()
const digest = v.custom<Digest>(
  (value) => typeof value === 'string' && isDigest(value),
  'not a sha256 digest',
)
const hex = (digits: number) =>
  v.pipe(text, v.regex(new RegExp(`^[0-9a-f]{${digits}}$`), `not ${digits} hexadecimal digits`))
/** RFC 3339, as JavaScript writes it */
const time = v.pipe(
  text,
  v.regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/, 'not a time'),
  v.check((value) => !Number.isNaN(Date.parse(value)), 'not a time'),
)
const bytes = v.pipe(v.number(), v.safeInteger('not a size'), v.minValue(0, 'not a size'))
const engine = v.picklist(engineNames)
const version = v.object({ tag: text, release: text })
const repository = v.object({ registry: text, path: text })

const source = v.object({
  repository: v.variant('kind', [
    v.object({ kind: v.literal('url'), url: text }),
    v.object({ kind: v.literal('path'), path: text }),
  ]),
  ref: text,
  commit: hex(40),
  kind: v.picklist(['tag', 'branch', 'commit']),
})

const config = v.object({
  os: text,
  architecture: text,
  variant: text,
  user: text,
  entrypoint: v.array(text),
  cmd: v.array(text),
  workingDir: text,
  shell: v.array(text),
  env: v.array(text),
  labels: recordOf(text, text),
  diffIds: v.array(text),
  created: v.optional(text),
})

/** They come to be lines of a Dockerfile. */
const variables = recordOf(
  v.pipe(text, v.check(isVariableName, 'not the name of a variable')),
  v.pipe(text, v.check(isOneLine, 'not on one line')),
)

const base = v.object({
  repository,
  tag: text,
  digest,
  manifestDigest: digest,
  config,
  layers: v.array(v.object({ digest, size: bytes, mediaType: text })),
})

const leg = v.object({
  id: text,
  platform: text,
  architecture: text,
  /** Key in `bases` */
  base: text,
  aibrix: source,
  nixl: text,
  nixlFrom: v.picklist(nixlOrigins),
  ucxVersion: v.nullable(text),
  ucx: v.nullable(source),
  integration: v.picklist(['auto', 'patch', 'module', 'none']),
  gpuArchitectures: v.union([v.literal('auto'), v.array(text)]),
  buildArguments: recordOf(text, text),
  environment: variables,
  buildId: hex(64),
  recipe: text,
  existing: v.picklist(['nothing', 'staged']),
  newerThan: v.nullable(time),
  feasibility: v.picklist(['possible', 'unknown', 'forced']),
  named: v.array(v.picklist(choosers)),
})

const published = v.variant('kind', [
  v.object({ kind: v.literal('absent') }),
  v.object({ kind: v.literal('same'), digest, tags: v.array(text), missingTags: v.array(text) }),
])

const change = v.object({
  what: text,
  from: v.nullable(text),
  to: v.nullable(text),
  platforms: v.array(text),
})

const cause = v.variant('kind', [
  v.object({ kind: v.picklist(['first', 'new-version', 'new-tags', 'forced', 'unpushed', 'unmeasured']) }),
  v.object({ kind: v.literal('unchanged'), tag: text }),
  v.object({ kind: v.literal('unverified'), tag: text, why: text }),
  v.object({ kind: v.literal('aged'), made: time, limit: text }),
  v.object({ kind: v.literal('changed'), since: text, changes: v.array(change) }),
  v.object({ kind: v.literal('unknown'), since: text }),
])

const image = v.object({
  id: text,
  engine,
  version,
  why: text,
  repository,
  tags: v.array(text),
  published,
  cause,
  legs: v.tupleWithRest([leg], leg),
})

const excluded = v.object({
  engine,
  version: text,
  aibrix: text,
  nixl: text,
  platform: text,
  why: text,
  reason: text,
})

/** docs/plan.schema.json says the same for readers in other languages. */
const schema = v.object({
  format: v.literal(formats.plan),
  date: v.pipe(text, v.check(isDay, 'not a date')),
  publicTags: v.picklist(['look', 'overwrite', 'ignore']),
  cacheRepository: repository,
  /** Bases that legs share are written once */
  bases: recordOf(text, base),
  images: v.array(image),
  excluded: v.array(excluded),
})

type Document = v.InferOutput<typeof schema>

/** @returns the plan as JSON, a line at its end, the same bytes for the same plan */
export function serialisePlan(plan: Plan): string {
  const bases: Record<string, BaseImage> = {}
  const images = plan.images.map(({ legs: [first, ...more], ...rest }) => {
    const written = ({ engine: _engine, version: _version, base: used, ...one }: PlannedLeg) => {
      const key = `${formatReference({ ...used.repository, tag: used.tag })} ${one.platform}`
      bases[key] = used
      return { ...one, base: key }
    }
    return { ...rest, legs: [written(first), ...more.map(written)] }
  })
  const { date, publicTags, cacheRepository, excluded: left } = plan
  const document = { format: formats.plan, date, publicTags, cacheRepository, bases, images, excluded: left }
  return `${canonicalJson(document, 1)}\n`
}

/** @returns 64 hexadecimal digits, which the plan's tag has */
export function planDigest(serialised: string): string {
  return sha256(serialised)
}

/**
 * @param name where it was read, for the error
 * @throws UserError if it is no plan that this version can read
 */
export function parsePlan(serialised: string, name: string): Plan {
  const content = jsonOf(serialised)
  if (content === undefined)
    throw new UserError(`${name} is not JSON; make the plan again with command: plan.`)
  const result = v.safeParse(schema, content)
  if (!result.success)
    throw new UserError(
      `${name} is not a plan that this version of the action can read (${v.summarize(result.issues)}); use one version for plan, build and promote.`,
    )
  const { images, bases, cacheRepository, date, publicTags, excluded: left } = result.output
  return {
    images: images.map((one) => imageOf(one, bases, name)),
    excluded: left,
    cacheRepository,
    date,
    publicTags,
  }
}

function imageOf(
  { legs: [first, ...more], ...rest }: Document['images'][number],
  bases: Document['bases'],
  name: string,
): PlannedImage {
  const legOf = (one: Document['images'][number]['legs'][number]): PlannedLeg => {
    const found = bases[one.base]
    if (!found) throw new UserError(`${name} names a base that it does not describe: ${one.base}.`)
    return {
      ...one,
      engine: rest.engine,
      version: rest.version,
      base: { ...found, config: { ...found.config, created: found.config.created } },
    }
  }
  return { ...rest, legs: [legOf(first), ...more.map(legOf)] }
}
