import { UserError } from '../errors.ts'
import { familiarReference, formatRepository, isDigest } from '../registry/index.ts'
import { baseRepository, givenBase, type OnBases, resolveBase, type WantedBase } from './base.ts'
import type { Combination } from './combination.ts'
import { type Engine, engines } from './engine.ts'
import { currentRelease } from './feasibility/catalogue.ts'
import { knownBases } from './feasibility/known-base.ts'
import type { GitRepository } from './git-repository.ts'
import { type SelectedNixl, selectNixl } from './nixl/select-nixl.ts'
import { choosers, type Leg } from './plan.ts'
import { nearestHint } from './published/nearest.ts'
import type { PlanRequest } from './request.ts'
import { NoMatch, type Selected, selectVersions } from './versions/select.ts'
import { type EngineVersion, parseEngineVersion, suffixOf } from './versions/version.ts'
import type { PlanningWorld } from './world.ts'

/** A combination on its bases; `unbuildable` is the reason if it has none, or no NIXL for them. */
export type Choice = Combination & OnBases

/**
 * Turns selectors into combinations: each engine version with each AIBrix and each NIXL, in the
 * order of the request.
 * @throws UserError for a selector that matches nothing, or a version that does not exist
 */
export async function choose(
  request: PlanRequest,
  world: PlanningWorld,
  aibrix: Promise<GitRepository>,
): Promise<Choice[]> {
  // git and the registry answer in parallel.
  const [releases, versions] = await Promise.all([
    selectAibrix(request, world, aibrix),
    Promise.all(request.engines.map((asked) => selectEngine(request, world, asked))),
  ])
  const pairs = versions.flat().flatMap((one) => releases.map((release) => ({ ...one, ...release })))
  return (await Promise.all(pairs.map((pair) => combine(request, world, pair)))).flat()
}

/** An engine version on its bases. `questions`: how many bases all engine versions have */
type EngineChoice = Pick<Leg, 'engine' | 'version'> & { chosen: Selected; questions: number } & OnBases

async function selectEngine(
  request: PlanRequest,
  world: PlanningWorld,
  { engine, versions }: PlanRequest['engines'][number],
): Promise<EngineChoice[]> {
  const repository = baseRepository(request.baseRegistry, engines[engine].baseRepository)
  const selected = await selectVersions(versions, {
    input: 'versions',
    product: 'engine',
    current: currentRelease(world.catalogue).engines[engine],
    none: `${formatRepository(repository)} has no release to choose from, check base-registry`,
    releases: () => world.tags.list(repository),
  })
  const questions = selected.length * request.platforms.length
  return Promise.all(
    selected.map(async (chosen) => {
      const version = parseEngineVersion(chosen.tag)
      if (!version) throw new UserError(`versions: "${chosen.tag}" is not a version of an engine.`)
      const wanted: WantedBase = request.baseImage
        ? givenBase(request.baseImage, version.tag)
        : {
            repository,
            tag: version.tag,
            reference: version.tag,
            preferred: preferredBase(request, engine, version),
          }
      const nearest = async () => nearestHint('engine', version.tag, await world.tags.list(repository))
      const copyFor = (platform: string, reference: string) =>
        isDigest(reference)
          ? Promise.resolve(undefined)
          : world.copyOfBase({ ...wanted.repository, tag: reference, platform })
      const found = await resolveBase(world.registry, wanted, request.platforms, { copyFor, nearest })
      return { engine, version, chosen, questions, ...found }
    }),
  )
}

/** @returns the tag of a version with layers in zstd, if those are wanted and upstream may have it */
function preferredBase(
  { baseCompression }: PlanRequest,
  engine: Engine,
  version: EngineVersion,
): WantedBase['preferred'] {
  const { zstd } = engines[engine]
  if (baseCompression === 'as-published' || !zstd || suffixOf(version) !== '') return undefined
  return { platform: zstd.platform, tag: `${version.tag}${zstd.suffix}` }
}

type AibrixChoice = { release: Selected; aibrix: Combination['aibrix'] }
type Pair = EngineChoice & AibrixChoice

async function selectAibrix(
  request: PlanRequest,
  world: PlanningWorld,
  opened: Promise<GitRepository>,
): Promise<AibrixChoice[]> {
  const { address, tags, pin } = await opened
  const selected = await selectVersions(request.aibrix.versions, {
    input: 'aibrix-version',
    product: 'aibrix',
    current: world.catalogue.current,
    none: `${address} has no release to choose from, check aibrix-repository`,
    releases: () => Promise.resolve(tags),
  })
  return Promise.all(selected.map(async (release) => ({ release, aibrix: await pin(release.tag) })))
}

async function combine(request: PlanRequest, world: PlanningWorld, pair: Pair): Promise<Choice[]> {
  const { engine, version, chosen, release, aibrix } = pair
  const { libraries, ...rest } = await withNixl(request, world, pair)
  return libraries.map(({ from: nixlFrom, ...nixl }): Choice => {
    const selected = { engine: chosen, aibrix: release, nixl }
    return {
      engine,
      version,
      aibrix,
      nixl: nixl.tag,
      nixlFrom,
      named: choosers.filter((chooser) => selected[chooser].wanted === 'exact'),
      why: `versions ${chosen.why}, aibrix-version ${release.why}, nixl-version ${nixl.why}`,
      ...rest,
    }
  })
}

/** Names a base that is not the engine's own. */
function withName(pair: Pair, { baseImage }: PlanRequest): Pair & { given?: string } {
  return { ...pair, ...(baseImage && { given: familiarReference(baseImage) }) }
}

/** If there is no base, or no NIXL for it, the NIXL is the text of its selectors. */
async function withNixl(
  request: PlanRequest,
  world: PlanningWorld,
  pair: Pair,
): Promise<OnBases & { libraries: SelectedNixl[] }> {
  const asked = request.nixl.include.map(({ text }) => text).join(', ')
  const none: SelectedNixl[] = [{ tag: asked, why: asked, wanted: 'matched', from: 'index' }]
  if ('unbuildable' in pair) return { unbuildable: pair.unbuildable, libraries: none }
  const known = () => knownBases(world.known, pair, pair.questions)
  try {
    return { bases: pair.bases, libraries: await selectNixl(request, world, withName(pair, request), known) }
  } catch (error) {
    if (pair.chosen.wanted === 'exact' || !(error instanceof NoMatch)) throw error
    return { unbuildable: error.message, libraries: none }
  }
}
