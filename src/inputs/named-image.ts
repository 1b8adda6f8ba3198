import { UserError } from '../errors.ts'
import { isDay, type PlanRequest, publicRepository } from '../plan/index.ts'
import { formatRepository, isDigest, isTag, parseReference, type Repository } from '../registry/index.ts'
import { anyOf, type InputReader } from './problems.ts'
import { lackingZeros, mayLackZeros } from './yaml.ts'

/** A tag or a digest. Without a repository, it is in a public one of the selected engines. */
export type NamedImage = { reference: string; repository: Repository | undefined }

/** The default in action.yml, which a runner passes on as if it were given */
const defaultTags = '{{engine-version}}-aibrix-{{aibrix}}-nixl-{{nixl}}-{{date}}'

const ofThisAction =
  'the tag or digest of a published image, or a full reference in its public repository or in the cache repository (build-… or @sha256:…)'

const anywhere =
  'the tag or digest of a published image, or the full reference of any image, with its tag or digest'

/**
 * Reads `image`, without asking where it may be: see `refuseForeignImage`.
 * @param mayBeForeign whether it may be an image of others, which changes the advice only
 */
export function readImage(reader: InputReader, mayBeForeign = false): NamedImage {
  const allowed = mayBeForeign ? anywhere : ofThisAction
  const text = reader.read('image')
  if (mayLackZeros(text) && !isDay(text)) reader.refuse('image', allowed, lackingZeros(text))
  if (isTag(text) || isDigest(text)) return { reference: text, repository: undefined }
  try {
    const { registry, path, tag, digest } = parseReference(text)
    const reference = digest ?? tag
    if (reference !== undefined) return { reference, repository: { registry, path } }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
  }
  reader.refuse('image', allowed)
  return { reference: '', repository: undefined }
}

/** Nobody means the default: it would give an image the name of a build of today. */
export function refuseDefaultTags(reader: InputReader): void {
  if (reader.read('tags') === defaultTags)
    reader.refuse('tags', 'the tags that the image gets, such as stable, with command: tag')
}

/** What is refused in `registry`, `namespace` or `engine` is no second mistake here. */
export function refuseForeignImage(
  reader: InputReader,
  { reference, repository }: NamedImage,
  request: PlanRequest,
): void {
  if (repository === undefined || request.registry === '' || request.engines.length === 0) return
  const cache = formatRepository(request.cacheRepository)
  const own = request.engines.map(({ engine }) => formatRepository(publicRepository(request, engine)))
  const name = formatRepository(repository)
  if (![...own, cache].includes(name)) reader.refuse('image', `an image of ${anyOf([...own, cache])}`)
  // Other tags there are documents, or images that are not verified.
  else if (name === cache && !isDigest(reference) && !reference.startsWith('build-'))
    reader.refuse('image', `a tag build-… or a digest in ${cache}`)
}
