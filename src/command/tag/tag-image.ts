import { sentenceOf, UserError } from '../../errors.ts'
import type { NamedImage } from '../../inputs/index.ts'
import { type Engine, expandTags, nameBuilt, type PlanRequest, publicRepository } from '../../plan/index.ts'
import { checkPushAccess, formatReference, formatRepository } from '../../registry/index.ts'
import { type TaggedImage, type TagRun, tally } from '../../report/index.ts'
import type { RunWorld } from '../world/run-world.ts'
import { findImage, type FoundImage } from './find-image.ts'
import { giveTags, unnamedTags } from './give-tags.ts'
import { judgeImage, type JudgedPlatform } from './judge-image.ts'
import { mirrorTags } from './mirror-tags.ts'

/** What tagging an image needs. */
export type TagWorld = Omit<RunWorld, 'objectionTo'>

/**
 * Gives an image that exists further public tags, if each of its platforms has a stored report whose
 * gates pass, or are waived by this run. Failures are part of the result and are not thrown.
 */
export async function tagImage(named: NamedImage, request: PlanRequest, world: TagWorld): Promise<TagRun> {
  const failed = (error: unknown): Ended => ({ error: sentenceOf(error) })
  const { error, image } = await findAndTag(named, request, world).catch(failed)
  return {
    duration: world.elapsed(),
    ...(image && { image }),
    ...(error !== undefined && { error: world.redact(error) }),
  }
}

type Ended = Pick<TagRun, 'image' | 'error'>

async function findAndTag(named: NamedImage, request: PlanRequest, world: TagWorld): Promise<Ended> {
  const found = await findImage(named, request, world.registry)
  const name = formatReference({ ...found.repository, digest: found.top.digest })
  const platforms = await judgeImage(found, world)
  for (const { platform, report } of platforms)
    world.log(`${name} for ${platform}: ${tally(report.gates)} by the rules of this run`)
  const { image, tags, overwritable } = describe(found, platforms, request)
  const refusals = platforms.flatMap(({ refusal }) => refusal ?? [])
  if (refusals.length > 0) return { image, error: refusals.join(' ') }
  const isMovable = (tag: string): boolean => request.publicTags === 'overwrite' || overwritable.includes(tag)
  const tagging = { from: found.repository, top: found.top, to: image.repository, tags, isMovable }
  const mirrors = request.mirrors
    .filter(({ engine }) => engine === image.engine)
    .map(({ repository }) => ({ ...tagging, from: image.repository, to: repository }))
  const failed = (error: unknown) => ({ tags: [], error: sentenceOf(error) })
  const give = async () => {
    // What a mirror refuses is known before the first public tag.
    const unnamed = await Promise.all(mirrors.map((mirror) => unnamedTags(mirror, world.registry)))
    const lacking = mirrors.filter((_, index) => unnamed[index]?.length !== 0)
    await checkPushAccess(
      world.registry,
      lacking.map(({ to }) => to),
    )
    return giveTags(tagging, world)
  }
  const { tags: fates, ...given } = await give().catch(failed)
  if (given.error !== undefined) return { ...given, image: { ...image, tags: fates } }
  const mirrored = await mirrorTags(mirrors, world)
  return { ...mirrored, image: { ...image, tags: fates, mirrors: mirrored.mirrors } }
}

/** @throws UserError if the image is of another engine than it must be, or its labels are unreadable */
function describe(found: FoundImage, [first, ...others]: readonly JudgedPlatform[], request: PlanRequest) {
  const name = formatReference({ ...found.repository, digest: found.top.digest })
  if (!first) throw new Error(`${name} has no platform`)
  const { engine, version } = first.report
  const built = builtFrom(first, name, request)
  refuseOtherEngine(name, engine, found, request)
  for (const other of others) refuseOtherBuild(name, first, other, request)
  const repository = publicRepository(request, engine)
  const isStaged = formatRepository(found.repository) !== formatRepository(repository)
  const image: TaggedImage = {
    ...{ id: built.id, engine, version, repository },
    digest: found.top.digest,
    ...(isStaged && { isStaged }),
    platforms: [first, ...others].map(({ platform, buildId, digest, report }) => ({
      ...{ platform, buildId, digest, report },
    })),
    tags: [],
    mirrors: [],
  }
  return { image, ...expandTags(request, built.values) }
}

/** @throws UserError if the label of a platform's image is unreadable */
function builtFrom({ report, determinants }: JudgedPlatform, name: string, { date }: PlanRequest) {
  const { engine, version, aibrix } = report
  const built = nameBuilt({ engine, version, aibrix, determinants }, date)
  if (built) return built
  throw new UserError(`${name} does not say what it was built from in a form that this version reads.`)
}

/** A tag says the same of all platforms. @throws UserError if two of them have other versions */
function refuseOtherBuild(
  name: string,
  first: JudgedPlatform,
  other: JudgedPlatform,
  request: PlanRequest,
): void {
  const [one, another] = [first, other].map((each) => builtFrom(each, name, request))
  if (JSON.stringify(one) !== JSON.stringify(another))
    throw new UserError(
      `${name} is not one image: for ${first.platform} it has ${one?.id ?? ''}, for ${other.platform} ${another?.id ?? ''}; it is not tagged.`,
    )
}

function refuseOtherEngine(name: string, engine: Engine, found: FoundImage, { engines }: PlanRequest): void {
  if (found.engine !== undefined && found.engine !== engine)
    throw new UserError(
      `${name} is an image of ${engine}, but in the repository of ${found.engine}; it is not tagged there.`,
    )
  if (!engines.some((one) => one.engine === engine))
    throw new UserError(
      `${name} is an image of ${engine}, which the input engine does not select; set engine: ${engine}.`,
    )
}
