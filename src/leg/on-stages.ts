import { sentenceOf, UserError } from '../errors.ts'
import type { Leg } from '../plan/index.ts'
import { isDenied } from '../registry/index.ts'
import { type BaseFacts, type LegFacts, verdict } from '../verify/index.ts'
import { measureBase, measureImage } from './measure.ts'
import {
  artifactsFor,
  Impossible,
  prepareStages,
  type Stages,
  type StagesSettings,
  type StagesWorld,
} from './stages.ts'
import { addSteps, type Step } from '../buildkit/index.ts'

/** What a leg is made from, and what was measured in it. Warnings are a sentence each. */
export type Measured = { facts: LegFacts; stages: Stages; warnings: string[] }

/**
 * Measures what the image would be, with stage artifacts that fit the base. Which those are is told by the stored facts of
 * the base, which save a call to BuildKit; what is measured in the end says whether they were true.
 * @param steps gets those that ran
 * @throws Impossible or UnfitBase if the facts of the base speak against the leg; UserError if a stage can't be built
 */
export async function measureOnStages(
  leg: Leg,
  settings: StagesSettings,
  world: StagesWorld,
  steps: Step[],
): Promise<Measured> {
  const warnings: string[] = []
  const stored = await storedBase(leg, settings, world, warnings)
  // What is stored may be untrue, and to measure takes seconds: no leg is refused by it.
  if (stored && verdict(settings.judgeBase(stored)) === 'pass') {
    const believed = await believe(leg, stored, settings, world, steps)
    if (believed) return { ...believed, warnings: [...warnings, ...believed.stages.warnings] }
    warnings.push(
      `The stored facts of the base ${leg.base.manifestDigest} were wrong, so it was measured again.`,
    )
  }
  const base = await measureBase(leg, settings.call, world, steps)
  if (settings.push)
    await world.facts.write(leg.base, base, stored !== undefined).catch((error: unknown) => {
      warnings.push(
        `The facts of the base are not stored, so the next run measures it again: ${sentenceOf(error)}`,
      )
    })
  const measured = await measureOn(leg, base, settings, world, steps, () => Promise.resolve())
  return { ...measured, warnings: [...warnings, ...measured.stages.warnings] }
}

async function storedBase(
  leg: Leg,
  { push }: StagesSettings,
  { facts }: StagesWorld,
  warnings: string[],
): Promise<BaseFacts | undefined> {
  try {
    return await facts.read(leg.base)
  } catch (error) {
    // Where nothing is pushed, nobody has to be allowed to read.
    if (push || !isDenied(error))
      warnings.push(
        `The stored facts of the base can't be read, so it is measured again: ${sentenceOf(error)}`,
      )
    return undefined
  }
}

/** @returns undefined if the stored facts led to artifacts that are not for this base */
async function believe(
  leg: Leg,
  stored: BaseFacts,
  settings: StagesSettings,
  world: StagesWorld,
  steps: Step[],
): Promise<Omit<Measured, 'warnings'> | undefined> {
  let base: Promise<BaseFacts> | undefined
  const isTrue = async () =>
    isSameToStages(leg, stored, await (base ??= measureBase(leg, settings.call, world, steps)), settings)
  const confirm = async () => {
    if (!(await isTrue())) throw new UserError('The stored facts of the base are not true.')
  }
  try {
    const measured = await measureOn(leg, stored, settings, world, steps, confirm)
    return isSameToStages(leg, stored, measured.facts.base, settings) ? measured : undefined
  } catch (error) {
    if (error instanceof Impossible || (await isTrue().catch(() => true))) throw error
    return undefined
  }
}

async function measureOn(
  leg: Leg,
  base: BaseFacts,
  settings: StagesSettings,
  world: StagesWorld,
  steps: Step[],
  confirm: () => Promise<void>,
): Promise<Omit<Measured, 'warnings'>> {
  const stages = await prepareStages(leg, base, settings, world, {
    addSteps: (more) => {
      addSteps(steps, more)
    },
    confirm,
  })
  const call = { ...settings.call, artifacts: stages.folders }
  return { stages, facts: await measureImage(leg, call, settings.layers, world, steps) }
}

function isSameToStages(leg: Leg, one: BaseFacts, other: BaseFacts, settings: StagesSettings): boolean {
  const [left, right] = [artifactsFor(leg, one, settings), artifactsFor(leg, other, settings)]
  return (
    left.wheel.name === right.wheel.name &&
    left.ucx.name === right.ucx.name &&
    settings.outdated(one) === settings.outdated(other)
  )
}
