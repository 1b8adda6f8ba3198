import { UserError } from '../../errors.ts'
import { isRelease } from '../../inputs/index.ts'
import {
  type BaseImage,
  baseImageOf,
  baseRepository,
  buildIdLabel,
  determinantsLabel,
  type Engine,
  engines,
  type Leg,
  parseEngineVersion,
  type PlanRequest,
  type Selectors,
} from '../../plan/index.ts'
import {
  familiarRepository,
  formatReference,
  getPlatformImage,
  type PlatformImage,
  type RegistryClient,
  type Repository,
} from '../../registry/index.ts'
import { copyTag, isUnreadable } from '../../store/index.ts'
import {
  type Expectation,
  type KnownOfBase,
  type LabelledLeg,
  readLabelledLeg,
  sourceOf,
} from '../../verify/index.ts'

/** The image of one platform. */
export type Subject = {
  repository: Repository
  /** The tag or digest that was given */
  reference: string
  platform: string
  /** What the reference names, perhaps an index */
  top: PlatformImage['top']
  image: NonNullable<PlatformImage['image']>
}

type Registry = Pick<RegistryClient, 'getManifest' | 'getImageConfig'>

/**
 * Tells what an image is compared with: what its own labels say, and versions that were given. They
 * are needed for an image without labels.
 * @throws UserError if neither says what it should be, or the registry does not answer
 */
export async function expectationOf(
  subject: Subject,
  request: PlanRequest,
  registry: Registry,
): Promise<Expectation> {
  const { labels } = subject.image.config
  const labelled = readLabelledLeg(labels)
  if (!labelled) return expectGiven(subject, request)
  refuseOtherEngine(labelled, subject, request)
  const found = await findBase(labelled, subject, request, registry)
  const isLost = 'why' in found
  const leg = labelled.legOn(isLost ? ownBase(subject) : found, subject.platform)
  const base: KnownOfBase = isLost ? { state: 'lost', why: found.why } : { state: 'measured' }
  const given = givenFor(leg.engine, request)
  const { engine, aibrix, nixl } = given
  return {
    leg: {
      ...leg,
      ...(engine && { version: engine }),
      ...(aibrix && { aibrix }),
      ...(nixl !== undefined && { nixl }),
    },
    labelled: { leg: isLost ? labelled.legOn(lostBase(subject, labelled), subject.platform) : leg, labels },
    base,
    given: { engine: true, aibrix: true, nixl: true },
  }
}

/** The versions of the engine that was selected would be compared with nothing. */
function refuseOtherEngine(
  { engine }: LabelledLeg,
  { repository, image }: Subject,
  { engines: selected }: PlanRequest,
): void {
  if (selected.some((one) => one.engine === engine)) return
  const name = formatReference({ ...repository, digest: image.manifest.digest })
  const wanted = selected.map((one) => one.engine).join(', ')
  throw new UserError(
    `image: ${name} is an image of ${engine} by its labels, and engine selects ${wanted}; set engine to ${engine}, or verify another image.`,
  )
}

/** What is measured and not given is filled in later: see `completed`. */
function expectGiven(subject: Subject, request: PlanRequest): Expectation {
  const [only, ...more] = request.engines
  const given = only && more.length === 0 ? givenFor(only.engine, request) : undefined
  if (!only || !given || (!given.engine && !given.aibrix && given.nixl === undefined))
    throw new UserError(
      `image: ${formatReference({ ...subject.repository, digest: subject.image.manifest.digest })} ${lackOf(subject)} to compare it with; say what it should be: set engine to one engine, and versions, aibrix-version or nixl-version to an exact version.`,
    )
  const { engine: version, aibrix, nixl } = given
  const leg: Leg = {
    ...{ id: 'verify', engine: only.engine, platform: subject.platform, nixlFrom: 'index' },
    architecture: subject.platform.split('/')[1] ?? subject.platform,
    version: version ?? { tag: '', release: '' },
    base: ownBase(subject),
    aibrix: aibrix ?? sourceOf('', '', 'commit'),
    nixl: nixl ?? '',
    ...{ ucxVersion: null, ucx: null, integration: 'auto', gpuArchitectures: request.gpuArchitectures },
    ...{ buildArguments: {}, environment: {}, extraPackages: [], extraFiles: null, buildId: '', recipe: '' },
  }
  return {
    leg,
    labelled: undefined,
    hasBrokenLabels: hasBrokenLabels(subject),
    base: { state: 'unnamed' },
    given: { engine: version !== undefined, aibrix: aibrix !== undefined, nixl: nixl !== undefined },
  }
}

/** Without a leg in them, labels of this action are not as it writes them. */
function hasBrokenLabels({ image }: Subject): boolean {
  return (image.config.labels[buildIdLabel] ?? '') !== ''
}

function lackOf(subject: Subject): string {
  return hasBrokenLabels(subject)
    ? `has labels of this action, but nothing that can be read in ${determinantsLabel},`
    : 'has no labels of this action'
}

function givenFor(engine: Engine, request: PlanRequest) {
  const own = request.engines.find((one) => one.engine === engine)
  const version = own && exactOf(own.versions)
  const aibrix = exactOf(request.aibrix.versions)
  return {
    engine: version === undefined ? undefined : parseEngineVersion(version),
    // The version of a branch or a commit is not known.
    aibrix: aibrix !== undefined && isRelease(aibrix) ? sourceOf(aibrix, '', 'tag') : undefined,
    nixl: exactOf(request.nixl),
  }
}

function exactOf({ include: [only, ...more] }: Selectors): string | undefined {
  return only?.kind === 'exact' && more.length === 0 ? only.tag : undefined
}

/** The image in place of its base, which is not known. */
function ownBase({ repository, reference, image }: Subject): BaseImage {
  return baseImageOf(image, { repository, tag: reference, digest: image.manifest.digest })
}

/** What the labels of an image are compared with must not say that its base is the image itself. */
function lostBase(subject: Subject, { baseDigest }: LabelledLeg): BaseImage {
  return { ...ownBase(subject), digest: baseDigest, manifestDigest: baseDigest }
}

/** By its digest alone: a label must not lead this job to another registry. */
async function findBase(
  labelled: LabelledLeg,
  { platform }: Subject,
  request: PlanRequest,
  registry: Registry,
): Promise<BaseImage | { why: string }> {
  const { baseDigest: digest, baseRepository: own } = labelled
  const home = placeOfBase(labelled, request)
  const places = [
    ...(home ? [{ repository: home, reference: digest }] : []),
    { repository: request.cacheRepository, reference: copyTag({ manifestDigest: digest }) },
  ]
  for (const { repository, reference } of places) {
    const found = await getPlatformImage(registry, repository, reference, platform).catch(
      (error: unknown) => {
        if (isUnreadable(error)) return undefined
        throw error
      },
    )
    if (found?.image?.manifest.digest === digest)
      return baseImageOf(found.image, { repository, tag: digest, digest })
  }
  if (!home)
    return {
      why: `its base is of ${own ?? ''}, which the input base-image does not name, and no copy is in the cache repository`,
    }
  const name = formatReference({ ...home, digest })
  return { why: `its base ${name} is not there, nor a copy in the cache repository` }
}

/** @returns undefined for a base of others that the inputs do not name */
function placeOfBase(
  { engine, baseRepository: own }: LabelledLeg,
  { baseRegistry, baseImage }: PlanRequest,
): Repository | undefined {
  if (own === undefined) return baseRepository(baseRegistry, engines[engine].baseRepository)
  if (baseImage === null || familiarRepository(baseImage) !== own) return undefined
  return { registry: baseImage.registry, path: baseImage.path }
}
