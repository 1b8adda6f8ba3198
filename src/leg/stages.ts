import { UserError } from '../errors.ts'
import {
  type Artifact,
  type ArtifactKind,
  artifactsOf,
  type Leg,
  type PinnedSource,
  withAdvice,
} from '../plan/index.ts'
import { type BaseFacts, expectedArchitectures, type Gate, verdict } from '../verify/index.ts'
import type { BuildCall, Component, Step } from '../buildkit/index.ts'
import type { Artifacts, Origin, Provided } from './artifacts.ts'
import type { Layers, Store } from '../store/index.ts'
import type { MeasuringWorld } from './measure.ts'

export type StagesWorld = MeasuringWorld & {
  /** Facts of bases that earlier builds have stored */
  facts: Pick<Store['facts'], 'read' | 'write'>
  artifacts: Artifacts
  /** @returns folder with a bare repository of a source. @throws UserError if it can't be had */
  fetchSource: (component: Component, source: PinnedSource) => Promise<string>
}

export type StagesSettings = {
  call: Omit<BuildCall, 'leg' | 'output' | 'layers'>
  layers: Layers
  push: boolean
  /** Says why it can't be built, from the base's facts; undefined if it can. There is none to what is built in any case. */
  objection: ((base: BaseFacts) => Promise<string | undefined>) | undefined
  /** Says, a sentence without its end, what the plan did not know of the base that the image depends on; undefined if it knew all */
  outdated: (base: BaseFacts) => string | undefined
  /** Gates that the base alone decides, waivers applied */
  judgeBase: (base: BaseFacts) => Gate[]
  /** What each stage artifact is made with, 64 hexadecimal digits */
  recipes: Record<ArtifactKind, string>
}

/** The results of the stages that the image is made from. */
export type Stages = {
  /** Folders that take their place */
  folders: Record<ArtifactKind, string>
  origins: Record<ArtifactKind, Origin>
  /** A sentence each */
  warnings: string[]
}

/** A leg that the facts of its base speak against. */
export class Impossible extends UserError {
  override name = 'Impossible'
  /** A sentence without its end */
  readonly reason: string
  readonly base: BaseFacts

  constructor(leg: Leg, reason: string, base: BaseFacts) {
    super(`${leg.id} can't be built: ${withAdvice(reason, true)}.`)
    this.reason = reason
    this.base = base
  }
}

/** A leg that would be planned otherwise by the facts of its base. */
export class Outdated extends UserError {
  override name = 'Outdated'
}

/** A gate fails on the base alone, so that it would on whatever is built on it. */
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
 * Has the stage artifacts ready that a leg on this base needs. Both are built at a time, as BuildKit would.
 * @param addSteps gets the steps that ran for them
 * @param confirm called before something is built: by what was measured, and not by what was stored, is it kept
 * @throws Outdated, Impossible or UnfitBase if the facts speak against the leg; UserError if a stage can't be built
 */
export async function prepareStages(
  leg: Leg,
  base: BaseFacts,
  settings: StagesSettings,
  { build, artifacts, fetchSource }: StagesWorld,
  { addSteps, confirm }: { addSteps: (steps: Step[]) => void; confirm: () => Promise<void> },
): Promise<Stages> {
  const outdated = settings.outdated(base)
  if (outdated !== undefined) throw new Outdated(`${leg.id} was not built: ${outdated}.`)
  const reason = await settings.objection?.(base)
  if (reason !== undefined) throw new Impossible(leg, reason, base)
  const gates = settings.judgeBase(base)
  if (verdict(gates) === 'fail') throw new UnfitBase(gates)
  const provide = async (artifact: Artifact): Promise<Provided> =>
    artifacts.provide(artifact, async (directory) => {
      await confirm()
      const { kind } = artifact.determinants
      const component = componentOf[kind]
      const source = leg[component]
      const sources = source ? { [component]: await fetchSource(component, source) } : {}
      const { steps } = await build({ ...settings.call, leg, sources, output: { kind, directory } }, leg)
      addSteps(steps)
      return steps
    })
  const wanted = artifactsFor(leg, base, settings)
  // Neither is left under way when the other one fails.
  const [wheel, ucx] = await Promise.allSettled([
    provide(wanted.wheel),
    leg.ucx ? provide(wanted.ucx) : artifacts.nothing('ucx'),
  ])
  if (wheel.status === 'rejected') throw wheel.reason
  if (ucx.status === 'rejected') throw ucx.reason
  return {
    folders: { wheel: wheel.value.folder, ucx: ucx.value.folder },
    origins: { wheel: wheel.value.origin, ucx: ucx.value.origin },
    warnings: [...wheel.value.warnings, ...ucx.value.warnings],
  }
}
