import { lookUpMirror, type Plan, type PlannedImage, refuseTaken } from '../plan/index.ts'
import type { Mirrorable, Mirroring } from '../promote/index.ts'
import type { Digest, RegistryClient, Repository } from '../registry/index.ts'
import type { ImageOutcome } from '../report/index.ts'

/** What a mirror has of the public tags of an image, and what it is to get, if anything. */
export type InspectedMirror = {
  repository: Repository
  present: readonly string[]
  mirrorable: Mirrorable | undefined
}

/** The digest and the tags that an image has once its public tags are created */
type Published = { digest: Digest; tags: readonly string[] }

/**
 * Inspects the mirrors of an image whose digest is known, before any tag is created.
 * @param choices.lookAgain whether the plan looked at them too long ago
 * @throws UserError that names the tags of something else
 */
export async function inspectMirrors(
  image: PlannedImage,
  { digest, tags }: Published,
  { publicTags }: Pick<Plan, 'publicTags'>,
  { lookAgain }: { lookAgain: boolean },
  registry: Pick<RegistryClient, 'getManifest'>,
): Promise<InspectedMirror[]> {
  const { published, repository, overwritable } = image
  const isKnown = !lookAgain && published.kind === 'same' && published.digest === digest
  return Promise.all(
    image.mirrors.map(async ({ repository: mirror, missingTags }) => {
      if (isKnown && missingTags.length === 0)
        return { repository: mirror, present: tags, mirrorable: undefined }
      const mirrored = { repository, mirror, digest, publicTags, overwritable }
      const gaps = await lookUpMirror(registry, mirrored, tags)
      const missing = gaps.map(({ tag }) => tag)
      const present = tags.filter((tag) => !missing.includes(tag))
      // Right before a tag is created, since somebody may have given it to other content.
      const check = async (tag: string): Promise<void> => {
        if (publicTags !== 'look' || overwritable?.includes(tag)) return
        const now = (await registry.getManifest(mirror, tag))?.digest
        const before = gaps.find((gap) => gap.tag === tag)?.names
        if (now !== undefined && now !== digest && now !== before) refuseTaken(repository, mirror, [tag])
      }
      const rest = { from: repository, digest, publicTags: tags, to: mirror, tags: missing, check }
      return { repository: mirror, present, mirrorable: missing.length === 0 ? undefined : rest }
    }),
  )
}

/** @returns the outcome with the tags that its mirrors have now */
export function withMirrors(
  outcome: ImageOutcome,
  mirrors: readonly InspectedMirror[],
  done: Mirroring['done'],
): ImageOutcome {
  if (mirrors.length === 0 || (outcome.state !== 'published' && outcome.state !== 'unchanged')) return outcome
  const all = mirrors.map(({ repository, present, mirrorable }) => {
    const added = (mirrorable && done.get(mirrorable)) ?? []
    return { repository, tags: [...present, ...added], added: [...added] }
  })
  return { ...outcome, mirrors: all }
}
