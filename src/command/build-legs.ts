import pLimit from 'p-limit'
import { BuildError } from '../build/session.ts'
import { buildLeg, Impossible, type LegSettings, type LegWorld } from '../build/leg.ts'
import { layerCacheProblems } from '../build/layer-cache.ts'
import { sentenceOf } from '../errors.ts'
import type { LegLog } from './leg-log.ts'
import type { PlannedLeg } from '../plan/plan.ts'
import { storeBaseFacts } from '../promote/base-facts.ts'
import { readStaged } from '../promote/staged.ts'
import { stage } from '../promote/stage.ts'
import type { RegistryClient } from '../registry/client.ts'
import type { Repository } from '../registry/reference.ts'
import { type LegReport, serialiseReport } from '../report/leg-report.ts'
import { makeReport, stepTimes } from '../report/make-report.ts'
import type { LegOutcome, LegState } from '../report/outcome.ts'
import type { ImpossibleLeg } from './impossible.ts'
import { storedReport } from './stored-report.ts'
import { verdict } from '../verify/gate.ts'

export type BuildWorld = {
  registry: RegistryClient
  legWorld: (leg: PlannedLeg, log: LegLog) => LegWorld
  legLog: (leg: PlannedLeg) => LegLog
  settingsOf: (leg: PlannedLeg) => LegSettings
  /** What a user types to build the same */
  commandOf: (leg: PlannedLeg) => string
  /** Takes secrets out of what is stored or shown */
  redact: (text: string) => string
}

export type BuildChoices = {
  cacheRepository: Repository
  /** Whether what passed is staged */
  push: boolean
  /** Legs at a time */
  parallel: number
  /** Whether a failure keeps the others from being begun */
  failFast: boolean
  /** Also builds what is staged */
  force: boolean
}

type Built = LegState | { state: 'impossible'; reason: string }

/**
 * Builds and judges legs, and stages those that passed. A leg that another runner or an earlier run has staged meanwhile is
 * not built. Does not throw for what a build or a registry does: the outcomes say it.
 * @returns an outcome for each leg, in their order; `impossible` only where a selector with more than one answer chose it
 */
export async function buildLegs(
  legs: readonly PlannedLeg[],
  choices: BuildChoices,
  world: BuildWorld,
): Promise<(LegOutcome | ImpossibleLeg)[]> {
  const limit = pLimit(choices.parallel)
  let failed = false
  return Promise.all(
    legs.map((leg) =>
      limit(async (): Promise<LegOutcome | ImpossibleLeg> => {
        if (failed && choices.failFast) return { leg, state: 'skipped' }
        const command = world.redact(world.commandOf(leg))
        const state = await carryOut(leg, choices, world)
        failed ||= state.state === 'failed'
        return state.state === 'impossible' ? { leg, ...state } : { leg, command, ...state }
      }),
    ),
  )
}

async function carryOut(leg: PlannedLeg, choices: BuildChoices, world: BuildWorld): Promise<Built> {
  const log = world.legLog(leg)
  try {
    if (choices.push && !choices.force) {
      const staged = await readStaged(world.registry, choices.cacheRepository, leg)
      if (staged.state === 'staged') {
        log.print(`${leg.id} is built and verified already`)
        return {
          state: 'staged',
          report: await storedReport(leg, choices.cacheRepository, world.registry, log.print),
        }
      }
    }
    return await build(leg, choices, world, log).catch((error: unknown) => {
      if (error instanceof Impossible && leg.wanted === 'matched')
        return leaveOut(error, leg, choices, world, log)
      throw error
    })
  } catch (error) {
    const steps = error instanceof BuildError ? stepTimes(error.steps) : []
    const nothing = { facts: undefined, digest: undefined, gates: [], warnings: [] }
    const candidate = { known: 'nothing', reason: 'the build failed' } as const
    const report = makeReport(leg, { ...nothing, candidate, steps })
    return { state: 'failed', error: world.redact(sentenceOf(error)), report }
  } finally {
    log.end()
  }
}

/** Its facts are kept: by them other runners, and the plans to come, know that it is impossible. */
async function leaveOut(
  { reason, base }: Impossible,
  leg: PlannedLeg,
  { push, cacheRepository }: BuildChoices,
  world: BuildWorld,
  log: LegLog,
): Promise<Built> {
  log.print(`${leg.id} is left out: ${reason}`)
  if (push) await storeBaseFacts(world.registry, cacheRepository, leg.base, base)
  return { state: 'impossible', reason }
}

async function build(
  leg: PlannedLeg,
  { push, cacheRepository }: BuildChoices,
  world: BuildWorld,
  log: LegLog,
): Promise<LegState> {
  const settings = world.settingsOf(leg)
  const result = await buildLeg(leg, settings, world.legWorld(leg, log))
  const report = makeReport(leg, { ...result, steps: stepTimes(result.steps), warnings: [] })
  if (verdict(result.gates) === 'fail') return { state: 'failed', error: failedGates(report), report }
  if (push && result.digest !== undefined) {
    const text = world.redact(serialiseReport(report))
    await storeBaseFacts(world.registry, cacheRepository, leg.base, result.facts.base)
    await stage(world.registry, cacheRepository, leg, result.digest, text)
  }
  // Not in the stored report: it is nothing about the image.
  const warnings = settings.layerCache
    ? layerCacheProblems(result.steps, settings.layerCache.reference).map(world.redact)
    : []
  return { state: 'built', report: { ...report, warnings: [...report.warnings, ...warnings] } }
}

function failedGates(report: LegReport): string {
  const failed = report.gates.flatMap((gate) =>
    gate.state === 'fail' ? [`${gate.name} (${gate.actual}). ${gate.hint}`] : [],
  )
  return `${failed.length === 1 ? 'A gate' : `${failed.length} gates`} failed: ${failed.join(' ')}`
}
