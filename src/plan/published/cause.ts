import { UserError } from '../../errors.ts'
import { getPlatformImage, type Repository } from '../../registry/index.ts'
import { determinantsLabel, determinantsOf } from '../keys/build-id.ts'
import { changesOf, parseDeterminants } from './changes.ts'
import type { LookedUp, LookUpWorld } from './look-up.ts'
import { nearestTags } from './nearest-tags.ts'
import type { Cause, Change, PlannedLeg } from '../plan.ts'
import type { PlanRequest } from '../request.ts'
import { couldBeOf, tells, type TemplateValues } from './tag.ts'

type Image = { repository: Repository; values: TemplateValues; tags: string[]; legs: PlannedLeg[] }

/**
 * Published images that are looked at for what others were made of, in equal parts for the legs of a plan. Each has its nearest,
 * which was looked at already where it is the same of another date, and else is that of many.
 */
const mostLookedAt = 4

/**
 * Says why an image is built, or is not. What changed is told from the nearest published image; nothing is asked about one that
 * is published already.
 */
export async function causeOf(
  request: PlanRequest,
  world: LookUpWorld,
  image: Image,
  { published, looked, old }: LookedUp & { old: readonly string[] },
): Promise<Cause> {
  if (published.kind === 'same')
    return { kind: 'unchanged', tag: published.tags[0] ?? published.missingTags[0] ?? '' }
  if (request.publicTags === 'ignore') return { kind: 'unpushed' }
  if (request.rebuild) return { kind: 'forced' }
  const [made] = [...old].sort()
  if (made !== undefined) return { kind: 'aged', made, limit: request.maxAge?.text ?? '' }
  const taken = looked.flatMap((one) => (one.names === 'other' ? [one.tag] : []))
  const listed = await world.tags.list(image.repository)
  const looks = Math.max(1, Math.floor(mostLookedAt / world.legs))
  const near = [...new Set([...taken, ...nearestTags(listed, request.templates, image.values)])]
  const [nearest, ...others] = near.slice(0, looks)
  if (nearest === undefined) return { kind: ofItsKind(request, image, listed) }
  const tellVersions = request.templates.some((template) => tells(template, 'engine-version'))
  let isNewVersion = false
  for (const since of [nearest, ...others]) {
    const changes = await changesSince(world, image, since).catch(ofNothing)
    // A tag such as `latest`, which was taken over.
    const isOther = tellVersions && changes?.some(isOtherVersion) === true
    if (changes && !isOther) return { kind: 'changed', since, changes }
    isNewVersion ||= isOther
  }
  return isNewVersion ? { kind: 'new-version' } : { kind: 'unknown', since: nearest }
}

/** @returns whether it says so: an image of long ago may not say of which engine version it is */
function isOtherVersion({ what, from }: Change): boolean {
  return what === 'engineVersion' && from !== null
}

/** What an image is the first of, beside which there is nothing to compare it with. @param listed tags of its repository */
function ofItsKind(
  { templates }: PlanRequest,
  { values: { engine } }: Image,
  listed: readonly string[],
): 'first' | 'new-version' | 'new-tags' {
  if (listed.length === 0) return 'first'
  const isOfEngine = (tag: string): boolean =>
    templates.some((template) => tells(template, 'engine-version') && couldBeOf(template, { engine }, tag))
  return listed.some(isOfEngine) ? 'new-version' : 'new-tags'
}

/** What can't be read says nothing; that is no reason not to build. */
function ofNothing(error: unknown): undefined {
  if (!(error instanceof UserError)) throw error
}

/** @returns undefined if what the tag names does not say of what it was made, on none of the platforms */
async function changesSince(
  { registry }: LookUpWorld,
  { repository, legs }: Image,
  tag: string,
): Promise<Change[] | undefined> {
  const perLeg = await Promise.all(
    legs.map(async (leg) => {
      const label = await labelOf(registry, repository, tag, leg.platform)
      const old = label === undefined ? undefined : parseDeterminants(label)
      return old && { platform: leg.platform, old, now: determinantsOf(leg, leg.recipe) }
    }),
  )
  const known = perLeg.filter((one) => one !== undefined)
  return known.length === 0 ? undefined : changesOf(known)
}

async function labelOf(
  registry: LookUpWorld['registry'],
  repository: Repository,
  tag: string,
  platform: string,
): Promise<string | undefined> {
  const top = await registry.getManifest(repository, tag)
  const repeated = top?.parsed.annotations[determinantsLabel]
  if (!top || repeated !== undefined) return repeated
  const found = await getPlatformImage(registry, repository, top.digest, platform)
  return found?.image?.config.labels[determinantsLabel]
}
