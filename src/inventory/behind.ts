import {
  addressOf,
  baseRepository,
  type Engine,
  engines,
  newerReleases,
  newestVersion,
  type NixlIndex,
  openGitRepository,
  type PlanRequest,
  type Product,
} from '../plan/index.ts'
import { UserError } from '../errors.ts'
import { formatRepository, type RegistryClient } from '../registry/index.ts'
import type { RunGit } from '../system/index.ts'
import type { Behind, ListedImage } from './inventory.ts'
import type { Warnings } from './warnings.ts'

export type BehindWorld = {
  registry: Pick<RegistryClient, 'listTags'>
  git: RunGit
  nixl: NixlIndex
  signal: AbortSignal
  warnings: Warnings
}

/** What has releases upstream, and where it asks for them. */
type Upstream = {
  what: Behind['what']
  product: Product
  /** For warnings */
  place: string
  /** Its versions in what is published */
  published: string[]
  releases: () => Promise<readonly string[]>
}

/**
 * Finds the stable releases upstream that are newer than the newest published ones.
 * @param images all that are published
 * @param listed engines whose images are all known: those of others may have any version
 * @param isComplete whether that is true of all engines, which share AIBrix and NIXL
 */
export async function findBehind(
  request: Pick<PlanRequest, 'aibrix' | 'baseRegistry' | 'platforms'>,
  images: readonly ListedImage[],
  listed: readonly Engine[],
  isComplete: boolean,
  world: BehindWorld,
): Promise<Behind[]> {
  const upstreams = [
    ...listed.map((engine) => engineUpstream(engine, request.baseRegistry, images, world)),
    ...(isComplete ? [aibrixUpstream(request, images, world), nixlUpstream(request, images, world)] : []),
  ]
  const found = await Promise.all(upstreams.map((upstream) => behindOf(upstream, world)))
  return found.flat()
}

async function behindOf(
  { what, product, place, published, releases }: Upstream,
  { signal, warnings }: BehindWorld,
): Promise<Behind[]> {
  const newest = newestVersion(published)
  try {
    const newer = newerReleases(product, await releases(), newest)
    return newer.length === 0 ? [] : [{ what, published: newest ?? null, newer }]
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof UserError)) throw error
    warnings.add(`The releases of ${what} in ${place}`, error.message)
    return []
  }
}

function versionsOf(images: readonly ListedImage[], component: string): string[] {
  return images.flatMap(({ platforms }) => platforms.flatMap(({ components }) => components[component] ?? []))
}

function engineUpstream(
  engine: Engine,
  baseRegistry: string,
  images: readonly ListedImage[],
  { registry }: BehindWorld,
): Upstream {
  const repository = baseRepository(baseRegistry, engines[engine].baseRepository)
  const own = images.filter((image) => image.engine === engine)
  return {
    what: engine,
    product: 'engine',
    place: formatRepository(repository),
    published: versionsOf(own, 'engine'),
    releases: async () => {
      const tags = await registry.listTags(repository)
      if (tags.length > 0) return tags
      throw new UserError('The repository has no tags, or does not exist; check base-registry.')
    },
  }
}

function aibrixUpstream(
  { aibrix: { repository } }: Pick<PlanRequest, 'aibrix'>,
  images: readonly ListedImage[],
  { git }: BehindWorld,
): Upstream {
  return {
    what: 'aibrix',
    product: 'aibrix',
    place: addressOf(repository),
    published: versionsOf(images, 'aibrix'),
    releases: async () => (await openGitRepository(git, 'aibrix-repository', repository)).tags,
  }
}

function nixlUpstream(
  { platforms: [platform] }: Pick<PlanRequest, 'platforms'>,
  images: readonly ListedImage[],
  { nixl }: BehindWorld,
): Upstream {
  return {
    what: 'nixl',
    product: 'nixl',
    place: 'the package index',
    published: versionsOf(images, 'nixl'),
    releases: async () => {
      const answer = await nixl.versions({}, platform)
      if (answer.state === 'known' && answer.absent === undefined) return answer.versions
      throw new UserError(`${answer.state === 'known' ? answer.absent : answer.reason}.`)
    },
  }
}
