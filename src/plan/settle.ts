import type { Digest, Repository } from '../registry/index.ts'
import { olderThan } from './published/age.ts'
import type { Catalogue } from './feasibility/catalogue.ts'
import { causeOf } from './published/cause.ts'
import type { Choice } from './choose.ts'
import { compose, type ComposedImage, excludedOf } from './combination.ts'
import type { Engine } from './engine.ts'
import { type Feasibility, judgeFeasibility } from './feasibility/feasibility.ts'
import { judgeLeg } from './feasibility/judge.ts'
import { type LookedUp, lookUpPublished, type LookUpWorld } from './published/look-up.ts'
import { isNixlKnown } from './nixl/nixl-choice.ts'
import type { NixlIndex } from './nixl/nixl-index.ts'
import type { Cause, Excluded, Leg, PlannedImage, PlannedLeg } from './plan.ts'
import type { PlanRequest } from './request.ts'
import type { Ground } from './nixl/select-nixl.ts'
import type { Source } from './source.ts'
import { ucxOf } from './nixl/ucx-choice.ts'

/** What settling needs of the world. */
export type SettleWorld = LookUpWorld & {
  catalogue: Catalogue
  nixl: NixlIndex
  ucx: Source
  /** sha256 over what an engine's image is made with: its Dockerfile and the scripts */
  recipeOf: (engine: Engine) => string
  /**
   * Why what the cache repository has of a leg, or the public image `published`, can't be taken as verified, a sentence; undefined if it
   * can, or if it is to be judged by the run that publishes it
   */
  unfit: (leg: Leg, published?: PublishedPlace) => Promise<string | undefined>
}

/** A public image by its digest */
export type PublishedPlace = { repository: Repository; digest: Digest }

export type Settled =
  | { kind: 'planned'; image: PlannedImage }
  /** `forcible`: with `force` it would be planned all the same */
  | { kind: 'impossible'; choice: Choice; excluded: Excluded; forcible: boolean }

/**
 * Decides what happens to a combination: whether it is published already, can't be built, or has to be.
 * @throws UserError if one of its tags names something else
 */
export async function settle(request: PlanRequest, world: SettleWorld, choice: Choice): Promise<Settled> {
  const impossible = (platform: string, reason: string, forcible: boolean): Settled => ({
    kind: 'impossible',
    choice,
    excluded: excludedOf(choice, platform, reason),
    forcible,
  })
  const nothingToBuildFrom = (reason: string) => impossible(request.platforms.join(', '), reason, false)
  if ('unbuildable' in choice) return nothingToBuildFrom(choice.unbuildable)
  const { grounds } = choice
  const ucx = await ucxOf(choice, grounds, world)
  if ('reason' in ucx) return nothingToBuildFrom(ucx.reason)
  const bases = new Map([...grounds].map(([platform, { base }]) => [platform, base]))
  const composed = compose(request, choice, bases, ucx, world.recipeOf(choice.engine))
  const isKnown = isNixlKnown(choice)
  const { unverified, ...lookedUp } = isKnown
    ? await lookUpVerified(request, world, composed)
    : { published: { kind: 'absent' } as const, looked: [], unverified: { kind: 'unmeasured' } as const }
  const settled = await Promise.all(
    composed.legs.map((leg) =>
      settleLeg(request, world, leg, { lookedUp, ground: grounds.get(leg.platform) }),
    ),
  )
  const legs: PlannedLeg[] = []
  const old: string[] = []
  for (const { leg, exists, feasibility } of settled) {
    if (feasibility.state === 'impossible') return impossible(leg.platform, feasibility.reason, true)
    const { made, ...rest } = exists
    old.push(...made)
    legs.push({ ...leg, ...rest, feasibility: feasibility.state, named: choice.named })
  }
  const { id, repository, tags } = composed
  const { engine, version, why } = choice
  const { published } = lookedUp
  const cause = unverified ?? (await causeOf(request, world, { ...composed, legs }, { ...lookedUp, old }))
  return {
    kind: 'planned',
    image: { id, engine, version, why, legs: atLeastOne(legs, id), repository, tags, published, cause },
  }
}

/** What is published under a name and shall get another is built again where nothing says how it was judged. */
async function lookUpVerified(
  request: PlanRequest,
  world: SettleWorld,
  composed: ComposedImage,
): Promise<LookedUp & { unverified?: Cause }> {
  const lookedUp = await lookUpPublished(request, world, composed)
  const { published } = lookedUp
  if (published.kind === 'absent' || published.missingTags.length === 0) return lookedUp
  const place = { repository: composed.repository, digest: published.digest }
  const answers = await Promise.all(composed.legs.map((leg) => world.unfit(leg, place)))
  const why = answers.find((answer) => answer !== undefined)
  if (why === undefined) return lookedUp
  const tag = published.tags[0] ?? ''
  return { ...lookedUp, published: { kind: 'absent' }, unverified: { kind: 'unverified', tag, why } }
}

function atLeastOne(legs: readonly PlannedLeg[], id: string): PlannedImage['legs'] {
  const [first, ...more] = legs
  if (!first) throw new Error(`${id} has no platform`)
  return [first, ...more]
}

/** `made` is when what is too old was made, RFC 3339. */
type Existing = Pick<PlannedLeg, 'existing' | 'newerThan'> & { made: string[] }

/** Nobody needs to know it of what is published. */
const notAsked: Existing = { existing: 'nothing', newerThan: null, made: [] }

async function existing(
  request: PlanRequest,
  world: SettleWorld,
  leg: Leg,
  { looked }: LookedUp,
): Promise<Existing> {
  const { publicTags, rebuild, maxAge } = request
  if (publicTags === 'ignore' || rebuild || !isNixlKnown(leg)) return notAsked
  const tooOld = olderThan(maxAge)
  const isThere = (await world.staged.has(leg, world.legs)) && (await world.unfit(leg)) === undefined
  if (!tooOld || !maxAge) return { ...notAsked, existing: isThere ? 'staged' : 'nothing' }
  const config = isThere ? await world.staged.config(leg) : undefined
  const staged = config && { made: tooOld(config, leg) }
  const published = looked.flatMap((one) => (one.names === 'aged' ? (one.made[leg.platform] ?? []) : []))
  const made = [...published, ...(staged?.made === undefined ? [] : [staged.made])]
  return {
    existing: staged && staged.made === undefined ? 'staged' : 'nothing',
    newerThan: made.length === 0 ? null : new Date(maxAge.before).toISOString(),
    made,
  }
}

/** Nothing is asked about what is published, and pip not about what is staged: there was a wheel for that. */
async function settleLeg(
  request: PlanRequest,
  world: SettleWorld,
  leg: Leg,
  { lookedUp, ground }: { lookedUp: LookedUp; ground: Ground | undefined },
): Promise<{ leg: Leg; exists: Existing; feasibility: { state: 'forced' } | Feasibility }> {
  if (lookedUp.published.kind === 'same') return { leg, exists: notAsked, feasibility: { state: 'possible' } }
  const exists = await existing(request, world, leg, lookedUp)
  if (request.force) return { leg, exists, feasibility: { state: 'forced' } }
  const known = (await ground?.known()) ?? { source: 'catalogue' }
  const feasibility =
    exists.existing === 'staged'
      ? judgeFeasibility(leg, known, world.catalogue, { versions: [leg.nixl] })
      : await judgeLeg(leg, known, world)
  return { leg, exists, feasibility }
}
