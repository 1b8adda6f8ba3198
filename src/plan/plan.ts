import type { Digest, ImageConfig, ImageLayer, Repository } from '../registry/index.ts'
import type { Engine } from './engine.ts'
import type { EngineVersion } from './versions/version.ts'

/** What an image is chosen by: each is named, or matched by a selector with more than one answer. */
export const choosers = ['engine', 'aibrix', 'nixl'] as const

export type Chooser = (typeof choosers)[number]

/**
 * Where the NIXL of an image comes from. `index`: it is installed, whatever the base brings. `base`: the base's own stays.
 * `tested`: the same, as AIBrix released it on this base. `default`: it is installed because the base brings none, and is another one where that is not so.
 */
export const nixlOrigins = ['index', 'tested', 'base', 'default'] as const

export type NixlOrigin = (typeof nixlOrigins)[number]

/** Where a component's source comes from, pinned: `commit` is what is compiled, `ref` is what the user named. */
export type PinnedSource = {
  repository: SourceRepository
  ref: string
  /** 40 hexadecimal digits */
  commit: string
  kind: 'tag' | 'branch' | 'commit'
}

/** A URL, or `host:path` as ssh has it, or a path of a git repository on this machine. */
export type SourceRepository = { kind: 'url'; url: string } | { kind: 'path'; path: string }

/** What an image inherits of its base's configuration. A base with `onBuild` is none. */
export type InheritedConfig = Omit<ImageConfig, 'layersCreated' | 'onBuild'>

/** The base image, pinned, with what has to be inherited from it. Sizes in bytes, compressed, as the registry has them. */
export type BaseImage = {
  repository: Repository
  tag: string
  /** Digest of what the tag names, `sha256:<hex>`; an index if the base is one. This is what FROM gets. */
  digest: Digest
  /** Digest of the manifest of this platform; equal to `digest` if the tag names a plain manifest */
  manifestDigest: Digest
  config: InheritedConfig
  layers: ImageLayer[]
}

/** `auto` is resolved in the build, against the toolkit of the base. */
export type GpuArchitectures = 'auto' | string[]

export type IntegrationChoice = 'auto' | 'patch' | 'module' | 'none'

/** One image on one platform: what one runner builds. */
export type Leg = {
  /** Names it within a plan: `vllm-v0.10.2-aibrix-v0.5.0-nixl-0.7.1-amd64` */
  id: string
  engine: Engine
  version: EngineVersion
  platform: string
  /** Architecture as in the names of tags: `amd64`, `arm64` */
  architecture: string
  base: BaseImage
  aibrix: PinnedSource
  /** A version, or `unknownNixl` */
  nixl: string
  nixlFrom: NixlOrigin
  /** `1.19.0`: what the UCX of this NIXL answers; null where that is not known */
  ucxVersion: string | null
  /** What the UCX tools are built from; null where there are none */
  ucx: PinnedSource | null
  integration: IntegrationChoice
  gpuArchitectures: GpuArchitectures
  /** The user's own build arguments */
  buildArguments: Record<string, string>
  /** Variables that the image gets beside the base's, or in place of them: name → value */
  environment: Record<string, string>
  /** sha256 over everything declared that determines the content, 64 hexadecimal digits */
  buildId: string
  /** sha256 over the Dockerfile and the scripts, 64 hexadecimal digits; one of the determinants of the build id */
  recipe: string
}

/**
 * What the registry already says about the public tags: none has this content, or some have. `tags` are those, of today's
 * names or of another date; `missingTags` are those of today's names that shall be given it.
 */
export type Published =
  { kind: 'absent' } | { kind: 'same'; digest: Digest; tags: string[]; missingTags: string[] }

/** One determinant of the build id that changed; `null` where one of the two does not have it. */
export type Change = {
  /** Name of the determinant, see `Determinants` */
  what: string
  from: string | null
  to: string | null
  /** Those on which it did */
  platforms: string[]
}

/** Why an image is built, or is not. `tag` and `since` are public tags of its repository. */
export type Cause =
  /** That tag names it already */
  | { kind: 'unchanged'; tag: string }
  /** Nothing was ever published in its repository */
  | { kind: 'first' }
  /** Only other versions of the engine are published */
  | { kind: 'new-version' }
  /** What is published has tags that no template gives */
  | { kind: 'new-tags' }
  /** `force`, or `skip-unchanged: false` */
  | { kind: 'forced' }
  /** Nothing is pushed, so nothing that exists is looked at */
  | { kind: 'unpushed' }
  /** That tag names the planned content, and nothing says how it was judged; `why` is a sentence */
  | { kind: 'unverified'; tag: string; why: string }
  /** What exists was made at a time (RFC 3339) that is longer ago than `max-age` (`30d`) allows */
  | { kind: 'aged'; made: string; limit: string }
  /** What the tag names was made of something else */
  | { kind: 'changed'; since: string; changes: Change[] }
  /** Nobody has measured the NIXL of its base, which its tags would name */
  | { kind: 'unmeasured' }
  /** What the tag names does not say of what it was made */
  | { kind: 'unknown'; since: string }

/** A leg with what is known before anything is built. */
export type PlannedLeg = Leg & {
  /** Whether the cache repository has it, built and verified */
  existing: 'nothing' | 'staged'
  /**
   * Where `max-age` says that what exists is too old: the time (RFC 3339) since which what is published or staged instead has to be
   * made, of new answers of apt and pip.
   */
  newerThan: string | null
  /** As far as the plan can tell: the base's facts decide, before anything is compiled. `forced` is built whatever is known. */
  feasibility: 'possible' | 'unknown' | 'forced'
  /**
   * Which of its versions were named, in the order of `choosers`; selectors with more than one answer chose the others. Where it
   * turns out to be impossible it is left out, unless all were, or nothing is left of one.
   */
  named: Chooser[]
}

export type PlannedImage = {
  /** Names it within a plan: `vllm-v0.10.2-aibrix-v0.5.0-nixl-0.7.1` */
  id: string
  engine: Engine
  version: EngineVersion
  /** The selectors that chose it: `versions ~0.10, aibrix-version default, nixl-version default` */
  why: string
  /** One for each platform, in the order of their names */
  legs: [PlannedLeg, ...PlannedLeg[]]
  repository: Repository
  /** Public tags, the dated ones first; none as long as its NIXL is not known */
  tags: string[]
  published: Published
  cause: Cause
}

/** What selectors with more than one answer chose and what can't be built. */
export type Excluded = {
  engine: Engine
  version: string
  aibrix: string
  nixl: string
  platform: string
  why: string
  /** A sentence */
  reason: string
}

export type Plan = {
  images: PlannedImage[]
  excluded: Excluded[]
  cacheRepository: Repository
  /** UTC, `YYYYMMDD` */
  date: string
  /** `look`: public tags that name something else are an error. `overwrite`: take them over. `ignore`: make none. */
  publicTags: 'look' | 'overwrite' | 'ignore'
}
