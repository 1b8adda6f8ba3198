import type { BaseImage } from './pinned.ts'
import { nearestHint } from './published/nearest.ts'
import { UserError } from '../errors.ts'
import { formatRepository, type RegistryClient } from '../registry/index.ts'
import { resolveBase, baseRepository } from './base.ts'
import { type Catalogue, currentRelease } from './feasibility/catalogue.ts'
import type { Combination } from './combination.ts'
import { type Engine, engines } from './engine.ts'
import { type KnownBase, knownBase } from './feasibility/known-base.ts'
import { choosers } from './plan.ts'
import type { NixlIndex } from './nixl/nixl-index.ts'
import type { PlanRequest } from './request.ts'
import { NoMatch, type Selected, selectVersions } from './versions/select.ts'
import { type Ground, type SelectedNixl, selectNixl } from './nixl/select-nixl.ts'
import type { Source } from './source.ts'
import type { TagIndex } from './published/tag-index.ts'
import { type EngineVersion, parseEngineVersion } from './versions/version.ts'

/** What choosing needs of the world. */
export type ChoiceWorld = {
  registry: Pick<RegistryClient, 'getManifest' | 'getImageConfig'>
  tags: TagIndex
  catalogue: Catalogue
  aibrix: Promise<Source>
  nixl: NixlIndex
  /** What an earlier run measured in a base; undefined if none did. `bases` is how many may be asked about */
  measured: (base: BaseImage, engine: Engine, bases: number) => Promise<KnownBase | undefined>
}

/** A combination on its bases; `unbuildable` is a sentence where a platform has none. */
export type Choice = Combination & ({ grounds: ReadonlyMap<string, Ground> } | { unbuildable: string })

/**
 * Selectors → combinations: each engine version with each AIBrix and each NIXL, in the order in which they were asked for.
 * @throws UserError for a selector that matches nothing, or a version that does not exist
 */
export async function choose(request: PlanRequest, world: ChoiceWorld): Promise<Choice[]> {
  // git and the registry answer at the same time.
  const [releases, perEngine] = await Promise.all([
    selectAibrix(request, world),
    Promise.all(request.engines.map((asked) => selectEngine(request, world, asked))),
  ])
  const pairs = perEngine.flat().flatMap((one) => releases.map((release) => ({ one, release })))
  return (await Promise.all(pairs.map((pair) => combine(request, world, pair)))).flat()
}

/** An engine version on its bases; `grounds` says in a sentence why there is none. */
type EngineChoice = {
  engine: Engine
  version: EngineVersion
  chosen: Selected
  grounds: ReadonlyMap<string, Ground> | string
}

async function selectEngine(
  request: PlanRequest,
  world: ChoiceWorld,
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
  return Promise.all(
    selected.map(async (chosen) => {
      const version = engineVersion(chosen)
      const nearest = async () => nearestHint('engine', version.tag, await world.tags.list(repository))
      const bases = await resolveBase(world.registry, repository, version.tag, request.platforms, nearest)
      const count = selected.length * request.platforms.length
      const grounds = typeof bases === 'string' ? bases : groundsOf(world, engine, version, bases, count)
      return { engine, version, chosen, grounds }
    }),
  )
}

/** An engine version with one AIBrix and each NIXL that was asked for. */
async function combine(
  request: PlanRequest,
  world: ChoiceWorld,
  { one, release }: { one: EngineChoice; release: PinnedRelease },
): Promise<Choice[]> {
  const { engine, version, chosen } = one
  const { selected: aibrix, source } = release
  const { libraries, ...ground } = await groundAndNixl(request, world, one, release)
  return libraries.map(({ from, ...nixl }): Choice => {
    const selected = { engine: chosen, aibrix, nixl }
    const combination: Combination = {
      ...{ engine, version, aibrix: source, nixl: nixl.tag, nixlFrom: from },
      named: choosers.filter((chooser) => selected[chooser].wanted === 'exact'),
      why: `versions ${chosen.why}, aibrix-version ${aibrix.why}, nixl-version ${nixl.why}`,
    }
    return { ...combination, ...ground }
  })
}

type PinnedRelease = { selected: Selected; source: Combination['aibrix'] }

async function selectAibrix(request: PlanRequest, world: ChoiceWorld): Promise<PinnedRelease[]> {
  const source = await world.aibrix
  const selected = await selectVersions(request.aibrix.versions, {
    input: 'aibrix-version',
    product: 'aibrix',
    current: world.catalogue.current,
    none: `${source.address} has no release to choose from, check aibrix-repository`,
    releases: () => Promise.resolve(source.tags),
  })
  return Promise.all(selected.map(async (one) => ({ selected: one, source: await source.pin(one.tag) })))
}

function engineVersion({ tag }: Selected): EngineVersion {
  const version = parseEngineVersion(tag)
  if (!version) throw new UserError(`versions: "${tag}" is no version of an engine.`)
  return version
}

/** The NIXL versions for a base; where there is no base, or no NIXL for it, it is said why, and NIXL is as it was asked for. */
async function groundAndNixl(
  request: PlanRequest,
  world: ChoiceWorld,
  { engine, version, grounds, chosen }: EngineChoice,
  { source: aibrix }: PinnedRelease,
): Promise<
  ({ grounds: ReadonlyMap<string, Ground> } | { unbuildable: string }) & { libraries: SelectedNixl[] }
> {
  const asked = request.nixl.include.map(({ text }) => text).join(', ')
  const none: SelectedNixl[] = [{ tag: asked, why: asked, wanted: 'matched', from: 'index' }]
  if (typeof grounds === 'string') return { unbuildable: grounds, libraries: none }
  try {
    return { grounds, libraries: await selectNixl(request, world, grounds, { engine, version, aibrix }) }
  } catch (error) {
    if (chosen.wanted === 'exact' || !(error instanceof NoMatch)) throw error
    return { unbuildable: error.message, libraries: none }
  }
}

function groundsOf(
  world: ChoiceWorld,
  engine: Engine,
  version: EngineVersion,
  bases: ReadonlyMap<string, BaseImage>,
  count: number,
): Map<string, Ground> {
  const grounds = [...bases].map(([platform, base]): [string, Ground] => {
    let answer: Promise<KnownBase> | undefined
    const ask = async (): Promise<KnownBase> =>
      (await world.measured(base, engine, count)) ?? knownBase(world.catalogue, engine, version)
    return [platform, { base, known: () => (answer ??= ask()) }]
  })
  return new Map(grounds)
}
