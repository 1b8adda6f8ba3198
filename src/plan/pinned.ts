import { recordOf } from '../json.ts'
import * as v from 'valibot'
import { type Digest, isDigest } from '../registry/index.ts'

export const hexSchema = (digits: number) =>
  v.pipe(v.string(), v.regex(new RegExp(`^[0-9a-f]{${digits}}$`), `not ${digits} hexadecimal digits`))

export const digestSchema = v.custom<Digest>(
  (value) => typeof value === 'string' && isDigest(value),
  'not a sha256 digest',
)

export const repositorySchema = v.object({
  /** `docker.io`, `ghcr.io`, `127.0.0.1:5000` */
  registry: v.string(),
  /** `aibrix/vllm-openai` */
  path: v.string(),
})

export const sourceRepositorySchema = v.variant('kind', [
  /** A URL, or `host:path` for ssh */
  v.object({ kind: v.literal('url'), url: v.string() }),
  /** A git repository on this runner; every other runner needs it at the same path */
  v.object({ kind: v.literal('path'), path: v.string() }),
])
/** Where a git repository is. */
export type SourceRepository = v.InferOutput<typeof sourceRepositorySchema>

/** The pinned source of a component */
export const pinnedSourceSchema = v.object({
  repository: sourceRepositorySchema,
  /** What the user named */
  ref: v.string(),
  /** What is compiled */
  commit: hexSchema(40),
  kind: v.picklist(['tag', 'branch', 'commit']),
})
export type PinnedSource = v.InferOutput<typeof pinnedSourceSchema>

/** What an image inherits from its base's configuration. */
const inheritedConfigSchema = v.object({
  ...v.entriesFromList(['os', 'architecture', 'variant', 'user', 'workingDir'], v.string()),
  ...v.entriesFromList(['entrypoint', 'cmd', 'shell', 'env', 'diffIds'], v.array(v.string())),
  labels: recordOf(v.string(), v.string()),
  /** RFC 3339 */
  created: v.optional(v.string()),
})
export type InheritedConfig = v.InferOutput<typeof inheritedConfigSchema>

export const baseImageSchema = v.object({
  repository: repositorySchema,
  /** In the engine's own repository, also for a copy; for an image of `base-image` the version's. With
   * layers in zstd, upstream's second tag of the version: `v0.33.0-x86_64-zstd` */
  tag: v.string(),
  /** The image of `base-image`, without a digest: `ghcr.io/acme/vllm:v1` */
  given: v.optional(v.string()),
  /** The name upstream, which no longer exists, if this is the copy in the cache repository */
  copyOf: v.optional(v.string()),
  /** What the tag names, an index if the base is one. `FROM` gets this */
  digest: digestSchema,
  /** The manifest for the leg's platform; equal to `digest` if the tag names a plain manifest */
  manifestDigest: digestSchema,
  config: inheritedConfigSchema,
  layers: v.array(
    v.object({
      digest: digestSchema,
      /** In bytes, compressed */
      size: v.pipe(v.number(), v.safeInteger('not a size'), v.minValue(0, 'not a size')),
      mediaType: v.string(),
    }),
  ),
})
/** A pinned base image for one platform. */
export type BaseImage = v.InferOutput<typeof baseImageSchema>
