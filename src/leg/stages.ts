import { UserError } from '../errors.ts'
import {
  type Artifact,
  type ArtifactKind,
  artifactsOf,
  extensionOf,
  type Leg,
  type PinnedSource,
  type WheelDeterminants,
  withAdvice,
} from '../plan/index.ts'
import { type BaseFacts, expectedArchitectures, type Gate, verdict } from '../verify/index.ts'
import type { Origin, Provided } from './artifacts.ts'
import type { Layers } from '../store/index.ts'
import type { CallSettings } from './measure.ts'
import type { LegWorld } from './world.ts'

export type StagesSettings = {
  call: CallSettings
  layers: Layers
  push: boolean
  /**
   * Why it can't be built, from the base's facts; undefined if it can. Left out for a leg that is
   * built in any case.
   */
  objection: ((base: BaseFacts) => Promise<string | undefined>) | undefined
  /** What the plan did not know of the base and the image depends on; undefined if nothing */
  outdated: (base: BaseFacts) => string | undefined
  /** Gates that the base alone decides, waivers applied */
  judgeBase: (base: BaseFacts) => Gate[]
  /** What each stage artifact is built with, 64 hexadecimal digits */
  recipes: Record<ArtifactKind, string>
}

/** Where the stage artifacts of an image came from. */
export type Origins = {
  wheel: Origin
  ucx: Origin
  /** Of the extension in a new wheel */
  extension?: Origin
}

/** The results of the stages that the image is built from. */
export type Stages = {
  /** Folders that replace them */
  folders: Record<'wheel' | 'ucx', string>
  origins: Origins
  /** The names under which a store may have them, and the extension of a new wheel */
  needs: readonly string[]
  /** A sentence each */
  warnings: string[]
}

/** A leg that can't be built according to the facts of its base. */
export class Impossible extends UserError {
  override name = 'Impossible'
  /** Without a full stop */
  readonly reason: string
  readonly base: BaseFacts

  constructor(leg: Leg, reason: string, base: BaseFacts) {
    super(`${leg.id} can't be built: ${withAdvice(reason, true)}.`)
    this.reason = reason
    this.base = base
  }
}

/** A leg that would be planned differently with the facts of its base. */
class Outdated extends UserError {
  override name = 'Outdated'
}

/** A gate fails on the base alone, and would on any image that is built on it. */
export class UnfitBase extends Error {
  override name = 'UnfitBase'
  readonly gates: Gate[]

  constructor(gates: Gate[]) {
    super('A gate fails on the base.')
    this.gates = gates
  }
}

type StagesRecipes = { recipes: Pick<StagesSettings['recipes'], 'wheel' | 'ucx'> }

/** @returns the artifacts that a leg needs on a base with these facts */
export function artifactsFor(leg: Leg, base: BaseFacts, { recipes }: StagesRecipes) {
  return artifactsOf(leg, base, expectedArchitectures(leg, base), recipes)
}

/**
 * Provides the stage artifacts that a leg needs on this base, both in parallel.
 * @param confirm called before something is built, since what is stored must come from measured
 *   facts
 * @throws Outdated, Impossible or UnfitBase if the facts rule the leg out; UserError if a stage
 *   can't be built
 */
export async function prepareStages(
  leg: Leg,
  base: BaseFacts,
  settings: StagesSettings,
  world: Builder['world'],
  confirm: () => Promise<void>,
): Promise<Stages> {
  await refuseUnfit(leg, base, settings)
  const wanted = artifactsFor(leg, base, settings)
  const { wheel, ucx } = await provideBoth(wanted, { leg, settings, world, confirm })
  const { extension } = wheel
  return {
    folders: { wheel: wheel.folder, ucx: ucx.folder },
    origins: {
      wheel: wheel.origin,
      ucx: ucx.origin,
      ...(extension && { extension: extension.origin }),
    },
    needs: [...(extension ? [extension.name] : []), wanted.wheel.name, ...(leg.ucx ? [wanted.ucx.name] : [])],
    warnings: [...(extension?.warnings ?? []), ...wheel.warnings, ...ucx.warnings],
  }
}

