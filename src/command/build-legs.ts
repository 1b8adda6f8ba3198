import pLimit from 'p-limit'
import { BuildError, layerCacheProblems } from '../buildkit/index.ts'
import { sentenceOf } from '../errors.ts'
import { buildLeg, Impossible, type LegLog, type LegSettings, type LegWorld } from '../leg/index.ts'
import { isNamed, type PlannedLeg } from '../plan/index.ts'
import { type Judged, judgeStaged, requestedAttestations } from '../promote/index.ts'
import type { Digest, RegistryClient } from '../registry/index.ts'
import { type LegState, makeReport, stepTimes, tally } from '../report/index.ts'
import { failedGates, type LegReport, serialiseReport, type Store } from '../store/index.ts'
import { verdict } from '../verify/index.ts'
import type { LegResult } from './impossible.ts'

export type BuildWorld = {
  registry: RegistryClient
  store: Store
  legWorld: (leg: PlannedLeg, log: LegLog) => LegWorld
  legLog: (leg: PlannedLeg) => LegLog
  settingsOf: (leg: PlannedLeg) => LegSettings
  /** The command that builds the same by hand */
  commandOf: (leg: PlannedLeg) => string
  /** Takes secrets out of what is stored or shown */
  redact: (text: string) => string
  /** Waits until another run that staged the same leg at the same moment has finished doing so */
  awaitOtherRuns: () => Promise<void>
}

export type BuildChoices = {
  /** Whether legs that pass are staged */
  push: boolean
  /** Legs built in parallel */
  parallel: number
  /** Whether no leg is begun after a failure */
  failFast: boolean
  /** Whether staged legs are built, too */
  force: boolean
}

type LegJob = BuildWorld & BuildChoices & { leg: PlannedLeg; log: LegLog }
type Result = LegState | { state: 'impossible'; reason: string }

/**
 * Builds and judges legs that nobody has staged, and stages those that pass. Failures of builds and
 * registries are outcomes and are not thrown.
 * @returns an outcome for each leg, in their order; `impossible` only for a leg that was not named
 */
export async function buildLegs(
  legs: readonly PlannedLeg[],
  choices: BuildChoices,
  world: BuildWorld,
): Promise<LegResult[]> {
  const limit = pLimit(choices.parallel)
  let failed = false
  const outcomeOf = async (leg: PlannedLeg): Promise<LegResult> => {
    if (failed && choices.failFast) return { leg, state: 'skipped' }
    const result = await buildUnlessStaged({ ...choices, ...world, leg, log: world.legLog(leg) })
    failed ||= result.state === 'failed'
    return result.state === 'impossible' ? { leg, ...result } : { leg, ...commandOf(leg, world), ...result }
  }
  return Promise.all(legs.map((leg) => limit(outcomeOf, leg)))
}

/** Empty if it can't be written, as for a path with a line break: the build's error tells why. */
function commandOf(leg: PlannedLeg, world: BuildWorld): { command?: string } {
  try {
    return { command: world.redact(world.commandOf(leg)) }
  } catch {
    return {}
  }
}

async function buildUnlessStaged(job: LegJob): Promise<Result> {
  const { leg, log, push, force, redact } = job
  try {
    const before = push ? await judgeStagedNow(job) : undefined
    if (before?.state === 'staged' && !force) {
      log.say(`${log.name} is already built and verified`)
      return { state: 'staged', report: before.report }
    }
    // Building the same again would only take longer.
    if (before?.state === 'refused' && !force)
      return { state: 'failed', error: redact(before.why), report: before.report }
    return await buildAndStage(job, before).catch((error: unknown) => {
      if (error instanceof Impossible && !isNamed(leg)) return leaveOut(error, job)
      throw error
    })
  } catch (error) {
    return failedBuild(error, job)
  } finally {
    log.end()
  }
}

