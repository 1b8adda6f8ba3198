import { UserError } from '../errors.ts'
import { type ArtifactKind, artifactsOf, type Leg, withAdvice } from '../plan/index.ts'
import { type BaseFacts, expectedArchitectures, type Gate, verdict } from '../verify/index.ts'
import type { Origin } from './artifacts.ts'
import type { Layers } from '../store/index.ts'
import type { CallSettings } from './measure.ts'
import { type Builder, provideBoth } from './provide-stages.ts'

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

async function refuseUnfit(leg: Leg, base: BaseFacts, settings: StagesSettings): Promise<void> {
  const unknown = settings.outdated(base)
  if (unknown !== undefined) throw new Outdated(`${leg.id} was not built: ${unknown}.`)
  const reason = await settings.objection?.(base)
  if (reason !== undefined) throw new Impossible(leg, reason, base)
  const gates = settings.judgeBase(base)
  if (verdict(gates) === 'fail') throw new UnfitBase(gates)
}
