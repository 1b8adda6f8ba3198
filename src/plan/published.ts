import { UserError } from '../errors.ts'
import type { RegistryClient } from '../registry/client.ts'
import type { Digest } from '../registry/digest.ts'
import { getPlatformImage } from '../registry/platform-image.ts'
import { formatReference, type Repository } from '../registry/reference.ts'
import type { Leg, Published } from './plan.ts'

/** The label that every image carries, and by which a published one is recognised. */
export const buildIdLabel = 'io.aibrix.image.build-id'

/** What a public tag names: nothing, an image whose platforms have the planned build ids, or something else. */
export type LookedUpTag = { tag: string } & (
  { names: 'nothing' } | { names: 'same' | 'other'; digest: Digest }
)

type Asked = { legs: Pick<Leg, 'buildId' | 'platform'>[]; repository: Repository; tags: string[] }

/** @param exists whether a tag may exist; what it denies is not asked for */
export async function lookUpTags(
  registry: Pick<RegistryClient, 'getManifest' | 'getImageConfig'>,
  image: Asked,
  exists: (repository: Repository, tag: string) => Promise<boolean> = () => Promise.resolve(true),
): Promise<LookedUpTag[]> {
  return Promise.all(
    image.tags.map(async (tag) =>
      (await exists(image.repository, tag))
        ? lookUp(registry, image, tag)
        : { tag, names: 'nothing' as const },
    ),
  )
}

async function lookUp(
  registry: Pick<RegistryClient, 'getManifest' | 'getImageConfig'>,
  { legs, repository }: Asked,
  tag: string,
): Promise<LookedUpTag> {
  let digest: Digest | undefined
  for (const { platform, buildId } of legs) {
    // By digest after the first, so that all answers are about one image.
    const found = await getPlatformImage(registry, repository, digest ?? tag, platform)
    if (!found) return { tag, names: 'nothing' }
    digest = found.top.digest
    if (found.image?.config.labels[buildIdLabel] !== buildId) return { tag, names: 'other', digest }
  }
  return digest === undefined ? { tag, names: 'nothing' } : { tag, names: 'same', digest }
}

/** @throws UserError that names the tags that something else has already */
export function refuseOtherImages(repository: Repository, tags: LookedUpTag[]): void {
  const taken = tags
    .filter((tag) => tag.names === 'other')
    .map(({ tag }) => formatReference({ ...repository, tag }))
  if (taken.length > 0)
    throw new UserError(
      `${taken.join(', ')} already names an image of other content; choose another date or tag, or set overwrite-tags: true.`,
    )
}

/** @param tags as looked up; one that names something else is here only if it may be taken over */
export function publishedOf(tags: LookedUpTag[]): Published {
  for (const tag of tags)
    if (tag.names === 'same') {
      const missingTags = tags.filter(({ names }) => names !== 'same').map((other) => other.tag)
      return { kind: 'same', digest: tag.digest, missingTags }
    }
  return { kind: 'absent' }
}
