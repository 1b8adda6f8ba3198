import { UserError } from '../errors.ts'
import { type Artifact, type ArtifactKind, artifactsOf, type Leg, withAdvice } from '../plan/index.ts'
import { type BaseFacts, expectedArchitectures, type Gate, verdict } from '../verify/index.ts'
import type { Component } from '../buildkit/index.ts'
import type { Origin } from './artifacts.ts'
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

/** The results of the stages that the image is built from. */
export type Stages = {
  /** Folders that replace them */
  folders: Record<ArtifactKind, string>
  origins: Record<ArtifactKind, Origin>
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

/** @returns the artifacts that a leg needs on a base with these facts */
export function artifactsFor(leg: Leg, base: BaseFacts, { recipes }: Pick<StagesSettings, 'recipes'>) {
  return artifactsOf(leg, base, expectedArchitectures(leg, base), recipes)
}

const componentOf: Record<ArtifactKind, Component> = { wheel: 'aibrix', ucx: 'ucx' }

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
  { build, artifacts, fetchSource }: LegWorld,
  confirm: () => Promise<void>,
): Promise<Stages> {
  await refuseUnfit(leg, base, settings)
  const provide = (artifact: Artifact) =>
    artifacts.provide(artifact, async (directory) => {
      await confirm()
      const { kind } = artifact.determinants
      const component = componentOf[kind]
      const source = leg[component]
      const sources = source ? { [component]: await fetchSource(component, source) } : {}
      const { steps } = await build({ ...settings.call, leg, sources, output: { kind, directory } }, leg)
      return steps
    })
  const wanted = artifactsFor(leg, base, settings)
  // If one fails, the other is still awaited.
  const [wheel, ucx] = await Promise.allSettled([
    provide(wanted.wheel),
    leg.ucx ? provide(wanted.ucx) : artifacts.leaveOut('ucx'),
  ])
  if (wheel.status === 'rejected') throw wheel.reason
  if (ucx.status === 'rejected') throw ucx.reason
  return {
    folders: { wheel: wheel.value.folder, ucx: ucx.value.folder },
    origins: { wheel: wheel.value.origin, ucx: ucx.value.origin },
    warnings: [...wheel.value.warnings, ...ucx.value.warnings],
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
