import { UserError } from '../errors.ts'
import { type Engine, engines } from '../plan/index.ts'
import {
  type Digest,
  familiarRepository,
  formatPlatform,
  formatReference,
  getPlatformImage,
  isAttestation,
  isDigest,
  type ParsedManifest,
  parseRepository,
  type PlatformImage,
  type RegistryClient,
  type Repository,
} from '../registry/index.ts'
import { readLabels } from '../verify/index.ts'
import type { ListedPlatform } from './inventory.ts'
import { minimumDriver } from './minimum-driver.ts'
import { timeText } from './time.ts'

/** The base of an image as recorded. `top`: what its tag named then, an index or a manifest */
export type ReadBase = {
  name: string
  digest: Digest
  tag: string | null
  top: Digest | null
  /** Whether it is the engine's own image upstream, or a copy of that, and not one of `base-image` */
  isUpstream: boolean
}

/**
 * What one platform of an image answers. `report`: the digest of the report that was looked at,
 * whatever it is about; null if none could be read
 */
export type ReadPlatform = Omit<ListedPlatform, 'base'> & {
  base: ReadBase | null
  report: Digest | null
  /** When its build ended, by the report; RFC 3339, UTC */
  built: string | null
}

/** What a digest answers. `engine` is null if the image is not one of this action's. */
export type ReadImage = {
  digest: Digest
  engine: Engine | null
  /** That of its configuration, RFC 3339, UTC: BuildKit gives it the time of its newest layer, which may be a cached one */
  created: string | null
  platforms: ReadPlatform[]
}

type Reader = Pick<RegistryClient, 'getManifest' | 'getImageConfig'>

/** Platforms of one image that are read; the largest official images have about ten */
const mostPlatforms = 32

const byPlatform = (left: ReadPlatform, right: ReadPlatform): number =>
  left.platform < right.platform ? -1 : 1

/**
 * Reads an image by its digest: manifests, and configurations with their labels.
 * @param reader is asked for the index once for each platform, so it should remember its answers
 * @returns undefined if the registry has no such manifest (any more)
 * @throws UserError if something of it cannot be read, or a manifest that an index names is missing
 */
export async function readImage(
  reader: Reader,
  repository: Repository,
  digest: Digest,
): Promise<ReadImage | undefined> {
  const top = await reader.getManifest(repository, digest)
  if (!top) return undefined
  const found: OnePlatform[] = []
  const name = formatReference({ ...repository, digest })
  const whole: typeof reader = { ...reader, getManifest: presentIn(reader, name) }
  for (const platform of platformsOf(top.parsed, name)) {
    const one = await getPlatformImage(whole, repository, digest, platform)
    if (one?.image) found.push(readPlatform(one.image))
  }
  const created = found.flatMap((one) => one.created ?? []).sort()
  return {
    digest,
    engine: found[0]?.engine ?? null,
    created: created.at(-1) ?? null,
    platforms: found.map(({ platform }) => platform).sort(byPlatform),
  }
}

/** What an index lacks may be under way, so that this is not the answer of its digest for good. */
function presentIn({ getManifest }: Reader, name: string): Reader['getManifest'] {
  return async (repository, reference) => {
    const manifest = await getManifest(repository, reference)
    if (manifest) return manifest
    throw new UserError(
      `${name} names ${reference}, which the registry does not have; it is read again by the next list.`,
    )
  }
}

/** The platform of a single image is in its configuration, so that any will do. */
function platformsOf(parsed: ParsedManifest, name: string): string[] {
  if (parsed.kind === 'image') return ['linux/amd64']
  const entries = parsed.manifests.filter((entry) => !isAttestation(entry))
  const platforms = new Set(entries.flatMap(({ platform }) => (platform ? [formatPlatform(platform)] : [])))
  if (platforms.size > mostPlatforms)
    throw new UserError(`${name} has ${platforms.size} platforms, and at most ${mostPlatforms} are read.`)
  return [...platforms]
}

type OnePlatform = { engine: Engine | null; created: string | null; platform: ReadPlatform }

function readPlatform({ manifest, config }: NonNullable<PlatformImage['image']>): OnePlatform {
  const labelled = readLabels(config.labels)
  const sizes = manifest.parsed.layers.map(({ size }) => size)
  const components = labelled?.components ?? {}
  const platform: ReadPlatform = {
    platform: formatPlatform(config),
    digest: manifest.digest,
    buildId: labelled?.buildId ?? null,
    components,
    conditions: labelled?.conditions ?? [],
    environment: labelled?.environment ?? {},
    gates: null,
    why: labelled ? null : 'It has no labels of this action.',
    waivers: labelled?.waivers ?? [],
    addedBytes: null,
    totalBytes: sizes.reduce((total, size) => total + size, 0),
    largestLayerBytes: Math.max(0, ...sizes),
    addedPackages: null,
    minimumDriver: minimumDriver(components.cuda),
    base: labelled ? labelledBase(config.labels, labelled.engine) : null,
    report: null,
    built: null,
  }
  return { engine: labelled?.engine ?? null, created: timeText(Date.parse(config.created ?? '')), platform }
}

/** Labels name a base by its digest, without the tag that the first run found it by. */
function labelledBase(labels: Readonly<Record<string, string>>, engine: Engine): ReadBase | null {
  const digest = labels['org.opencontainers.image.base.digest'] ?? ''
  const [name = ''] = (labels['org.opencontainers.image.base.name'] ?? '').split('@')
  if (!isDigest(digest)) return null
  try {
    const repository = parseRepository(name)
    const isUpstream = familiarRepository(repository) === engines[engine].baseRepository
    return { name: formatReference(repository), digest, tag: null, top: null, isUpstream }
  } catch (error) {
    if (error instanceof UserError) return null
    throw error
  }
}
