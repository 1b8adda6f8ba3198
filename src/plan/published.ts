import { UserError } from '../errors.ts'
import type { RegistryClient } from '../registry/client.ts'
import type { Digest } from '../registry/digest.ts'
import { getPlatformImage } from '../registry/platform-image.ts'
import { formatReference, type Repository } from '../registry/reference.ts'
import type { Leg, Published } from './plan.ts'

/** The label that every image carries, and by which a published one is recognised. */
export const buildIdLabel = 'io.aibrix.image.build-id'

/** What a public tag names: nothing, an image of the planned build id, or something else. */
export type LookedUpTag = { tag: string } & (
  { names: 'nothing' } | { names: 'same' | 'other'; digest: Digest }
)

export async function lookUpTags(
  registry: Pick<RegistryClient, 'getManifest' | 'getImageConfig'>,
  image: { leg: Pick<Leg, 'buildId' | 'platform'>; repository: Repository; tags: string[] },
): Promise<LookedUpTag[]> {
  return Promise.all(
    image.tags.map(async (tag): Promise<LookedUpTag> => {
      const found = await getPlatformImage(registry, image.repository, tag, image.leg.platform)
      if (!found) return { tag, names: 'nothing' }
      const same = found.image?.config.labels[buildIdLabel] === image.leg.buildId
      return { tag, names: same ? 'same' : 'other', digest: found.top.digest }
    }),
  )
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
