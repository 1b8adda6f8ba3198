import type { Digest, ImageConfig, RegistryClient } from '../../registry/index.ts'
import { olderThan } from './age.ts'
import type { ComposedImage } from '../combination.ts'
import type { Leg, Published } from '../plan.ts'
import { type LookedUpTag, lookUpTag, publishedOf, refuseOtherImages } from './published.ts'
import type { PlanRequest } from '../request.ts'
import { dateInTag, expandTemplate, type TagTemplate } from './tag.ts'
import type { TagIndex } from './tag-index.ts'

export type LookUpWorld = {
  registry: Pick<RegistryClient, 'getManifest' | 'getImageConfig'>
  tags: TagIndex
  staged: StagedLegs
  /** How many legs the plan has at most */
  legs: number
}

/** What a plan asks about legs that earlier runs have staged. */
export type StagedLegs = {
  /** Whether there is one, of whatever age. @param questions how many legs are asked about, see TagIndex */
  has: (leg: Leg, questions: number) => Promise<boolean>
  /** The configuration of its image; undefined if there is none for its platform */
  config: (leg: Leg) => Promise<ImageConfig | undefined>
}

/** What the public repository says of an image; `looked` are the tags that were read, those of today's names first. */
export type LookedUp = { published: Published; looked: LookedUpTag[] }

/** Tags of another date that are looked at for one image. */
const mostLookedAt = 5

/** @throws UserError if one of today's names is that of something else */
export async function lookUpPublished(
  request: PlanRequest,
  world: LookUpWorld,
  image: ComposedImage,
): Promise<LookedUp> {
  if (request.publicTags === 'ignore') return { published: { kind: 'absent' }, looked: [] }
  const dated = request.templates.filter((template) => template.dated)
  const today = await lookUpToday(request, world, image, dated.length > 0)
  if (request.publicTags === 'look') refuseOtherImages(image.repository, today)
  if (request.rebuild) return { published: { kind: 'absent' }, looked: today }
  const todaysOf = new Map(dated.map((template) => [template, expandTemplate(template, image.values)]))
  const isDated = ({ tag }: LookedUpTag): boolean => [...todaysOf.values()].includes(tag)
  const published = publishedOf(today)
  const isThere = dated.length === 0 || today.some((one) => isDated(one) && one.names === 'same')
  // To give the image today's date it is enough to know it by any name.
  if (isThere || (published.kind === 'same' && request.unchanged === 'retag'))
    return { published, looked: today }
  const { digest, kept, looked } = await lookUpOthers(request, world, image, {
    dated,
    digest: published.kind === 'same' ? published.digest : undefined,
  })
  const all = [...today, ...looked]
  if (digest === undefined) return { published: { kind: 'absent' }, looked: all }
  const named = new Set([...kept.values(), ...(published.kind === 'same' ? published.tags : [])])
  const stays = new Set(
    request.unchanged === 'retag' ? [] : [...kept.keys()].map((template) => todaysOf.get(template)),
  )
  const missing = today.filter(
    (one) => !named.has(one.tag) && (one.names !== 'nothing' || !stays.has(one.tag)),
  )
  const missingTags = missing.map(({ tag }) => tag)
  return { published: { kind: 'same', digest, tags: [...named], missingTags }, looked: all }
}

async function lookUpToday(
  { maxAge }: PlanRequest,
  { registry, tags }: LookUpWorld,
  image: ComposedImage,
  /** Whether the list of tags will be needed in any case, if there is nothing under these */
  isListed: boolean,
): Promise<LookedUpTag[]> {
  const questions = isListed ? Infinity : image.tags.length
  return Promise.all(
    image.tags.map(async (tag): Promise<LookedUpTag> => {
      const known = await tags.knows(image.repository, tag, questions)
      return known === false ? { tag, names: 'nothing' } : lookUpTag(registry, image, tag, olderThan(maxAge))
    }),
  )
}

type Others = {
  digest: Digest | undefined
  /** By which tag of another date the image is known, by templates */
  kept: Map<TagTemplate, string>
  looked: LookedUpTag[]
}

/**
 * Looks for the image under other dates, the newest first. What is published was staged before, so where a leg is not, the
 * newest alone is looked at: somebody may have emptied the cache repository since.
 * @param wanted.digest what a name without a date has already; undefined: the first that has the planned content
 */
async function lookUpOthers(
  request: PlanRequest,
  world: LookUpWorld,
  image: ComposedImage,
  wanted: { dated: readonly TagTemplate[]; digest: Digest | undefined },
): Promise<Others> {
  let { digest } = wanted
  const kept = new Map<TagTemplate, string>()
  const looked: LookedUpTag[] = []
  const others = otherDates(await world.tags.list(image.repository), image, wanted.dated)
  for (const { tag, template } of others.slice(0, mostLookedAt)) {
    if (kept.has(template)) continue
    const one = await lookUpTag(world.registry, image, tag, olderThan(request.maxAge))
    looked.push(one)
    if (one.names === 'same' && (digest === undefined || one.digest === digest)) {
      digest = one.digest
      kept.set(template, tag)
      if (kept.size === wanted.dated.length) break
    } else if (!(await areStaged(world, image))) break
  }
  return { digest, kept, looked }
}

async function areStaged(world: LookUpWorld, { legs }: ComposedImage): Promise<boolean> {
  const staged = await Promise.all(legs.map((leg) => world.staged.has(leg, world.legs)))
  return staged.every(Boolean)
}

/** @returns the tags that the templates give on other days, the newest first */
function otherDates(
  all: readonly string[],
  { tags, values }: ComposedImage,
  templates: readonly TagTemplate[],
): { tag: string; template: TagTemplate; date: string }[] {
  const today = new Set(tags)
  return templates
    .flatMap((template) =>
      all.flatMap((tag) => {
        const date = today.has(tag) ? undefined : dateInTag(template, values, tag)
        return date === undefined ? [] : [{ tag, template, date }]
      }),
    )
    .sort((left, right) => right.date.localeCompare(left.date))
}
