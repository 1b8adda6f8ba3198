import { recordOf } from '../json.ts'
import * as v from 'valibot'
import { engineNames } from './engine.ts'
import { isDay } from './published/tag.ts'
import { extraFilesSchema, extraPackagesSchema } from './keys/extras.ts'
import { oneLine, variableName } from './keys/variables.ts'
import { baseImageSchema, digestSchema, hexSchema, pinnedSourceSchema, repositorySchema } from './pinned.ts'
import { engineVersionSchema } from './versions/version.ts'

const text = v.string()
const texts = v.array(v.string())

/** RFC 3339, UTC, with milliseconds */
const time = v.pipe(
  text,
  v.regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/, 'not a time'),
  v.check((value) => !Number.isNaN(Date.parse(value)), 'not a time'),
)

/** The versions that an image is chosen by: each is named exactly or matched by a selector. */
export const choosers = ['engine', 'aibrix', 'nixl'] as const
export type Chooser = (typeof choosers)[number]

export const legSchema = v.object({
  /** Unique in a plan: `vllm-v0.10.2-aibrix-v0.5.0-nixl-0.7.1-amd64`. The input `leg` takes it */
  id: text,
  engine: v.picklist(engineNames),
  version: engineVersionSchema,
  /** `linux/amd64` */
  platform: text,
  /** As in the names of tags: `amd64`, `arm64` */
  architecture: text,
  base: baseImageSchema,
  aibrix: pinnedSourceSchema,
  /** A version, or `base`: the base's own, which is not measured yet */
  nixl: text,
  /**
   * Where NIXL comes from. `index`: installed, whatever the base ships. `tested`: installed, as
   * AIBrix released it on this base. `base`: the base's own stays. `default`: installed because the
   * base ships none
   */
  nixlFrom: v.picklist(['index', 'tested', 'base', 'default']),
  /** What the UCX of this NIXL reports: `1.19.0`; null: not known */
  ucxVersion: v.nullable(text),
  /** What the UCX tools are built from; null: the image has none */
  ucx: v.nullable(pinnedSourceSchema),
  integration: v.picklist(['auto', 'patch', 'module', 'none']),
  /** `auto`: resolved in the build, from the base's toolkit */
  gpuArchitectures: v.union([v.literal('auto'), texts]),
  /** The user's own build arguments */
  buildArguments: recordOf(text, text),
  /** Variables that the image gets in addition to the base's, or instead of them */
  environment: recordOf(
    v.pipe(text, v.regex(variableName, 'not the name of a variable')),
    v.pipe(text, v.regex(oneLine, 'not on one line')),
  ),
  /** Requirements of pip, one for each package, sorted by name */
  extraPackages: extraPackagesSchema,
  /** The files of the user's own folder; null: none */
  extraFiles: extraFilesSchema,
  /** sha256 over everything declared that determines the content */
  buildId: hexSchema(64),
  /** sha256 over the Dockerfile and the scripts, one of the determinants of the build id */
  recipe: text,
})
/** One image on one platform: what one runner builds. */
export type Leg = v.InferOutput<typeof legSchema>
export type NixlOrigin = Leg['nixlFrom']
export type GpuArchitectures = Leg['gpuArchitectures']

export const plannedLegSchema = v.object({
  ...legSchema.entries,
  /** `staged`: the cache repository has it, built and verified */
  existing: v.picklist(['nothing', 'staged']),
  /**
   * Where what exists is older than `max-age`: its replacement must be newer than this, so that apt
   * and pip are asked again
   */
  newerThan: v.nullable(time),
  /**
   * As far as the plan can tell: the base's facts decide, before anything is compiled. `forced`:
   * built whatever is known
   */
  feasibility: v.picklist(['possible', 'unknown', 'forced']),
  /**
   * The versions that were named exactly; selectors matched the others. A leg that turns out to be
   * impossible is left out, unless all of its versions were named or nothing is left of a named one
   */
  named: v.array(v.picklist(choosers)),
})
/** A leg with what is known before anything is built. */
export type PlannedLeg = v.InferOutput<typeof plannedLegSchema>

export const publishedSchema = v.variant('kind', [
  v.object({ kind: v.literal('absent') }),
  /** Public tags have this content already */
  v.object({
    kind: v.literal('same'),
    digest: digestSchema,
    /** The tags that have it, of today's names or of another date, the best known first */
    tags: texts,
    /** The tags of today's names that are still to be created */
    missingTags: texts,
  }),
])
/** What the registry has under the public tags of an image. */
export type Published = v.InferOutput<typeof publishedSchema>

