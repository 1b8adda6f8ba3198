import { sentenceOf } from '../errors.ts'
import { formatReference, isDenied, type RegistryClient, type Repository } from '../registry/index.ts'

/** The tag that holds the layers of earlier builds on the same base. */
export type LayerCache = {
  repository: Repository
  tag: string
  /** Whether this run may push; a run that may not, such as a pull request's, only reads */
  write: boolean
}

/** References that a call to BuildKit imports layers from and exports them to. */
export type Layers = { from: string | undefined; to: string | undefined }

/**
 * Resolves the layer cache to a digest, so that every call for a leg reads the same bytes, whoever
 * writes the tag meanwhile: an image has no layers that did not exist when it was measured. The
 * second call imports them again, since of reused layers BuildKit keeps only the last step.
 */
export async function pinLayers(
  cache: LayerCache | undefined,
  registry: Pick<RegistryClient, 'getManifest'>,
): Promise<Layers & { warnings: string[] }> {
  if (cache === undefined) return { from: undefined, to: undefined, warnings: [] }
  const { repository, tag, write } = cache
  const reference = formatReference({ ...repository, tag })
  const nothing = { from: undefined, to: write ? reference : undefined, warnings: [] }
  try {
    const found = await registry.getManifest(repository, tag)
    return found ? { ...nothing, from: formatReference({ ...repository, digest: found.digest }) } : nothing
  } catch (error) {
    // A run that does not push need not be allowed to read.
    if (!write && isDenied(error)) return nothing
    return { ...nothing, warnings: [`The layer cache ${reference} could not be read: ${sentenceOf(error)}`] }
  }
}
