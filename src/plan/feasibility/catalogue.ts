import * as v from 'valibot'
import { UserError } from '../../errors.ts'
import { engineNames } from '../engine.ts'
import { nearestReleases } from '../published/nearest.ts'
import { recordOf } from '../../json.ts'

const text = v.pipe(v.string(), v.nonEmpty())

/** `0.7.1`, `0.5.5.post3`, `3.12`, `13` */
const version = v.pipe(v.string(), v.regex(/^\d+(?:\.\d+)*(?:\.post\d+)?$/, 'not a version'))

/** The tag of an image or of git: `v0.10.2` */
const tag = v.pipe(v.string(), v.regex(/^v\d+(?:\.\d+)+(?:\.post\d+)?$/, 'not a tag'))

/** PEP 440: `>=3.9,<3.13` */
const specifier = v.pipe(
  v.string(),
  v.regex(/^(?:[<>]=?|[=!]=)\d+[.0-9a-z]*(?:,(?:[<>]=?|[=!]=)\d+[.0-9a-z]*)*$/, 'not a version specifier'),
)

const tested = v.strictObject({
  engines: v.strictObject(v.entriesFromList(engineNames, tag)),
  nixl: version,
  /** Recommended images, as a pull command takes them */
  tags: v.pipe(v.array(text), v.nonEmpty()),
})

const release = v.strictObject({
  /** The components of the images that AIBrix released with it; missing where it released none */
  tested: v.optional(tested),
  /** What its build demands: Python from its CMakeLists.txt, torch from its pyproject.toml */
  needs: v.strictObject({ python: specifier, torch: specifier }),
  vllm: v.strictObject({
    /** Versions that integration/vllm/patches has a patch for */
    patches: v.array(version),
    /** First vLLM that has all that its connector module imports; missing where it has no such module */
    module: v.optional(version),
  }),
  notes: v.optional(v.array(text)),
  /** Where it was read */
  source: v.optional(text),
})

/** What is known of engine images, for versions that a specifier matches; a version may match several rows. */
const base = v.strictObject({
  versions: specifier,
  python: v.optional(version),
  torch: v.optional(version),
  cuda: v.optional(version),
  /** The NIXL that the published image brings */
  nixl: v.optional(v.union([v.literal('none'), version])),
  /** The engine raises on less */
  nixlFloor: v.optional(version),
  /** Where it was read */
  source: text,
})

/** The wheels of one NIXL. */
const nixl = v.pipe(
  v.strictObject({
    /** What the bundled libucp answers */
    ucx: version,
    /** Where UCX has no release of that number: the commit that NIXL's own build files name */
    ucxCommit: v.optional(v.pipe(v.string(), v.regex(/^[0-9a-f]{40}$/, 'not a commit'))),
    /** Why the tools of its UCX can't be built */
    note: v.optional(text),
    python: specifier,
    cuda: v.pipe(v.array(version), v.nonEmpty()),
    /** Where it was read */
    source: v.optional(text),
  }),
  v.check(({ ucxCommit, note }) => ucxCommit === undefined || note === undefined, 'a commit and a note'),
)

/** `dockerfiles/catalogue.json`, which script/catalogue makes; dockerfiles/catalogue.schema.json says the same for editors. */
const catalogueSchema = v.strictObject({
  $schema: v.optional(v.string()),
  format: v.literal(3),
  /** The release that `default` means */
  current: tag,
  releases: recordOf(tag, release),
  /** First SGLang with AIBrix's storage backend: it needs nothing of AIBrix's side */
  sglang: v.strictObject({ module: version, source: v.optional(text) }),
  bases: v.strictObject(v.entriesFromList(engineNames, v.array(base))),
  nixl: recordOf(version, nixl),
})

/** AIBrix releases, the component versions known to work together, and what is known before anything is measured. */
export type Catalogue = v.InferOutput<typeof catalogueSchema>
export type CatalogueRelease = Catalogue['releases'][string]
export type TestedRelease = NonNullable<CatalogueRelease['tested']>

/** @throws UserError if the file is no catalogue */
export function parseCatalogue(content: string): Catalogue {
  const result = v.safeParse(v.pipe(v.string(), v.parseJson(), catalogueSchema), content)
  if (!result.success) throw new UserError(`dockerfiles/catalogue.json: ${v.summarize(result.issues)}`)
  return result.output
}

/** @throws UserError if the current release is not there, or was not tested */
export function currentRelease(catalogue: Catalogue): TestedRelease {
  const found = catalogue.releases[catalogue.current]?.tested
  if (!found)
    throw new UserError(
      `dockerfiles/catalogue.json: its current release ${catalogue.current} is not among its tested releases.`,
    )
  return found
}

/** @throws UserError if it is not known which UCX this NIXL bundles */
export function ucxOfNixl(catalogue: Catalogue, version: string): string {
  const found = Object.hasOwn(catalogue.nixl, version) ? catalogue.nixl[version] : undefined
  if (found === undefined) throw new UserError(`nixl-version: ${whyNoUcx(catalogue, version)}.`)
  return found.ucx
}

/** @returns why no image with this NIXL can be built, of which it has to be known what its UCX is, a sentence without its end */
export function whyNoUcx(catalogue: Catalogue, version: string): string {
  const nearest = nearestReleases('nixl', version, Object.keys(catalogue.nixl))
  return `this version of the action does not know NIXL ${version}; the nearest that it knows are ${nearest.join(', ')}`
}
