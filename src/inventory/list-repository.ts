import { rememberAnswers } from '../plan/index.ts'
import { type Digest, formatReference, type RegistryClient, type Repository } from '../registry/index.ts'
import { inParallel } from './in-parallel.ts'
import { type Keeping, readKept, writeKept } from './keep.ts'
import { digestsOf } from './list-tags.ts'
import { createQuestions } from './questions.ts'
import { type ReadImage, readImage } from './read-image.ts'
import { createSharePackages } from './report-facts.ts'
import { judged, type Reports } from './report-of.ts'

/** Images read in parallel, each with one request in flight */
const atOnce = 8

export type RepositoryWorld = Keeping &
  Pick<Reports, 'legs'> & {
    registry: Pick<RegistryClient, 'listTags' | 'resolveTag' | 'getManifest' | 'getImageConfig'>
  }

export type TaggedImage = ReadImage & { repository: Repository; tags: string[] }

/** `isComplete`: all images could be read. `read`: digests */
export type RepositoryList = { images: TaggedImage[]; isComplete: boolean; read: number }

type Reader = ReturnType<typeof rememberAnswers>
type Found = { image: ReadImage; tags: string[] }

/**
 * Reads all images with a tag in a public repository; what was kept about a digest is not read again.
 * @param tags all of its tags
 * @param push whether what is read may be kept
 * @throws UserError if there are images and none of them can be read
 */
export async function listRepository(
  repository: Repository,
  tags: readonly string[],
  push: boolean,
  world: RepositoryWorld,
): Promise<RepositoryList> {
  if (tags.length === 0) return { images: [], isComplete: true, read: 0 }
  const { registry, signal, warnings } = world
  const questions = createQuestions(signal)
  const reports = { ...world, questions: createQuestions(signal), share: createSharePackages() }
  // One after the other: the document, which may be large, is in memory for a shorter time.
  const byDigest = await digestsOf(registry, repository, tags, questions, warnings)
  const kept = await readKept(repository, world)
  const answers = await inParallel(byDigest, atOnce, async ([digest, names]) => {
    const known = kept.get(digest)
    const name = formatReference({ ...repository, tag: names[0] })
    const answered = await questions.ask(async () => {
      // Docker Hub counts reads of manifests.
      const reader = rememberAnswers(registry)
      const image = known ?? (await readNew(reader, repository, digest, names[0]))
      return image && judgedImage(image, repository, name, reader, reports)
    })
    if ('unread' in answered) warnings.add(name, answered.unread.message)
    return { names, ...answered }
  })
  const [first] = answers
  if (first && 'unread' in first && answers.every((one) => 'unread' in one)) throw first.unread
  const found = answers.flatMap((one): Found[] =>
    'answer' in one && one.answer ? [{ image: one.answer, tags: one.names }] : [],
  )
  const isComplete = questions.isComplete()
  const fresh = found.filter(({ image }) => kept.get(image.digest) !== image)
  if (push && fresh.length > 0) {
    // What could not be asked about may still be there.
    const all = new Map(isComplete ? [] : kept)
    for (const { image } of found) all.set(image.digest, image)
    await writeKept(repository, all.values(), world)
  }
  const images = merged(found).map(({ image, tags: names }) => ({ ...image, repository, tags: names }))
  return { images, isComplete, read: fresh.length }
}

/**
 * Reads an image that nothing is known of. If the registry lacks its digest, the tag has moved since,
 * or the registry named a wrong one.
 */
async function readNew(
  reader: Reader,
  repository: Repository,
  digest: Digest,
  tag: string,
): Promise<ReadImage | undefined> {
  const image = await readImage(reader, repository, digest)
  if (image) return image
  const now = await reader.getManifest(repository, tag)
  return now && readImage(reader, repository, now.digest)
}

/** @returns the image itself if no report of it changed */
async function judgedImage(
  image: ReadImage,
  repository: Repository,
  name: string,
  reader: Reader,
  reports: Reports,
): Promise<ReadImage> {
  const { digest } = image
  const parsed = async () => (await reader.getManifest(repository, digest))?.parsed
  const platforms = []
  for (const platform of image.platforms)
    platforms.push(await judged(platform, { name, digest, parsed }, reports))
  const isSame = platforms.every((platform, index) => platform === image.platforms[index])
  return isSame ? image : { ...image, platforms }
}

/** One entry for each digest: while tags move, two answers may be about one. */
function merged(found: readonly Found[]): Found[] {
  return [...Map.groupBy(found, ({ image }) => image.digest).values()].flatMap((same) => {
    const [first] = same
    return first ? [{ image: first.image, tags: same.flatMap(({ tags }) => tags) }] : []
  })
}
