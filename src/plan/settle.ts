import type { RegistryClient } from '../registry/client.ts'
import { type Catalogue, whyNoUcx } from './catalogue.ts'
import type { Choice, Ground } from './choose.ts'
import { type ComposedImage, compose, excludedOf } from './combination.ts'
import type { Engine } from './engine.ts'
import { judgeFeasibility } from './feasibility.ts'
import type { Excluded, Leg, PlannedImage, PlannedLeg, Published } from './plan.ts'
import { lookUpTags, publishedOf, refuseOtherImages } from './published.ts'
import type { PlanRequest } from './request.ts'
import type { Source } from './source.ts'
import { stagedTag } from './stage-tags.ts'
import type { TagIndex } from './tag-index.ts'

/** What settling needs of the world. */
export type SettleWorld = {
  registry: Pick<RegistryClient, 'getManifest' | 'getImageConfig'>
  tags: TagIndex
  catalogue: Catalogue
  ucx: Source
  /** sha256 over what an engine's image is made with: its Dockerfile and the scripts */
  recipeOf: (engine: Engine) => string
}

export type Settled =
  | { kind: 'planned'; image: PlannedImage }
  | { kind: 'impossible'; wanted: Choice['wanted']; excluded: Excluded }

/**
 * Decides what happens to a combination: whether it is published already, can't be built, or has to be.
 * @throws UserError if one of its tags names something else
 */
export async function settle(request: PlanRequest, world: SettleWorld, choice: Choice): Promise<Settled> {
  const impossible = (platform: string, reason: string): Settled => ({
    kind: 'impossible',
    wanted: choice.wanted,
    excluded: excludedOf(choice, platform, reason),
  })
  if ('unbuildable' in choice) return impossible(request.platforms.join(', '), choice.unbuildable)
  const { grounds } = choice
  const ucxVersion = world.catalogue.ucxOfNixl[choice.nixl]
  if (ucxVersion === undefined)
    return impossible(request.platforms.join(', '), whyNoUcx(world.catalogue, choice.nixl))
  const ucx = { version: ucxVersion, source: await world.ucx.pin(`v${ucxVersion}`) }
  const bases = new Map([...grounds].map(([platform, { base }]) => [platform, base]))
  const composed = compose(request, choice, bases, ucx, world.recipeOf(choice.engine))
  const published = await lookUp(request, world, composed)
  const legs: PlannedLeg[] = []
  for (const leg of composed.legs) {
    const feasibility =
      published.kind === 'same' ? ({ state: 'possible' } as const) : judge(request, world, leg, grounds)
    if (feasibility.state === 'impossible') return impossible(leg.platform, feasibility.reason)
    const exists = await existing(request, world, leg)
    legs.push({ ...leg, existing: exists, feasibility: feasibility.state, wanted: choice.wanted })
  }
  return { kind: 'planned', image: imageOf(choice, composed, legs, published) }
}

function imageOf(
  { engine, version, why }: Choice,
  { id, repository, tags }: ComposedImage,
  legs: PlannedLeg[],
  published: Published,
): PlannedImage {
  const [first, ...more] = legs
  if (!first) throw new Error(`${id} has no platform`)
  return { id, engine, version, why, legs: [first, ...more], repository, tags, published }
}

async function lookUp(request: PlanRequest, world: SettleWorld, image: ComposedImage): Promise<Published> {
  if (request.publicTags === 'ignore') return { kind: 'absent' }
  const tags = await lookUpTags(world.registry, image, world.tags.has)
  if (request.publicTags === 'look') refuseOtherImages(image.repository, tags)
  return publishedOf(tags)
}

async function existing(
  { publicTags, force, cacheRepository }: PlanRequest,
  { tags }: SettleWorld,
  leg: Leg,
): Promise<PlannedLeg['existing']> {
  if (publicTags === 'ignore' || force) return 'nothing'
  return (await tags.has(cacheRepository, stagedTag(leg))) ? 'staged' : 'nothing'
}

function judge(
  { force }: PlanRequest,
  { catalogue }: SettleWorld,
  leg: Leg,
  grounds: ReadonlyMap<string, Ground>,
): { state: PlannedLeg['feasibility'] } | { state: 'impossible'; reason: string } {
  if (force) return { state: 'forced' }
  const known = grounds.get(leg.platform)?.known
  if (!known) return { state: 'unknown' }
  const { engine, version, aibrix, nixl, integration, platform } = leg
  return judgeFeasibility(
    { engine, version, aibrix, nixl, integration, platform },
    known,
    catalogue,
    'unknown',
  )
}
