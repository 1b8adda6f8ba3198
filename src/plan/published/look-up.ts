import type { Digest } from '../../registry/index.ts'
import { olderThan } from './age.ts'
import type { ComposedImage } from '../combination.ts'
import type { Published } from '../plan.ts'
import { type LookedUpTag, lookUpTag, publishedOf, refuseOtherImages } from './published.ts'
import type { PlanRequest } from '../request.ts'
import { dateInTag, expandTemplate, type TagTemplate } from './tag.ts'
import type { SettlingWorld } from '../world.ts'

/** What is published of an image; `looked` are the tags that were read, today's names first. */
export type LookedUp = { published: Published; looked: LookedUpTag[] }

/** At most this many tags of other dates are read for one image */
const mostRead = 5

/** @throws UserError if one of today's names is taken by something else */
export async function lookUpPublished(
  request: PlanRequest,
  world: SettlingWorld,
  image: ComposedImage,
): Promise<LookedUp> {
  const absent = { kind: 'absent' } as const
  if (request.publicTags === 'ignore') return { published: absent, looked: [] }
  const dated = request.templates.filter((template) => template.dated)
  const today = await lookUpToday(request, world, image, dated.length > 0)
  if (request.publicTags === 'look') refuseOtherImages(image, today)
  if (request.rebuild) return { published: absent, looked: today }
  const todaysOf = new Map(dated.map((template) => [template, expandTemplate(template, image.values)]))
  const published = publishedOf(today)
  const isDated = today.some(({ tag, names }) => names === 'same' && [...todaysOf.values()].includes(tag))
  // To get today's date, an image may be known by any name.
  if (dated.length === 0 || isDated || (published.kind === 'same' && request.unchanged === 'retag'))
    return { published, looked: today }
  const same = published.kind === 'same' ? published : undefined
  const { digest, kept, looked } = await lookUpOthers(request, world, image, { dated, digest: same?.digest })
  const all = [...today, ...looked]
  if (digest === undefined) return { published: absent, looked: all }
  const present = new Set([...kept.values(), ...(same?.tags ?? [])])
  const stays = request.unchanged === 'retag' ? [] : [...kept.keys()].map((one) => todaysOf.get(one))
  const missingTags = today
    .filter(({ tag, names }) => !present.has(tag) && (names !== 'nothing' || !stays.includes(tag)))
    .map(({ tag }) => tag)
  return { published: { kind: 'same', digest, tags: [...present], missingTags }, looked: all }
}

/** @param isListed whether the list of tags will be needed if none of these exists */
async function lookUpToday(
  { maxAge }: PlanRequest,
  { registry, tags }: SettlingWorld,
  image: ComposedImage,
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

/**
 * Looks for the image under other dates, newest first. Published images were staged first, so for
 * an image that is not staged only the newest tag is checked: the cache repository may have been
 * emptied since.
 * @param wanted.digest what a name without a date has already; undefined: the first with the
 * planned content
 * @returns `kept`: template → tag of another date that names the image
 */
async function lookUpOthers(
  request: PlanRequest,
  world: SettlingWorld,
  image: ComposedImage,
  wanted: { dated: readonly TagTemplate[]; digest: Digest | undefined },
) {
  let { digest } = wanted
  const kept = new Map<TagTemplate, string>()
  const looked: LookedUpTag[] = []
  const others = otherDates(await world.tags.list(image.repository), image, wanted.dated)
  for (const { tag, template } of others.slice(0, mostRead)) {
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

async function areStaged(world: SettlingWorld, { legs }: ComposedImage): Promise<boolean> {
  const staged = await Promise.all(legs.map((leg) => world.staged.has(leg, world.legs)))
  return staged.every(Boolean)
}

/** @returns the tags that the templates give on other days, newest first */
function otherDates(
  all: readonly string[],
  { tags, values }: ComposedImage,
  templates: readonly TagTemplate[],
): { tag: string; template: TagTemplate }[] {
  const others = all.filter((tag) => !tags.includes(tag))
  const dated = templates.flatMap((template) =>
    others.map((tag) => ({ tag, template, date: dateInTag(template, values, tag) ?? '' })),
  )
  return dated.filter(({ date }) => date !== '').sort((left, right) => right.date.localeCompare(left.date))
}
