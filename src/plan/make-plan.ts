import type { BaseImage } from './pinned.ts'
import type { RunGit } from '../system/index.ts'
import { UserError } from '../errors.ts'
import type { RegistryClient } from '../registry/index.ts'
import type { Catalogue } from './feasibility/catalogue.ts'
import { choose } from './choose.ts'
import { impossibleSentence, refuseEqualTags } from './combination.ts'
import type { Engine } from './engine.ts'
import type { KnownBase } from './feasibility/known-base.ts'
import { namedInVain } from './named.ts'
import type { NixlIndex } from './nixl/nixl-index.ts'
import type { Plan } from './plan.ts'
import type { PlanRequest } from './request.ts'
import { nearestReleases } from './published/nearest.ts'
import { settle, type Settled, type SettleWorld } from './settle.ts'
import { openSource } from './source.ts'
import { createTagIndex } from './published/tag-index.ts'

/** What a plan needs of the world. The registry is asked each question once: what a plan has seen stays what it goes by. */
export type PlanWorld = {
  registry: Pick<RegistryClient, 'getManifest' | 'getImageConfig' | 'listTags'>
  git: RunGit
  catalogue: Catalogue
  nixl: NixlIndex
  /** sha256 over what an engine's image is made with: its Dockerfile and the scripts */
  recipeOf: (engine: Engine) => string
  /** The facts that an earlier run stored about a base, of as many bases as may be asked about */
  storedFacts: (base: BaseImage, engine: Engine, bases: number) => Promise<KnownBase | undefined>
  /** What this run has measured in a base */
  ownFacts: (base: BaseImage, engine: Engine) => KnownBase | undefined
} & Pick<SettleWorld, 'unfit' | 'staged'>

/**
 * Finds out what there is to build: selectors become versions, versions become digests and commits, each leg gets its build
 * id, and the registry is looked at, so that what exists is not built, what can't be built is not begun, and what must not
 * be overwritten is known before anything runs. The same answers give the same plan, in whatever order they come.
 * @throws UserError for a version that does not exist or can't be built, a tag that is taken, or two images with one tag
 */
export async function makePlan(request: PlanRequest, world: PlanWorld): Promise<Plan> {
  const tags = createTagIndex(world.registry)
  const aibrix = openSource(world.git, 'aibrix-version', request.aibrix.repository, (ref, known) =>
    nearestReleases('aibrix', ref, known),
  )
  const looks = request.publicTags !== 'ignore'
  const measured = async (base: BaseImage, engine: Engine, bases: number): Promise<KnownBase | undefined> => {
    const own = world.ownFacts(base, engine)
    if (own) return own
    return looks ? world.storedFacts(base, engine, bases) : undefined
  }
  const [ucx, choices] = await Promise.all([
    openSource(world.git, 'ucx-version', request.ucxRepository),
    choose(request, { ...world, tags, aibrix, measured }),
  ])
  const legs = choices.length * request.platforms.length
  const settling = { ...world, tags, ucx, legs }
  const settled = await Promise.all(choices.map((choice) => settle(request, settling, choice)))
  refuseImpossible(settled)
  const images = settled.flatMap((one) => (one.kind === 'planned' ? [one.image] : []))
  refuseEqualTags(images)
  const excluded = settled.flatMap((one) => (one.kind === 'impossible' ? [one.excluded] : []))
  const { cacheRepository, date, publicTags } = request
  return { images, excluded, cacheRepository, date, publicTags }
}

/** What a range matched and can't be built is left out; a named version that is left out is an error, and so is a plan with nothing left. */
function refuseImpossible(settled: Settled[]): void {
  const impossible = settled.filter((one) => one.kind === 'impossible')
  const left = settled.flatMap((one) => (one.kind === 'planned' ? [one.image.legs[0]] : []))
  const inVain = namedInVain(
    impossible.map(({ choice, ...one }) => ({ ...choice, ...one })),
    left,
  )
  const refused = left.length === 0 ? impossible : inVain
  if (refused.length === 0) return
  const sentences = [
    ...new Set(refused.map(({ excluded, forcible }) => impossibleSentence(excluded, forcible))),
  ]
  const shown = sentences.slice(0, 5).join('\n')
  const more = sentences.length > 5 ? `\n${sentences.length - 5} more can't be built.` : ''
  throw new UserError(`${shown}${more}`)
}