function failedBuild(error: unknown, { leg, redact }: LegJob): LegState {
  const steps = error instanceof BuildError ? stepTimes(error.steps) : []
  const candidate = { known: 'nothing', reason: 'the build failed' } as const
  const nothing = { facts: undefined, digest: undefined, gates: [], warnings: [] }
  const report = makeReport(leg, { ...nothing, candidate, steps })
  return { state: 'failed', error: redact(sentenceOf(error)), report }
}

/** Stores the facts of the base, which tell other runners and later plans that it is impossible. */
async function leaveOut({ reason, base }: Impossible, { leg, log, push, store }: LegJob): Promise<Result> {
  log.say(`${log.name} is left out: ${reason}`)
  if (push) await store.facts.write(leg.base, base)
  return { state: 'impossible', reason }
}

/** Judges by this run's rules what an earlier run or another runner has staged. */
function judgeStagedNow({ leg, registry, store, settingsOf }: LegJob): Promise<Judged> {
  const rules = settingsOf(leg)
  const attestations = requestedAttestations(rules.call.options)
  return judgeStaged(leg, { registry, store, rules, attestations })
}

/** @param before what was staged when this run began with the leg */
async function buildAndStage(job: LegJob, before: Judged | undefined): Promise<LegState> {
  const { leg, log, legWorld, settingsOf, push } = job
  const settings = settingsOf(leg)
  const result = await buildLeg(leg, settings, legWorld(leg, log))
  log.say(`${log.name}: ${tally(result.gates)}`)
  const report = makeReport(leg, { ...result, steps: stepTimes(result.steps), warnings: [] })
  const replaced = before?.state === 'other' ? [`${before.why} It is replaced.`] : []
  // Problems of stores and caches are shown and not stored: they are not about the image.
  const layers = settings.layerCache ? layerCacheProblems(result.steps, settings.layerCache) : []
  const problems = [...replaced, ...result.warnings, ...layers].map(job.redact)
  const shown = { ...report, warnings: [...report.warnings, ...problems] }
  if (verdict(result.gates) === 'fail') return { state: 'failed', error: failedGates(report), report: shown }
  const { digest } = result
  if (!push || digest === undefined) return { state: 'built', report: shown }
  const replacedDigest =
    before?.state === 'staged' || before?.state === 'refused' ? before.report.digest : null
  return (await stageUnlessLost(job, report, digest, replacedDigest)) ?? { state: 'built', report: shown }
}

type StagedLeg = Extract<LegState, { state: 'staged' }>

/** @param before digest of what was staged before @returns another run's leg, if that one stays */
async function stageUnlessLost(
  job: LegJob,
  report: LegReport,
  digest: Digest,
  before: string | null,
): Promise<StagedLeg | undefined> {
  const { leg, redact, store, awaitOtherRuns } = job
  const other = () => stagedByAnother([digest, before], job)
  const first = await other()
  if (first) return first
  const own = [leg, digest, redact(serialiseReport(report))] as const
  let stored: Digest
  try {
    stored = await store.legs.stage(...own)
  } catch {
    // If two runs write one tag at once, one of them reads back what the other one wrote.
    const faster = await other().catch(() => undefined)
    if (faster) return faster
    stored = await store.legs.stage(...own)
  }
  // No registry creates a tag only if it is absent: both runs may have found none; the later stays.
  await awaitOtherRuns()
  await store.legs.keepReport(...own, stored)
  return other()
}

/**
 * Another run may have built the same leg at the same time. Both are verified; the one that is
 * staged stays, because an image may have been published from it.
 * @param known digests of this run's image, and of what was staged before
 */
async function stagedByAnother(
  known: readonly (string | null)[],
  job: LegJob,
): Promise<StagedLeg | undefined> {
  const staged = await judgeStagedNow(job)
  if (staged.state !== 'staged' || known.includes(staged.digest)) return undefined
  job.log.say(`${job.log.name} was built and verified by another run meanwhile, whose image is reused`)
  return { state: 'staged', report: staged.report }
}