/** A determinant of the build id that changed */
export const changeSchema = v.object({
  /** `engineVersion`, `base`, `aibrixCommit`, `buildArguments.NAME`, `environment.NAME`, … */
  what: text,
  /** null: the earlier image did not have it */
  from: v.nullable(text),
  /** null: this image does not have it */
  to: v.nullable(text),
  /** The platforms on which it changed */
  platforms: texts,
})
export type Change = v.InferOutput<typeof changeSchema>

/** Why an image is built, or is not. `tag` and `since` are public tags of its repository */
export const causeSchema = v.variant('kind', [
  /**
   * `first`: nothing is published in its repository. `new-version`: only other versions of the
   * engine are. `new-tags`: what is published has tags that no template gives. `forced`: by `force`
   * or `skip-unchanged: false`. `unpushed`: nothing is pushed, so nothing that exists is checked.
   * `unmeasured`: the NIXL of its base, which its tags would name, is not measured yet
   */
  v.object({ kind: v.picklist(['first', 'new-version', 'new-tags', 'forced', 'unpushed', 'unmeasured']) }),
  /** The tag names it already */
  v.object({ kind: v.literal('unchanged'), tag: text }),
  /** The tag names the planned content, but its verification is unrecorded; `why` is a sentence */
  v.object({ kind: v.literal('unverified'), tag: text, why: text }),
  /** What exists was built at `made`, longer ago than `max-age` (`30d`) allows */
  v.object({ kind: v.literal('aged'), made: time, limit: text }),
  /** What the tag names has other determinants */
  v.object({ kind: v.literal('changed'), since: text, changes: v.array(changeSchema) }),
  /** What the tag names does not record its determinants */
  v.object({ kind: v.literal('unknown'), since: text }),
])
export type Cause = v.InferOutput<typeof causeSchema>

export const plannedMirrorSchema = v.object({
  repository: repositorySchema,
  /** The public tags that do not name the image there yet: all of them before it is published */
  missingTags: texts,
})
/** A mirror of an image's public repository. */
export type PlannedMirror = v.InferOutput<typeof plannedMirrorSchema>

/** One engine version with one AIBrix and one NIXL */
export const plannedImageSchema = v.object({
  /** Unique in a plan: `vllm-v0.10.2-aibrix-v0.5.0-nixl-0.7.1` */
  id: text,
  engine: legSchema.entries.engine,
  version: engineVersionSchema,
  /** The selectors that chose it: `versions ~0.10, aibrix-version default, nixl-version default` */
  why: text,
  /** One for each platform, sorted by platform */
  legs: v.tupleWithRest([plannedLegSchema], plannedLegSchema),
  repository: repositorySchema,
  /** Public tags, the dated ones first; empty as long as its NIXL is not known */
  tags: texts,
  /** Those of `tags` that may be moved from a different image although `publicTags` is `look` */
  overwritable: v.optional(texts),
  published: publishedSchema,
  cause: causeSchema,
  /** Further repositories that get the same digest under the same tags; none if nothing is pushed */
  mirrors: v.optional(v.array(plannedMirrorSchema), () => []),
})
export type PlannedImage = v.InferOutput<typeof plannedImageSchema>

/** What selectors matched and cannot be built */
export const excludedSchema = v.object({
  engine: legSchema.entries.engine,
  ...v.entriesFromList(['version', 'aibrix', 'nixl', 'platform'], text),
  /** The selectors that matched it */
  why: text,
  /** A reason, without a full stop */
  reason: text,
})
export type Excluded = v.InferOutput<typeof excludedSchema>

export const planSchema = v.object({
  /** UTC, `YYYYMMDD`, as in tags */
  date: v.pipe(text, v.regex(/^\d{8}$/, 'not a date'), v.check(isDay, 'not a date')),
  /**
   * `look`: a public tag that names something else is an error, unless its image lists it as
   * `overwritable`. `overwrite`: it is moved. `ignore`: nothing is pushed, and no public tag was
   * checked
   */
  publicTags: v.picklist(['look', 'overwrite', 'ignore']),
  cacheRepository: repositorySchema,
  images: v.array(plannedImageSchema),
  excluded: v.array(excludedSchema),
})
export type Plan = v.InferOutput<typeof planSchema>
