import { judgeFeasibility, judgeLeg } from './feasibility/judge-leg.ts'
import { olderThan } from './published/age.ts'
import { causeOf } from './published/cause.ts'
import type { Choice } from './choose.ts'
import { compose, type ComposedImage, excludedOf } from './combination.ts'
import { type Feasibility } from './feasibility/feasibility.ts'
import { knownBases } from './feasibility/known-base.ts'
import { type LookedUp, lookUpPublished } from './published/look-up.ts'
import { planMirrors } from './published/mirrors.ts'
import { isNixlKnown } from './nixl/nixl-choice.ts'
import { ucxOf } from './nixl/ucx-choice.ts'
import type { Cause, Excluded, Leg, PlannedImage, PlannedLeg } from './plan.ts'
import type { PlanRequest } from './request.ts'
import type { SettlingWorld } from './world.ts'

export type Settled =
  | { kind: 'planned'; image: PlannedImage }
  /** `forcible`: `force` would plan it */
  | { kind: 'impossible'; choice: Choice; excluded: Excluded; forcible: boolean }

/**
 * Decides whether a combination is published already, cannot be built, or is to be built.
 * @throws UserError if one of its tags names something else, also in a mirror
 */
export async function settle(request: PlanRequest, world: SettlingWorld, choice: Choice): Promise<Settled> {
  const impossible = (platform: string, reason: string, forcible: boolean): Settled => ({
    kind: 'impossible',
    choice,
    excluded: excludedOf(choice, platform, reason),
    forcible,
  })
  const everywhere = request.platforms.join(', ')
  if ('unbuildable' in choice) return impossible(everywhere, choice.unbuildable, false)
  const ucx = await ucxOf(choice, () => knownBases(world.known, choice, world.legs), world)
  if ('unbuildable' in ucx) return impossible(everywhere, ucx.unbuildable, false)
  const composed = compose(request, choice, ucx, world.recipeOf(choice.engine))
  const { unverified, ...lookedUp } = await lookUpVerified(request, world, composed)
  const settled = await Promise.all(composed.legs.map((leg) => settleLeg(request, world, leg, lookedUp)))
  const legs: PlannedLeg[] = []
  const old: string[] = []
  for (const { leg, exists, feasibility } of settled) {
    if (feasibility.state === 'impossible') return impossible(leg.platform, feasibility.reason, true)
    const { made, ...rest } = exists
    old.push(...made)
    legs.push({ ...leg, ...rest, feasibility: feasibility.state, named: choice.named })
  }
  const { id, repository, tags, overwritable } = composed
  const { engine, version, why } = choice
  const { published } = lookedUp
  const chosen = { id, engine, version, why, legs: atLeastOne(legs, id) }
  const image = { ...chosen, repository, tags, ...(overwritable && { overwritable }), published }
  const mirrors = await planMirrors(request, world, image)
  const cause = unverified ?? (await causeOf(request, world, { ...composed, legs }, { ...lookedUp, old }))
  return { kind: 'planned', image: { ...image, cause, mirrors } }
}

function atLeastOne([first, ...more]: readonly PlannedLeg[], id: string): PlannedImage['legs'] {
  if (!first) throw new Error(`${id} has no platform`)
  return [first, ...more]
}

/**
 * Looks up what is published. What would get further tags, but has no record of how it was
 * verified, is built again.
 */
async function lookUpVerified(
  request: PlanRequest,
  world: SettlingWorld,
  composed: ComposedImage,
): Promise<LookedUp & { unverified?: Cause }> {
  const { repository, legs } = composed
  const absent = { kind: 'absent' } as const
  if (!legs.every(isNixlKnown)) return { published: absent, looked: [], unverified: { kind: 'unmeasured' } }
  const lookedUp = await lookUpPublished(request, world, composed)
  const { published } = lookedUp
  if (published.kind === 'absent' || published.missingTags.length === 0) return lookedUp
  const place = { repository, digest: published.digest }
  const answers = await Promise.all(legs.map((leg) => world.unfit(leg, place)))
  const why = answers.find((answer) => answer !== undefined)
  if (why === undefined) return lookedUp
  const tag = published.tags[0] ?? ''
  return { ...lookedUp, published: absent, unverified: { kind: 'unverified', tag, why } }
}

/** `made`: when what is too old was built, RFC 3339. */
type Existing = Pick<PlannedLeg, 'existing' | 'newerThan'> & { made: string[] }

const unasked: Existing = { existing: 'nothing', newerThan: null, made: [] }

async function findExisting(
  { publicTags, rebuild, maxAge }: PlanRequest,
  world: SettlingWorld,
  leg: Leg,
  { looked }: LookedUp,
): Promise<Existing> {
  if (publicTags === 'ignore' || rebuild || !isNixlKnown(leg)) return unasked
  const tooOld = olderThan(maxAge)
  const isStaged = (await world.staged.has(leg, world.legs)) && (await world.unfit(leg)) === undefined
  if (!tooOld || !maxAge) return { ...unasked, existing: isStaged ? 'staged' : 'nothing' }
  const config = isStaged ? await world.staged.config(leg) : undefined
  const stagedAt = config && tooOld(config, leg)
  const made = looked.flatMap((one) => (one.names === 'aged' ? (one.made[leg.platform] ?? []) : []))
  if (stagedAt !== undefined) made.push(stagedAt)
  return {
    existing: config && stagedAt === undefined ? 'staged' : 'nothing',
    newerThan: made.length === 0 ? null : new Date(maxAge.before).toISOString(),
    made,
  }
}

type SettledLeg = { leg: Leg; exists: Existing; feasibility: { state: 'forced' } | Feasibility }

/** Asks nothing about a published leg, and not pip about a staged one, which had a wheel. */
async function settleLeg(
  request: PlanRequest,
  world: SettlingWorld,
  leg: Leg,
  lookedUp: LookedUp,
): Promise<SettledLeg> {
  if (lookedUp.published.kind === 'same') return { leg, exists: unasked, feasibility: { state: 'possible' } }
  const exists = await findExisting(request, world, leg, lookedUp)
  if (request.force) return { leg, exists, feasibility: { state: 'forced' } }
  const base = await world.known(leg, world.legs)
  const feasibility =
    exists.existing === 'staged'
      ? judgeFeasibility(leg, base, world.catalogue, { versions: [leg.nixl] })
      : await judgeLeg(leg, base, world)
  return { leg, exists, feasibility }
}
