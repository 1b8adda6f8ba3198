import { UserError } from '../../errors.ts'
import { getPlatformImage, type Repository } from '../../registry/index.ts'
import { determinantsLabel, determinantsOf } from '../keys/build-id.ts'
import { changesOf, parseDeterminants } from './changes.ts'
import type { LookedUp } from './look-up.ts'
import { nearestTags } from './nearest-tags.ts'
import type { Cause, Change, PlannedLeg } from '../plan.ts'
import type { PlanRequest } from '../request.ts'
import { couldBeOf, tells, type TemplateValues } from './tag.ts'
import type { SettlingWorld } from '../world.ts'

type Image = { repository: Repository; values: TemplateValues; tags: string[]; legs: PlannedLeg[] }

/**
 * At most this many published images are read to explain changes, shared among the plan's legs (at
 * least one each). If the nearest one is the same image of another date it was read already; if
 * not, many legs share it.
 */
const mostRead = 4

/** Finds out why an image is built, or is not, from the nearest published images. */
export async function causeOf(
  request: PlanRequest,
  world: SettlingWorld,
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
  const near = [...new Set([...taken, ...nearestTags(listed, request.templates, image.values)])]
  const reads = Math.max(1, Math.floor(mostRead / world.legs))
  return (await firstChanges(request, world, image, near.slice(0, reads))) ?? newKind(request, image, listed)
}

/** @param near tags to compare with; if there are none, neither is there an answer */
async function firstChanges(
  { templates }: PlanRequest,
  world: SettlingWorld,
  image: Image,
  near: readonly string[],
): Promise<Cause | undefined> {
  const [nearest] = near
  if (nearest === undefined) return undefined
  const tellVersions = templates.some((template) => tells(template, 'engine-version'))
  let isNewVersion = false
  for (const since of near) {
    const changes = await changesSince(world, image, since).catch(ofNothing)
    // A tag such as `latest` that moved to this engine version.
    const isOther = tellVersions && changes?.some(isOtherVersion) === true
    if (changes && !isOther) return { kind: 'changed', since, changes }
    isNewVersion ||= isOther
  }
  return isNewVersion ? { kind: 'new-version' } : { kind: 'unknown', since: nearest }
}

/** An old image may not record its engine version, which is no sign of another one. */
function isOtherVersion({ what, from }: Change): boolean {
  return what === 'engineVersion' && from !== null
}

/** An image without a published one to compare it with. @param listed tags of its repository */
function newKind(
  { templates }: PlanRequest,
  { values: { engine } }: Image,
  listed: readonly string[],
): { kind: 'first' | 'new-version' | 'new-tags' } {
  if (listed.length === 0) return { kind: 'first' }
  const isOfEngine = (tag: string): boolean =>
    templates.some((template) => tells(template, 'engine-version') && couldBeOf(template, { engine }, tag))
  return { kind: listed.some(isOfEngine) ? 'new-version' : 'new-tags' }
}

/** An unreadable image explains nothing, which is no reason not to build. */
function ofNothing(error: unknown): undefined {
  if (!(error instanceof UserError)) throw error
}

/** @returns undefined if what the tag names records its determinants on no platform */
async function changesSince(
  { registry }: SettlingWorld,
  { repository, legs }: Image,
  tag: string,
): Promise<Change[] | undefined> {
  const perLeg = await Promise.all(
    legs.map(async (leg) => {
      const top = await registry.getManifest(repository, tag)
      const repeated = top?.parsed.annotations[determinantsLabel]
      const found =
        top && repeated === undefined
          ? await getPlatformImage(registry, repository, top.digest, leg.platform)
          : undefined
      const label = repeated ?? found?.image?.config.labels[determinantsLabel]
      const old = label === undefined ? undefined : parseDeterminants(label)
      return old && { platform: leg.platform, old, now: determinantsOf(leg, leg.recipe) }
    }),
  )
  const known = perLeg.filter((one) => one !== undefined)
  return known.length === 0 ? undefined : changesOf(known)
}
