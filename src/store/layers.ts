import { sentenceOf } from '../errors.ts'
import type { RegistryClient } from '../registry/client.ts'
import { isDenied } from '../registry/http/failure.ts'
import { formatReference, type Repository } from '../registry/content/reference.ts'
import type { Step } from '../buildkit/steps.ts'

/** The one tag that holds the layers of earlier builds on the same base. */
export type LayerCache = {
  repository: Repository
  tag: string
  /** Whether this run may push; one that may not, such as that of a pull request, only reads */
  write: boolean
}

/** References that a call to BuildKit takes layers from, and keeps its layers in. */
export type Layers = { from: string | undefined; to: string | undefined }

/**
 * Every call for a leg reads the same bytes, whoever writes the tag meanwhile: so the image is never made of layers that were not
 * there when it was measured. BuildKit asks again in the second call because it keeps of what it took only the last step.
 * @param cache undefined: none is wanted
 */
export async function pinLayers(
  cache: LayerCache | undefined,
  registry: Pick<RegistryClient, 'getManifest'>,
): Promise<Layers & { warnings: string[] }> {
  if (cache === undefined) return { from: undefined, to: undefined, warnings: [] }
  const { repository, tag, write } = cache
  const reference = formatReference({ ...repository, tag })
  const to = write ? reference : undefined
  const nothing = { from: undefined, to, warnings: [] }
  try {
    const found = await registry.getManifest(repository, tag)
    return found ? { ...nothing, from: formatReference({ ...repository, digest: found.digest }) } : nothing
  } catch (error) {
    // Where nothing is pushed, nobody has to be allowed to read.
    if (!write && isDenied(error)) return nothing
    return { ...nothing, warnings: [`The layer cache ${reference} could not be read: ${sentenceOf(error)}`] }
  }
}

/**
 * @param compression that of the image: another one would make BuildKit compress and push each layer twice
 * @returns options of buildx, each with a list of `key=value`
 */
export function layerCacheOptions(
  { from, to }: Layers,
  compression: 'gzip' | 'zstd',
): { name: '--cache-from' | '--cache-to'; fields: string[] }[] {
  const place = (reference: string): string[] => ['type=registry', `ref=${reference}`]
  const settings = [
    'mode=min',
    // A finished image is not lost because its layers could not be kept.
    'ignore-error=true',
    'oci-mediatypes=true',
    // As a manifest, not an index of layers, which some registries refuse.
    'image-manifest=true',
    `compression=${compression}`,
  ]
  return [
    ...(from === undefined ? [] : [{ name: '--cache-from' as const, fields: place(from) }]),
    ...(to === undefined ? [] : [{ name: '--cache-to' as const, fields: [...place(to), ...settings] }]),
  ]
}

/**
 * BuildKit goes on without a cache that it can't read, and with ignore-error=true without one that it can't write: the error is
 * in the record of that step alone.
 * @param steps of all calls for a leg
 * @returns a sentence for each thing that went wrong
 */
export function layerCacheProblems(
  steps: readonly Step[],
  { repository, tag }: Pick<LayerCache, 'repository' | 'tag'>,
): string[] {
  const reference = formatReference({ ...repository, tag })
  const failed = (name: RegExp): string | undefined =>
    steps
      .find((step) => name.test(step.name) && step.error !== undefined)
      ?.error?.replace(/^failed to configure registry cache importer: /, '')
      .replace(/\.$/, '')
  const read = failed(/^importing cache/)
  const write = failed(/^exporting cache/)
  return [
    ...(read === undefined ? [] : [`The layer cache ${reference} could not be read: ${read}.`]),
    ...(write === undefined
      ? []
      : [
          `The layer cache ${reference} could not be written, so that the next build on this base takes longer: ${write}.`,
        ]),
  ]
}
