import { UserError } from '../errors.ts'
import { choose } from './choose.ts'
import { impossibleSentence, refuseEqualTags } from './combination.ts'
import { createKnowBase } from './feasibility/known-base.ts'
import { openGitRepository } from './git-repository.ts'
import { impossibleNamed } from './named.ts'
import type { Plan } from './plan.ts'
import { nearestReleases } from './published/nearest.ts'
import { createTagIndex } from './published/tag-index.ts'
import type { PlanRequest } from './request.ts'
import { settle, type Settled } from './settle.ts'
import type { PlanningWorld, PlanWorld } from './world.ts'

/** At most this many reasons are shown why nothing can be built */
const mostReasons = 5

/**
 * Plans what to build: selectors become versions, versions become digests and commits, and each leg
 * gets its build id. The registry is checked, so that what exists is not built, what cannot be
 * built is not started, and what must not be overwritten is known first. The same answers give the
 * same plan, in whatever order they arrive.
 * @throws UserError for a version that does not exist or cannot be built, a tag that names
 * something else, or two images with one tag
 */
export async function makePlan(request: PlanRequest, world: PlanWorld): Promise<Plan> {
  const { git, ownFacts, storedFacts, ...rest } = world
  const { cacheRepository, date, publicTags } = request
  const readsStored = publicTags !== 'ignore'
  const planning: PlanningWorld = {
    ...rest,
    tags: createTagIndex(world.registry),
    known: createKnowBase(
      world.catalogue,
      async (base, engine, questions) =>
        ownFacts(base, engine) ?? (readsStored ? await storedFacts(base, engine, questions) : undefined),
    ),
  }
  const aibrix = openGitRepository(git, 'aibrix-version', request.aibrix.repository, (ref, tags) =>
    nearestReleases('aibrix', ref, tags),
  )
  const [ucx, choices] = await Promise.all([
    openGitRepository(git, 'ucx-version', request.ucxRepository),
    choose(request, planning, aibrix),
  ])
  const settling = { ...planning, ucx, legs: choices.length * request.platforms.length }
  const settled = await Promise.all(choices.map((choice) => settle(request, settling, choice)))
  const images = settled.flatMap((one) => (one.kind === 'planned' ? [one.image] : []))
  const impossible = settled.filter((one) => one.kind === 'impossible')
  refuseImpossible(
    impossible,
    images.map(({ legs }) => legs[0]),
  )
  refuseEqualTags(images)
  const excluded = impossible.map((one) => one.excluded)
  return { images, excluded, cacheRepository, date, publicTags }
}

type Impossible = Extract<Settled, { kind: 'impossible' }>

/**
 * What a selector matched and cannot be built is left out. That is an error for a named version,
 * and if nothing is left.
 */
function refuseImpossible(impossible: Impossible[], left: Parameters<typeof impossibleNamed>[1]): void {
  const named = impossibleNamed(
    impossible.map(({ choice, ...one }) => ({ ...choice, ...one })),
    left,
  )
  const refused = left.length === 0 ? impossible : named
  if (refused.length === 0) return
  const sentences = refused.map(({ excluded, forcible }) => impossibleSentence(excluded, forcible))
  const [...all] = new Set(sentences)
  const more = all.length > mostReasons ? `\n${all.length - mostReasons} more can't be built.` : ''
  throw new UserError(`${all.slice(0, mostReasons).join('\n')}${more}`)
}
