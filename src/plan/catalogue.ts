import * as v from 'valibot'
import { UserError } from '../errors.ts'
import { engineNames } from './engine.ts'

const version = v.pipe(v.string(), v.nonEmpty())

const release = v.object({
  engines: v.object(v.entriesFromList(engineNames, version)),
  nixl: version,
  notes: v.optional(v.unknown()),
})

/** `dockerfiles/catalogue.json`: AIBrix releases and the component versions known to work together. */
const catalogueSchema = v.object({
  format: v.literal(1),
  /** The release that `default` means */
  current: version,
  releases: v.record(v.string(), release),
  /** NIXL version → the UCX release in its wheels (tags named by its Dockerfile.manylinux, NIXL 0.5.1 to 0.7.1) */
  ucxOfNixl: v.record(v.string(), version),
})

export type Catalogue = v.InferOutput<typeof catalogueSchema>
export type CatalogueRelease = Catalogue['releases'][string]

/** @throws UserError if the file is no catalogue */
export function parseCatalogue(text: string): Catalogue {
  const result = v.safeParse(catalogueSchema, JSON.parse(text))
  if (!result.success) throw new UserError(`dockerfiles/catalogue.json: ${v.summarize(result.issues)}`)
  return result.output
}

export function currentRelease(catalogue: Catalogue): CatalogueRelease {
  const found = catalogue.releases[catalogue.current]
  if (!found)
    throw new UserError(
      `dockerfiles/catalogue.json: its current release ${catalogue.current} is not among its releases.`,
    )
  return found
}

/** @throws UserError if it is not known which UCX this NIXL bundles */
export function ucxOfNixl(catalogue: Catalogue, nixl: string): string {
  const found = catalogue.ucxOfNixl[nixl]
  if (found === undefined)
    throw new UserError(
      `nixl-version: it is not known which UCX release NIXL ${nixl} bundles; known: ${Object.keys(catalogue.ucxOfNixl).join(', ')}.`,
    )
  return found
}
