import type { BaseImage } from '../plan/index.ts'
import { familiarRepository, type RegistryClient, type Repository } from '../registry/index.ts'
import { sentenceOf } from '../errors.ts'

/**
 * Mounts the layers of a base where the image is pushed, if one registry has both. BuildKit finds
 * them there and uploads only what the image adds; by itself it uploads all, gigabytes, where its
 * engine does not record from which repository a layer was pulled. A failure only costs that time.
 * @param say gets the reason of a failure, as a sentence
 */
export async function mountBase(
  { repository: from, layers }: Pick<BaseImage, 'repository' | 'layers'>,
  to: Repository,
  registry: Pick<RegistryClient, 'hasBlob' | 'tryMount'>,
  say: (sentence: string) => void,
): Promise<void> {
  if (from.registry !== to.registry || from.path === to.path) return
  const largestFirst = layers.toSorted((left, right) => right.size - left.size)
  const [largest] = largestFirst
  try {
    // An earlier image on this base has left all of them.
    if (!largest || (await registry.hasBlob(to, largest.digest))) return
    for (const { digest, size } of largestFirst)
      if (!(await registry.tryMount({ from, to, digest, size }))) return
  } catch (error) {
    say(
      `The layers of the base could not be mounted into ${familiarRepository(to)}, so BuildKit uploads them: ${sentenceOf(error)}`,
    )
  }
}
