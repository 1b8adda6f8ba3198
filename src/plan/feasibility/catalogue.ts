import * as v from 'valibot'
import { UserError } from '../../errors.ts'
import { recordOf } from '../../json.ts'
import { engineNames } from '../engine.ts'
import { nearestReleases } from '../published/nearest.ts'
import { hexSchema, type PinnedSource } from '../pinned.ts'

const text = v.pipe(v.string(), v.nonEmpty())

/** `0.7.1`, `0.5.5.post3`, `3.12`, `13` */
export const versionSchema = v.pipe(v.string(), v.regex(/^\d+(?:\.\d+)*(?:\.post\d+)?$/, 'not a version'))

/** The tag of an image or of git: `v0.10.2` */
export const tagSchema = v.pipe(v.string(), v.regex(/^v\d+(?:\.\d+)+(?:\.post\d+)?$/, 'not a tag'))

/** PEP 440: `>=3.9,<3.13` */
export const specifierSchema = v.pipe(
  v.string(),
  v.regex(/^(?:[<>]=?|[=!]=)\d+[.0-9a-z]*(?:,(?:[<>]=?|[=!]=)\d+[.0-9a-z]*)*$/, 'not a version specifier'),
)

/** Where it was read. `by hand: ` precedes what script/derive/hand-written.json states */
export const sourceSchema = v.pipe(v.string(), v.nonEmpty())

export const testedSchema = v.strictObject({
  engines: v.strictObject(v.entriesFromList(engineNames, tagSchema)),
  nixl: versionSchema,
  /** Recommended images, as a pull command takes them */
  tags: v.pipe(v.array(text), v.nonEmpty()),
})
export type TestedRelease = v.InferOutput<typeof testedSchema>

export const releaseSchema = v.strictObject({
  /** The components of the images that AIBrix released with it. Absent if it released none */
  tested: v.optional(testedSchema),
  /** What its build requires: Python from its CMakeLists.txt, torch from its pyproject.toml */
  needs: v.strictObject({ python: specifierSchema, torch: specifierSchema }),
  vllm: v.strictObject({
    /** Versions that integration/vllm/patches has a patch for */
    patches: v.array(versionSchema),
    /** First vLLM with all that its connector module imports. Absent if it has no such module */
    module: v.optional(versionSchema),
  }),
  notes: v.optional(v.array(text)),
  source: v.optional(sourceSchema),
})
export type CatalogueRelease = v.InferOutput<typeof releaseSchema>

/** What is known of the engine images whose versions the specifier matches */
export const baseSchema = v.strictObject({
  versions: specifierSchema,
  python: v.optional(versionSchema),
  torch: v.optional(versionSchema),
  cuda: v.optional(versionSchema),
  /** The NIXL that the published image ships */
  nixl: v.optional(v.union([v.literal('none'), versionSchema])),
  /** The engine raises an error with an older NIXL */
  nixlFloor: v.optional(versionSchema),
  source: sourceSchema,
})

/** The wheels of one NIXL */
export const wheelsSchema = v.pipe(
  v.strictObject({
    /** What the bundled libucp reports */
    ucx: versionSchema,
    /** Where UCX has no release of that number: the commit that NIXL's own build files name */
    ucxCommit: v.optional(hexSchema(40)),
    /** Why the tools of its UCX cannot be built. An image then has none */
    note: v.optional(text),
    python: specifierSchema,
    /** Major versions */
    cuda: v.pipe(v.array(versionSchema), v.nonEmpty()),
    source: v.optional(sourceSchema),
  }),
  v.check(({ ucxCommit, note }) => ucxCommit === undefined || note === undefined, 'a commit and a note'),
)

/** `dockerfiles/catalogue.json`, which script/catalogue writes. */
export const catalogueSchema = v.strictObject({
  $schema: v.optional(v.string()),
  format: v.literal(3),
  /** The release that `default` means. It must be tested */
  current: tagSchema,
  /** AIBrix releases by their git tags */
  releases: recordOf(tagSchema, releaseSchema),
  sglang: v.strictObject({
    /** First SGLang with AIBrix's storage backend: AIBrix needs nothing of its own for it */
    module: versionSchema,
    source: v.optional(sourceSchema),
  }),
  /** What is known of the engines' images. Several rows may match a version */
  bases: v.strictObject(v.entriesFromList(engineNames, v.array(baseSchema))),
  nixl: recordOf(versionSchema, wheelsSchema),
})

/** AIBrix releases, versions known to work together, and what is known without measuring. */
export type Catalogue = v.InferOutput<typeof catalogueSchema>

/** @throws UserError if the file is not a catalogue */
export function parseCatalogue(content: string): Catalogue {
  const result = v.safeParse(v.pipe(v.string(), v.parseJson(), catalogueSchema), content)
  if (!result.success) throw new UserError(`dockerfiles/catalogue.json: ${v.summarize(result.issues)}`)
  return result.output
}

/** @throws UserError if the catalogue lacks the current release, or it was not tested */
export function currentRelease({ current, releases }: Catalogue): TestedRelease {
  const found = releases[current]?.tested
  if (found) return found
  throw new UserError(
    `dockerfiles/catalogue.json: its current release ${current} is not among its tested releases.`,
  )
}

/** Tags may have any name, also that of an object's method. */
export function releaseIn(
  { releases }: Catalogue,
  { kind, ref }: Pick<PinnedSource, 'kind' | 'ref'>,
): CatalogueRelease | undefined {
  return kind === 'tag' && Object.hasOwn(releases, ref) ? releases[ref] : undefined
}

export function wheelsIn({ nixl }: Catalogue, version: string): Catalogue['nixl'][string] | undefined {
  return Object.hasOwn(nixl, version) ? nixl[version] : undefined
}

/** @throws UserError if the UCX that this NIXL bundles is not known */
export function ucxOfNixl(catalogue: Catalogue, version: string): string {
  const found = wheelsIn(catalogue, version)
  if (found === undefined) throw new UserError(`nixl-version: ${whyNoUcx(catalogue, version)}.`)
  return found.ucx
}

/** @returns why no image with a NIXL of unknown UCX can be built, without a full stop */
export function whyNoUcx(catalogue: Catalogue, version: string): string {
  const nearest = nearestReleases('nixl', version, Object.keys(catalogue.nixl))
  return `this version of the action does not know NIXL ${version}; the nearest that it knows are ${nearest.join(', ')}`
}
