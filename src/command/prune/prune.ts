import { sentenceOf } from '../../errors.ts'
import type { Pruning } from '../../inputs/index.ts'
import { type PlanRequest, publicRepository } from '../../plan/index.ts'
import {
  planPrune,
  type PruneRequest,
  type PruneWorld as ReadWorld,
  readForPrune,
} from '../../prune/index.ts'
import { type Deleter, type Repository, requestedRepository } from '../../registry/index.ts'
import type { PrunedRepository, PruneFate, PruneRun } from '../../report/index.ts'
import { deleteIn, type DeletingWorld } from './delete-in.ts'
import { type Held, type Place, placesOf, resultOf } from './place.ts'

export type PruneWorld = Omit<ReadWorld, 'registry'> & {
  registry: ReadWorld['registry'] & DeletingWorld['registry']
  deleterOf: (repository: Repository) => Deleter
  log: (line: string) => void
  redact: (text: string) => string
  /** Milliseconds since the action began */
  elapsed: () => number
}

type Request = Pick<PlanRequest, 'engines' | 'registry' | 'namespace' | 'cacheRepository' | 'mirrors'>

/**
 * Reads the cache repository and the public ones, decides what goes and, if it is asked to, deletes
 * it. Failures are part of the result and are not thrown.
 */
export async function prune(pruning: Pruning, request: Request, world: PruneWorld): Promise<PruneRun> {
  const { apply, keepDays, keep, undated, publicOnes } = pruning
  const { error, repositories: all } = await readAndDelete(pruning, request, world)
  const repositories = all.map((one) => ({ ...one, gone: one.gone.map((gone) => redacted(gone, world)) }))
  return {
    ...{ apply, keepDays, keep, undated, publicOnes, repositories },
    duration: world.elapsed(),
    ...(error !== undefined && { error: world.redact(error) }),
  }
}

/** A reason may quote what a registry answered. */
function redacted<Gone extends { fate: PruneFate }>(
  gone: Gone,
  { redact }: Pick<PruneWorld, 'redact'>,
): Gone {
  const { fate } = gone
  return fate.state === 'stays' ? { ...gone, fate: { ...fate, why: redact(fate.why) } } : gone
}

type Ended = { repositories: readonly PrunedRepository[]; error?: string }

async function readAndDelete(pruning: Pruning, request: Request, world: PruneWorld): Promise<Ended> {
  const asked = askedOf(pruning, request)
  let places: Place[] = []
  try {
    const contents = await readForPrune(asked, world)
    places = placesOf([...contents.pruned, contents.cache], planPrune(contents, asked, world.now))
    if (pruning.apply) await deleteAll(places, world)
    return { repositories: places.map(resultOf) }
  } catch (error) {
    return { repositories: places.map(resultOf), error: sentenceOf(error) }
  }
}

function askedOf({ keepDays, keep, undated, publicOnes }: Pruning, request: Request): PruneRequest {
  const own = request.engines.map(({ engine }) => publicRepository(request, engine))
  const published = [...own, ...request.mirrors.map(({ repository }) => repository)]
  const pruned = publicOnes.map(requestedRepository)
  return {
    ...{ keepDays, keep, undated, engines: request.engines.map(({ engine }) => engine) },
    cacheRepository: request.cacheRepository,
    published,
    // By the name that everything else has it by: a registry may be named in several ways.
    prunePublic: published.filter((one) => pruned.includes(requestedRepository(one))),
  }
}

/** Public images first, so that one that stays after all keeps its legs. */
async function deleteAll(places: readonly Place[], world: PruneWorld): Promise<void> {
  const open = places
    .filter(({ plan }) => plan.gone.length > 0)
    .map((place) => ({ place, deleter: world.deleterOf(place.content.repository) }))
  // Whoever may not delete learns it before anything is deleted.
  for (const { deleter } of open) await deleter.check()
  const held: Held = new Map()
  for (const { place, deleter } of open) await deleteIn(place, deleter, held, world)
}
