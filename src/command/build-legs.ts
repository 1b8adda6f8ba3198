import pLimit from 'p-limit'
import { BuildError, layerCacheProblems } from '../buildkit/index.ts'
import {
  buildLeg,
  Impossible,
  type LegBuild,
  type LegLog,
  type LegSettings,
  type LegWorld,
} from '../leg/index.ts'
import { sentenceOf } from '../errors.ts'
import { isNamed, type PlannedLeg } from '../plan/index.ts'
import { failedGates, type LegReport, serialiseReport, type Store } from '../store/index.ts'
import { askedAttestations, type Judged, judgeStaged } from '../promote/index.ts'
import type { Digest, RegistryClient } from '../registry/index.ts'
import { type LegOutcome, type LegState, makeReport, stepTimes, tally } from '../report/index.ts'
import type { ImpossibleLeg } from './impossible.ts'
import { verdict } from '../verify/index.ts'

export type BuildWorld = {
  registry: RegistryClient
  store: Store
  legWorld: (leg: PlannedLeg, log: LegLog) => LegWorld
  legLog: (leg: PlannedLeg) => LegLog
  settingsOf: (leg: PlannedLeg) => LegSettings
  /** What a user types to build the same */
  commandOf: (leg: PlannedLeg) => string
  /** Takes secrets out of what is stored or shown */
  redact: (text: string) => string
  /** Waits until another run that staged the same leg at the same moment has done so */
  settle: () => Promise<void>
}

export type BuildChoices = {
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
        const state = await carryOut(leg, choices, world)
        failed ||= state.state === 'failed'
        return state.state === 'impossible' ? { leg, ...state } : { leg, ...commandOf(leg, world), ...state }
      }),
    ),
  )
}

/** Nothing where it can't be written, such as for a path with a line break: the error of the build says so. */
function commandOf(leg: PlannedLeg, world: BuildWorld): { command?: string } {
  try {
    return { command: world.redact(world.commandOf(leg)) }
  } catch {
    return {}
  }
}

async function carryOut(leg: PlannedLeg, choices: BuildChoices, world: BuildWorld): Promise<Built> {
  const log = world.legLog(leg)
  try {
    const before = choices.push ? await stagedNow(leg, world) : undefined
    if (before?.state === 'staged' && !choices.force) {
      log.say(`${log.name} is built and verified already`)
      return { state: 'staged', report: before.report }
    }
    // To build the same again would only take longer.
    if (before?.state === 'refused' && !choices.force)
      return { state: 'failed', error: world.redact(before.why), report: before.report }
    return await build(leg, before, choices, world, log).catch((error: unknown) => {
      if (error instanceof Impossible && !isNamed(leg)) return leaveOut(error, leg, choices, world, log)
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
  { push }: BuildChoices,
  world: BuildWorld,
  log: LegLog,
): Promise<Built> {
  log.say(`${log.name} is left out: ${reason}`)
  if (push) await world.store.facts.write(leg.base, base)
  return { state: 'impossible', reason }
}

/** What an earlier run or another runner has staged, judged by the rules of this run. */
function stagedNow(leg: PlannedLeg, { registry, store, settingsOf }: BuildWorld): Promise<Judged> {
  const rules = settingsOf(leg)
  const attestations = askedAttestations(rules.call.options)
  return judgeStaged(leg, { registry, store, rules, attestations })
}

/** @param before what was staged when this run began with the leg */
async function build(
  leg: PlannedLeg,
  before: Judged | undefined,
  choices: BuildChoices,
  world: BuildWorld,
  log: LegLog,
): Promise<LegState> {
  const settings = world.settingsOf(leg)
  const result = await buildLeg(leg, settings, world.legWorld(leg, log))
  log.say(`${log.name}: ${tally(result.gates)}`)
  const report = makeReport(leg, { ...result, steps: stepTimes(result.steps), warnings: [] })
  const replaced = before?.state === 'other' ? [`${before.why} It is replaced.`] : []
  const warnings = [...replaced, ...result.warnings]
  const shown = withWarnings(report, { ...result, warnings }, settings, world)
  if (verdict(result.gates) === 'fail') return { state: 'failed', error: failedGates(report), report: shown }
  const { digest } = result
  if (!choices.push || digest === undefined) return { state: 'built', report: shown }
  const { store } = world
  const staged = before?.state === 'staged' || before?.state === 'refused' ? before.report.digest : null
  const known = [digest, ...(staged === null ? [] : [staged])]
  const other = () => stagedByAnother(leg, known, world, log)
  const first = await other()
  if (first) return first
  const own = [leg, digest, world.redact(serialiseReport(report))] as const
  let stored: Digest
  try {
    stored = await store.legs.stage(...own)
  } catch {
    // Where two write one tag at once, one of them reads back what the other one wrote.
    const faster = await other().catch(() => undefined)
    if (faster) return faster
    stored = await store.legs.stage(...own)
  }
  // No registry gives a tag only if nobody else has: two runs may both have found none, and the later tag is the one that stays.
  await world.settle()
  await store.legs.keepReport(...own, stored)
  return (await other()) ?? { state: 'built', report: shown }
}

/** What was wrong with stores and caches is shown and not stored: it is nothing about the image. */
function withWarnings(
  report: LegReport,
  { warnings, steps }: LegBuild,
  { layerCache }: LegSettings,
  { redact }: BuildWorld,
): LegReport {
  const layers = layerCache ? layerCacheProblems(steps, layerCache) : []
  return { ...report, warnings: [...report.warnings, ...[...warnings, ...layers].map(redact)] }
}

/**
 * Another run may have built the same leg at the same time. Both are verified; the one that is staged stays, because an
 * image may have been published from it.
 * @param known digests that are not another run's: what was staged before, and what this run has built
 */
async function stagedByAnother(
  leg: PlannedLeg,
  known: readonly string[],
  world: BuildWorld,
  { name, say }: LegLog,
): Promise<Extract<LegState, { state: 'staged' }> | undefined> {
  const staged = await stagedNow(leg, world)
  if (staged.state !== 'staged' || known.includes(staged.digest)) return undefined
  say(`${name} was built and verified by another run meanwhile, whose image is taken`)
  return { state: 'staged', report: staged.report }
}
