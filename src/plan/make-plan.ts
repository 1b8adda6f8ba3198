import { UserError } from '../errors.ts'
import type { RegistryClient } from '../registry/client.ts'
import { formatReference, type Repository } from '../registry/reference.ts'
import { resolveBase } from './base.ts'
import { buildId, determinantsOf } from './build-id.ts'
import { type Catalogue, currentRelease, ucxOfNixl } from './catalogue.ts'
import { type Engine, engines } from './engine.ts'
import type { Leg, Plan, PlannedImage } from './plan.ts'
import { lookUpTags, publishedOf, refuseOtherImages } from './published.ts'
import type { PlanRequest } from './request.ts'
import { pinSource, type RunGit } from './source.ts'
import { expandTemplate, refInTag } from './tag.ts'
import { parseEngineVersion } from './version.ts'

/** What a plan needs of the world. */
export type PlanWorld = {
  registry: Pick<RegistryClient, 'getManifest' | 'getImageConfig'>
  git: RunGit
  catalogue: Catalogue
  /** sha256 over what an engine's image is made with: its Dockerfile and the scripts */
  recipeOf: (engine: Engine) => string
}

/**
 * Finds out what has to be built: versions become digests and commits, each leg gets its build id, and the public tags are
 * looked at, so that what exists is not built, and what must not be overwritten is known before anything runs.
 * @throws UserError for a version that does not exist, a tag that is taken, or two images with one tag
 */
export async function makePlan(request: PlanRequest, world: PlanWorld): Promise<Plan> {
  const release = currentRelease(world.catalogue)
  const nixl = request.nixl === 'default' ? release.nixl : request.nixl
  const ucxVersion = ucxOfNixl(world.catalogue, nixl)
  const aibrixRef = request.aibrix.ref === 'default' ? world.catalogue.current : request.aibrix.ref
  const [aibrix, ucx, ...bases] = await Promise.all([
    pinSource(world.git, 'aibrix-version', request.aibrix.repository, aibrixRef),
    pinSource(world.git, 'ucx-version', request.ucxRepository, `v${ucxVersion}`),
    ...request.engines.map(async ({ engine, version }) => resolveEngine(request, world, engine, version)),
  ])
  const images = bases.map(({ engine, version, base }) => {
    const leg = { ...commonLeg(request), engine, version, base, aibrix, nixl, ucxVersion, ucx }
    const planned: Leg = { ...leg, buildId: buildId(determinantsOf(leg, world.recipeOf(engine))) }
    return { leg: planned, repository: publicRepository(request, engine), tags: tagsOf(request, planned) }
  })
  refuseEqualTags(images)
  const looked = await Promise.all(
    images.map(async (image): Promise<PlannedImage> => {
      const tags = request.publicTags === 'ignore' ? [] : await lookUpTags(world.registry, image)
      if (request.publicTags === 'look') refuseOtherImages(image.repository, tags)
      return { ...image, published: publishedOf(tags) }
    }),
  )
  return { images: looked, cacheRepository: request.cacheRepository, date: request.date }
}

async function resolveEngine(
  request: PlanRequest,
  world: PlanWorld,
  engine: Engine,
  wanted: PlanRequest['engines'][number]['version'],
) {
  const version =
    wanted === 'default' ? parseEngineVersion(currentRelease(world.catalogue).engines[engine]) : wanted
  if (!version)
    throw new UserError(
      `dockerfiles/catalogue.json: the current release names no exact version of ${engine}.`,
    )
  const base = await resolveBase(
    world.registry,
    request.baseRegistry,
    engines[engine].baseRepository,
    version.tag,
    request.platform,
  )
  return { engine, version, base }
}

function commonLeg(request: PlanRequest) {
  return {
    platform: request.platform,
    architecture: request.platform.split('/')[1] ?? request.platform,
    integration: request.integration,
    gpuArchitectures: request.gpuArchitectures,
    buildArguments: request.buildArguments,
  }
}

function publicRepository(request: PlanRequest, engine: Engine): Repository {
  return { registry: request.registry, path: `${request.namespace}/${engines[engine].publicName}` }
}

function tagsOf(request: PlanRequest, leg: Leg): string[] {
  const values = {
    engine: leg.engine,
    'engine-version': leg.version.tag,
    aibrix: refInTag(leg.aibrix),
    nixl: leg.nixl,
    ucx: leg.ucxVersion,
    date: request.date,
  }
  return [...new Set(request.templates.map((template) => expandTemplate(template, values)))]
}

function refuseEqualTags(images: { repository: Repository; tags: string[] }[]): void {
  const seen = new Set<string>()
  for (const { repository, tags } of images)
    for (const tag of tags) {
      const name = formatReference({ ...repository, tag })
      if (seen.has(name))
        throw new UserError(
          `Two images of this run would get the tag ${name}; put {{engine-version}} into "tags".`,
        )
      seen.add(name)
    }
}
