import { UserError } from '../errors.ts'
import type { RegistryClient } from '../registry/client.ts'
import { formatRepository } from '../registry/reference.ts'
import { resolveBase, baseRepository } from './base.ts'
import { type Catalogue, currentRelease } from './catalogue.ts'
import type { Combination } from './combination.ts'
import { type Engine, engines } from './engine.ts'
import { type KnownBase, knownBase } from './known-base.ts'
import { choosers } from './named.ts'
import type { NixlIndex } from './nixl-index.ts'
import type { BaseImage } from './plan.ts'
import type { PlanRequest } from './request.ts'
import { nearestHint, NoMatch, type Selected, selectVersions } from './select.ts'
import type { Source } from './source.ts'
import type { TagIndex } from './tag-index.ts'
import { type EngineVersion, parseEngineVersion } from './version.ts'

/** What choosing needs of the world. */
export type ChoiceWorld = {
  registry: Pick<RegistryClient, 'getManifest' | 'getImageConfig'>
  tags: TagIndex
  catalogue: Catalogue
  aibrix: Promise<Source>
  nixl: NixlIndex
  /** What an earlier run measured in a base; undefined if none did. `bases` is how many may be asked about */
  measured: (base: BaseImage, bases: number) => Promise<KnownBase | undefined>
}

/** A platform's base, and what is known of it, which is found out once somebody asks. */
export type Ground = { base: BaseImage; known: () => Promise<KnownBase> }

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
  return perEngine.flat().flatMap((one) => combine(one, releases))
}

/** An engine version on its bases, with the NIXL versions for them; `grounds` says in a sentence why there is none. */
type EngineChoice = {
  engine: Engine
  version: EngineVersion
  chosen: Selected
  grounds: ReadonlyMap<string, Ground> | string
  libraries: Selected[]
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
      const one = { engine, version, bases, chosen, count: selected.length * request.platforms.length }
      return { engine, version, chosen, ...(await groundAndNixl(request, world, one)) }
    }),
  )
}

function combine({ engine, version, chosen, grounds, libraries }: EngineChoice, releases: PinnedRelease[]) {
  return releases.flatMap(({ selected: aibrix, source }) =>
    libraries.map((nixl): Choice => {
      const selected = { engine: chosen, aibrix, nixl }
      const combination: Combination = {
        ...{ engine, version, aibrix: source, nixl: nixl.tag },
        named: choosers.filter((chooser) => selected[chooser].wanted === 'exact'),
        why: `versions ${chosen.why}, aibrix-version ${aibrix.why}, nixl-version ${nixl.why}`,
      }
      return { ...combination, ...(typeof grounds === 'string' ? { unbuildable: grounds } : { grounds }) }
    }),
  )
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

/** The NIXL versions for a base; where there is no base, or no NIXL for it, `grounds` says why, and NIXL is as it was asked for. */
async function groundAndNixl(
  request: PlanRequest,
  world: ChoiceWorld,
  one: Pick<EngineChoice, 'engine' | 'version' | 'chosen'> & {
    bases: Map<string, BaseImage> | string
    /** Bases that are selected of this engine */
    count: number
  },
): Promise<{ grounds: ReadonlyMap<string, Ground> | string; libraries: Selected[] }> {
  const { engine, version, bases, chosen, count } = one
  const asked = request.nixl.include.map(({ text }) => text).join(', ')
  const none: Selected[] = [{ tag: asked, why: asked, wanted: 'matched' }]
  if (typeof bases === 'string') return { grounds: bases, libraries: none }
  const grounds = groundsOf(world, engine, version, bases, count)
  try {
    return { grounds, libraries: await selectNixl(request, world, grounds) }
  } catch (error) {
    if (chosen.wanted === 'exact' || !(error instanceof NoMatch)) throw error
    return { grounds: error.message, libraries: none }
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
      (await world.measured(base, count)) ?? knownBase(world.catalogue, engine, version)
    return [platform, { base, known: () => (answer ??= ask()) }]
  })
  return new Map(grounds)
}

/** Which NIXL there is depends on the base's Python and CUDA, and an image needs it on each of its platforms. */
async function selectNixl(
  request: PlanRequest,
  world: ChoiceWorld,
  grounds: ReadonlyMap<string, Ground>,
): Promise<Selected[]> {
  return selectVersions(request.nixl, {
    input: 'nixl-version',
    product: 'nixl',
    current: currentRelease(world.catalogue).nixl,
    none: 'no wheel of NIXL is for all platforms of this base, choose other versions or platforms',
    releases: async () => {
      const lists = await Promise.all(
        [...grounds].map(async ([platform, { known }]) => {
          const answer = await world.nixl.versions(await known(), platform)
          if (answer.state === 'no-pip')
            throw new UserError(
              `nixl-version: ${answer.reason}${answer.reason.includes('; ') ? ', or' : ';'} give an exact version such as 0.7.1.`,
            )
          return answer
        }),
      )
      const all = (lists[0]?.versions ?? []).filter((version) =>
        lists.every(({ versions }) => versions.includes(version)),
      )
      const absent = lists.find((list) => list.absent !== undefined)?.absent
      if (all.length === 0 && absent !== undefined) throw new NoMatch(`nixl-version: ${absent}.`)
      return all
    },
  })
}
