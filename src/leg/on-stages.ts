import { sentenceOf, UserError } from '../errors.ts'
import type { Leg } from '../plan/index.ts'
import { isDenied } from '../registry/index.ts'
import { type BaseFacts, type LegFacts, verdict } from '../verify/index.ts'
import { measureBase, measureImage } from './measure.ts'
import { artifactsFor, Impossible, prepareStages, type Stages, type StagesSettings } from './stages.ts'
import type { LegWorld } from './world.ts'

/** The stages of a leg, and what was measured on them. */
export type Measured = { facts: LegFacts; stages: Stages }

/**
 * Measures the image that would be built, with stage artifacts that fit the base. The stored facts
 * of the base choose them, which saves a call to BuildKit; the final measurement confirms the
 * choice.
 * @param warnings gets a sentence each for problems of stored facts
 * @throws Impossible or UnfitBase if the facts of the base rule the leg out; UserError if a stage
 *   can't be built
 */
export async function measureOnStages(
  leg: Leg,
  settings: StagesSettings,
  world: LegWorld,
  warnings: string[],
): Promise<Measured> {
  const stored = await world.facts.read(leg.base).catch((error: unknown) => {
    // A run that does not push needs no permission to read.
    if (settings.push || !isDenied(error))
      warnings.push(
        `The stored facts of the base can't be read, so it is measured again: ${sentenceOf(error)}`,
      )
    return undefined
  })
  // Stored facts may be wrong, and measuring takes seconds: they refuse no leg.
  if (stored && verdict(settings.judgeBase(stored)) === 'pass') {
    const measured = await measureOnStored(leg, stored, settings, world)
    if (measured) return measured
    warnings.push(
      `The stored facts of the base ${leg.base.manifestDigest} were wrong, so it was measured again.`,
    )
  }
  const base = await measureBase(leg, settings.call, world)
  if (settings.push)
    await world.facts.write(leg.base, base, stored !== undefined).catch((error: unknown) => {
      warnings.push(
        `The facts of the base are not stored, so the next run measures it again: ${sentenceOf(error)}`,
      )
    })
  return measureOn(leg, base, settings, world, () => Promise.resolve())
}

/** @returns undefined if the stored facts chose artifacts that are not for this base */
async function measureOnStored(
  leg: Leg,
  stored: BaseFacts,
  settings: StagesSettings,
  world: LegWorld,
): Promise<Measured | undefined> {
  let base: Promise<BaseFacts> | undefined
  const isConfirmed = async () =>
    choosesSame(leg, stored, await (base ??= measureBase(leg, settings.call, world)), settings)
  const confirm = async () => {
    if (!(await isConfirmed())) throw new UserError('The stored facts of the base are wrong.')
  }
  try {
    const measured = await measureOn(leg, stored, settings, world, confirm)
    return choosesSame(leg, stored, measured.facts.base, settings) ? measured : undefined
  } catch (error) {
    if (error instanceof Impossible || (await isConfirmed().catch(() => true))) throw error
    return undefined
  }
}

async function measureOn(
  leg: Leg,
  base: BaseFacts,
  settings: StagesSettings,
  world: LegWorld,
  confirm: () => Promise<void>,
): Promise<Measured> {
  const stages = await prepareStages(leg, base, settings, world, confirm)
  const call = { ...settings.call, artifacts: stages.folders }
  return { stages, facts: await measureImage(leg, call, settings.layers, world) }
}

function choosesSame(leg: Leg, one: BaseFacts, other: BaseFacts, settings: StagesSettings): boolean {
  const [left, right] = [artifactsFor(leg, one, settings), artifactsFor(leg, other, settings)]
  return (
    left.wheel.name === right.wheel.name &&
    left.ucx.name === right.ucx.name &&
    settings.outdated(one) === settings.outdated(other)
  )
}
