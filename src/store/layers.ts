import { sentenceOf } from '../errors.ts'
import { formatReference, isDenied, type RegistryClient, type Repository } from '../registry/index.ts'

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
