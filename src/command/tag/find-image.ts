import { UserError } from '../../errors.ts'
import type { NamedImage } from '../../inputs/index.ts'
import { type Engine, type PlanRequest, publicRepository } from '../../plan/index.ts'
import { type Manifest, nameOf, type RegistryClient, type Repository } from '../../registry/index.ts'

/** An image in a registry. `engine` is that of its public repository; undefined in the cache repository. */
export type FoundImage = { engine: Engine | undefined; repository: Repository; top: Manifest }

type Place = Pick<FoundImage, 'engine' | 'repository'>

/** @throws UserError if the image does not exist, or in several repositories, or the registry refuses */
export async function findImage(
  { reference, repository }: NamedImage,
  request: PlanRequest,
  registry: Pick<RegistryClient, 'getManifest'>,
): Promise<FoundImage> {
  const own = request.engines.map(({ engine }) => ({ engine, repository: publicRepository(request, engine) }))
  const places = repository === undefined ? own : [placeOf(repository, own)]
  const answers = await Promise.all(
    places.map(async (place): Promise<FoundImage[]> => {
      const top = await registry.getManifest(place.repository, reference)
      return top ? [{ ...place, top }] : []
    }),
  )
  const [found, another] = answers.flat()
  if (!found)
    throw new UserError(
      `image: ${names(places, reference).join(' and ')} ${places.length > 1 ? 'do' : 'does'} not exist; use a tag or digest that is in the registry.`,
    )
  if (another)
    throw new UserError(
      `image: ${names([found, another], reference).join(' and ')} both exist; select one engine with the input engine, or give the full reference.`,
    )
  return found
}

function placeOf({ registry, path }: Repository, own: readonly Place[]): Place {
  const isHere = ({ repository }: Place): boolean =>
    repository.registry === registry && repository.path === path
  return own.find(isHere) ?? { engine: undefined, repository: { registry, path } }
}

function names(places: readonly Place[], reference: string): string[] {
  return places.map(({ repository }) => nameOf(repository, reference))
}
