import { sentenceOf } from '../../errors.ts'
import type { Pruning } from '../../inputs/index.ts'
import { type PlanRequest, publicRepository } from '../../plan/index.ts'
import {
  planPrune,
  type PruneRequest,
  type PruneWorld as ReadWorld,
  readForPrune,
} from '../../prune/index.ts'
import type { Deleter, Repository } from '../../registry/index.ts'
import type { PrunedRepository, PruneRun } from '../../report/index.ts'
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
  const { error, repositories } = await readAndDelete(pruning, request, world)
  return {
    ...{ apply, keepDays, keep, undated, publicOnes, repositories },
    duration: world.elapsed(),
    ...(error !== undefined && { error: world.redact(error) }),
  }
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
  return {
    ...{ keepDays, keep, undated },
    cacheRepository: request.cacheRepository,
    published: [...own, ...request.mirrors.map(({ repository }) => repository)],
    prunePublic: publicOnes,
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