type Builder = {
  leg: Leg
  settings: StagesSettings
  world: Pick<LegWorld, 'build' | 'artifacts' | 'fetchSource' | 'compiledSources'>
  confirm: () => Promise<void>
}

type NamedExtension = Provided & Pick<Artifact, 'name'>

type ProvidedWheel = Provided & { extension?: NamedExtension }

/** Provides both artifacts in parallel, and builds ahead while a wheel is made. If one fails, the others are still awaited. */
async function provideBoth(
  wanted: ReturnType<typeof artifactsFor>,
  builder: Builder,
): Promise<{ wheel: ProvidedWheel; ucx: Provided }> {
  const { leg, world } = builder
  const ucxProvided = leg.ucx ? provideUcx(wanted.ucx, leg.ucx, builder) : world.artifacts.leaveOut('ucx')
  let ahead: Promise<void> | undefined
  const whileMaking = (): void => {
    ahead = ucxProvided.then(({ folder }) => buildAhead(folder, builder))
    // It is awaited below; until then, its failure is not an unhandled one.
    ahead.catch(() => undefined)
  }
  const [wheel, ucx] = await Promise.allSettled([
    provideWheel(wanted.wheel, builder, whileMaking),
    ucxProvided,
  ])
  const [built] = await Promise.allSettled([ahead])
  if (wheel.status === 'rejected') throw wheel.reason
  if (ucx.status === 'rejected') throw ucx.reason
  if (built.status === 'rejected') throw built.reason
  return { wheel: wheel.value, ucx: ucx.value }
}

/** Builds what needs no wheel. Later calls find it in BuildKit's cache, or wait for it. */
async function buildAhead(ucx: string, { leg, settings, world }: Builder): Promise<void> {
  const layers = { from: settings.layers.from, to: undefined }
  const call = { ...settings.call, leg, layers, artifacts: { ucx } }
  await world.build({ ...call, output: { kind: 'ahead' } }, leg)
}

/**
 * Provides the wheel, and for a new one the extension, which other commits may have compiled.
 * @param whileMaking called before a new wheel is made
 */
async function provideWheel(
  wheel: Artifact<WheelDeterminants>,
  { leg, settings, world, confirm }: Builder,
  whileMaking: () => void,
): Promise<ProvidedWheel> {
  let extension: NamedExtension | undefined
  const provided = await world.artifacts.provide(wheel, async (directory) => {
    await confirm()
    whileMaking()
    const repository = await world.fetchSource('aibrix', leg.aibrix)
    const sources = await world.compiledSources(repository, leg.aibrix)
    const call = { ...settings.call, leg, sources: { aibrix: repository } }
    const wanted = extensionOf(wheel, sources, settings.recipes.extension)
    const compiled = await world.artifacts.provide(wanted, async (folder) => {
      const { steps } = await world.build({ ...call, output: { kind: 'extension', directory: folder } }, leg)
      return steps
    })
    extension = { ...compiled, name: wanted.name }
    const artifacts = { extension: compiled.folder }
    const { steps } = await world.build({ ...call, artifacts, output: { kind: 'wheel', directory } }, leg)
    return steps
  })
  return { ...provided, ...(extension && { extension }) }
}

function provideUcx(
  ucx: Artifact,
  source: PinnedSource,
  { leg, settings, world, confirm }: Builder,
): Promise<Provided> {
  return world.artifacts.provide(ucx, async (directory) => {
    await confirm()
    const sources = { ucx: await world.fetchSource('ucx', source) }
    const { steps } = await world.build(
      { ...settings.call, leg, sources, output: { kind: 'ucx', directory } },
      leg,
    )
    return steps
  })
}

async function refuseUnfit(leg: Leg, base: BaseFacts, settings: StagesSettings): Promise<void> {
  const unknown = settings.outdated(base)
  if (unknown !== undefined) throw new Outdated(`${leg.id} was not built: ${unknown}.`)
  const reason = await settings.objection?.(base)
  if (reason !== undefined) throw new Impossible(leg, reason, base)
  const gates = settings.judgeBase(base)
  if (verdict(gates) === 'fail') throw new UnfitBase(gates)
}
