import { UserError } from '../../errors.ts'
import { type Digest, formatReference, formatRepository, type Repository } from '../../registry/index.ts'
import type { Plan, PlannedImage, PlannedMirror } from '../plan.ts'
import type { Reader } from '../remember.ts'
import type { PlanRequest } from '../request.ts'
import type { SettlingWorld } from '../world.ts'
import { publicTagsOf } from './published.ts'

/** A public tag that does not name the image in a mirror; `names` is what it names there now. */
export type MirrorGap = { tag: string; names: Digest | undefined }

/**
 * An image and one of its mirrors. `digest` is what the mirror is to have: `new` if the image is yet
 * to be built, `staged` if all of its legs are and its digest is known before the first tag.
 */
type Mirrored = {
  repository: Repository
  mirror: Repository
  digest: Digest | 'new' | 'staged'
  publicTags: Plan['publicTags']
  /** The tags that may be moved from another image; undefined: none */
  overwritable: readonly string[] | undefined
}

/**
 * Looks up which tags a mirror lacks. It must have the very digest that is published: another build
 * of the same image is something else there. Only a tag that names what the public tag names too
 * moves together with that one.
 * @throws UserError that names the tags of something else, unless the plan overwrites
 */
export async function lookUpMirror(
  registry: Pick<Reader, 'getManifest'>,
  { repository, mirror, digest, publicTags, overwritable }: Mirrored,
  tags: readonly string[],
): Promise<MirrorGap[]> {
  const found = await Promise.all(
    tags.map(async (tag) => ({ tag, names: (await registry.getManifest(mirror, tag))?.digest })),
  )
  const gaps = found.filter(({ names }) => names === undefined || names !== digest)
  if (publicTags !== 'look' || digest === 'staged') return gaps
  const isTaken = await Promise.all(
    gaps.map(async ({ tag, names }) => {
      if (names === undefined || overwritable?.includes(tag)) return false
      return (await registry.getManifest(repository, tag))?.digest !== names
    }),
  )
  refuseTaken(
    repository,
    mirror,
    gaps.filter((_, index) => isTaken[index]).map(({ tag }) => tag),
  )
  return gaps
}

/** @throws UserError if there are tags that name something else in a mirror */
export function refuseTaken(repository: Repository, mirror: Repository, tags: readonly string[]): void {
  if (tags.length === 0) return
  const names = tags.map((tag) => formatReference({ ...mirror, tag })).join(', ')
  throw new UserError(
    `${names} already names a different image than the one for ${formatRepository(repository)}; choose another date or tag, or set overwrite-tags: true.`,
  )
}

/**
 * Looks up what the mirrors of a planned image lack, before anything is built.
 * @throws UserError that names the tags of something else
 */
export async function planMirrors(
  { mirrors, publicTags }: Pick<PlanRequest, 'mirrors' | 'publicTags'>,
  { registry, tags: index, legs: questions }: Pick<SettlingWorld, 'registry' | 'tags' | 'legs'>,
  { engine, repository, tags, overwritable, published, legs }: Omit<PlannedImage, 'mirrors' | 'cause'>,
): Promise<PlannedMirror[]> {
  if (publicTags === 'ignore') return []
  const isPublished = published.kind === 'same'
  const wanted = isPublished ? publicTagsOf(tags, published) : tags
  const unpublished = legs.every(({ existing }) => existing === 'staged') ? 'staged' : 'new'
  const digest = isPublished ? published.digest : unpublished
  const listed: Pick<Reader, 'getManifest'> = {
    getManifest: async (of, tag) =>
      (await index.knows(of, tag, questions)) === false ? undefined : registry.getManifest(of, tag),
  }
  return Promise.all(
    mirrors
      .filter((one) => one.engine === engine)
      .map(async ({ repository: mirror }) => {
        const gaps = await lookUpMirror(
          listed,
          { repository, mirror, digest, publicTags, overwritable },
          wanted,
        )
        return { repository: mirror, missingTags: gaps.map(({ tag }) => tag) }
      }),
  )
}

/** @returns whether an image is published, and one of its mirrors lacks some of its tags */
export function lacksInMirrors({ published, mirrors }: Pick<PlannedImage, 'published' | 'mirrors'>): boolean {
  return published.kind === 'same' && mirrors.some(({ missingTags }) => missingTags.length > 0)
}
