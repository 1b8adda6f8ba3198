import * as v from 'valibot'
import { formats } from './contents.ts'
import { UserError } from '../errors.ts'
import { formatReference } from '../registry/index.ts'
import {
  type BaseImage,
  baseImageSchema,
  canonicalJson,
  type Plan,
  type PlannedImage,
  plannedImageSchema,
  type PlannedLeg,
  plannedLegSchema,
  planSchema,
  sha256,
} from '../plan/index.ts'
import { recordOf } from '../json.ts'

/** A leg without what its image has, and with the key of its base. */
const writtenLegSchema = v.object({
  ...v.omit(plannedLegSchema, ['engine', 'version']).entries,
  /** A key of `bases` */
  base: v.string(),
})

const writtenImageSchema = v.object({
  ...plannedImageSchema.entries,
  legs: v.tupleWithRest([writtenLegSchema], writtenLegSchema),
})

/** A plan as JSON, with each base once. docs/plan.schema.json is generated from it. */
export const planDocumentSchema = v.object({
  format: v.literal(formats.plan),
  ...planSchema.entries,
  images: v.array(writtenImageSchema),
  /** The base images of the legs, by `<repository>:<tag> <platform>` */
  bases: recordOf(v.string(), baseImageSchema),
})

type Bases = Record<string, BaseImage>

/** @returns the plan as JSON with a line feed at its end, the same bytes for the same plan */
export function serialisePlan({ images, ...plan }: Plan): string {
  const bases: Bases = {}
  const document = {
    format: formats.plan,
    ...plan,
    images: images.map((image) => withoutBases(image, bases)),
    bases,
  }
  return `${canonicalJson(document, 1)}\n`
}

/** @param bases gets those of the legs */
function withoutBases({ legs: [first, ...more], ...image }: PlannedImage, bases: Bases) {
  const write = ({ engine: _engine, version: _version, base, ...leg }: PlannedLeg) => {
    const key = `${formatReference({ ...base.repository, tag: base.tag })} ${leg.platform}`
    bases[key] = base
    return { ...leg, base: key }
  }
  return { ...image, legs: [write(first), ...more.map(write)] }
}

/** @returns 64 hexadecimal digits, which are in the plan's tag */
export function planDigest(serialised: string): string {
  return sha256(serialised)
}

/**
 * @param name where the text was read, for messages
 * @throws UserError if this version cannot read it as a plan
 */
export function parsePlan(serialised: string, name: string): Plan {
  const result = v.safeParse(
    v.pipe(v.string(), v.parseJson(undefined, 'not JSON'), planDocumentSchema),
    serialised,
  )
  if (!result.success)
    throw new UserError(
      `${name} is not a plan that this version of the action can read (${v.summarize(result.issues)}); plan again, and use one version for plan, build and promote.`,
    )
  const { format: _, bases, images, ...plan } = result.output
  return { ...plan, images: images.map((image) => withBases(image, bases, name)) }
}

function withBases(
  { legs: [first, ...more], ...image }: v.InferOutput<typeof writtenImageSchema>,
  bases: Bases,
  name: string,
): PlannedImage {
  const { engine, version } = image
  const read = ({ base: key, ...leg }: v.InferOutput<typeof writtenLegSchema>): PlannedLeg => {
    const base = bases[key]
    if (!base) throw new UserError(`${name} names a base that it does not describe: ${key}.`)
    return { ...leg, engine, version, base }
  }
  return { ...image, legs: [read(first), ...more.map(read)] }
}
