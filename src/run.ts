import { BuildError } from './build/session.ts'
import { buildLeg, type LegSettings, type LegWorld } from './build/leg.ts'
import { sentenceOf, UserError } from './errors.ts'
import type { Leg, Plan, PlannedImage } from './plan/plan.ts'
import { type Promotable, promote } from './promote/promote.ts'
import { checkPushAccess, readStoredReport, stage } from './promote/stage.ts'
import type { RegistryClient } from './registry/client.ts'
import type { Repository } from './registry/reference.ts'
import { type LegReport, makeReport, parseReport, serialiseReport, stepTimes } from './report/leg-report.ts'
import type { ImageOutcome, Run } from './report/outcome.ts'
import { verdict } from './verify/gate.ts'

export type RunWorld = {
  registry: RegistryClient
  leg: LegWorld
  settingsOf: (leg: Leg) => LegSettings
  commandOf: (image: PlannedImage) => string
  /** Takes secrets out of what is stored or shown */
  redact: (text: string) => string
  log: (line: string) => void
  /** Milliseconds */
  now: () => number
  signal: AbortSignal
}

/**
 * Carries a plan out: builds and judges each image that is not published yet, stages what passed, and when every image of
 * the run has passed gives them their public tags. Does not throw for what a build or a registry does: the run says it.
 */
export async function runPlan(plan: Plan, push: boolean, world: RunWorld): Promise<Run> {
  const started = world.now()
  const outcomes: ImageOutcome[] = []
  const end = (error?: string): Run => ({
    outcomes,
    duration: world.now() - started,
    ...(error !== undefined && { error }),
  })
  try {
    if (push) await checkPushAccess(world.registry, repositoriesToPush(plan))
    for (const image of plan.images) {
      const failed = outcomes.some(({ state }) => state === 'failed')
      outcomes.push(failed ? { image, state: 'skipped' } : await carryOut(image, plan, push, world))
    }
    if (outcomes.some(({ state }) => state === 'failed' || state === 'skipped')) return end()
    if (push) await promoteAll(outcomes, plan, world)
    return end()
  } catch (error) {
    return end(world.redact(sentenceOf(error)))
  }
}

function repositoriesToPush(plan: Plan): Repository[] {
  const pending = plan.images.filter(({ published }) => published.kind === 'absent')
  if (pending.length === 0) return []
  const all = [plan.cacheRepository, ...pending.map(({ repository }) => repository)]
  return [
    ...new Map(all.map((repository) => [`${repository.registry}/${repository.path}`, repository])).values(),
  ]
}

async function carryOut(
  image: PlannedImage,
  plan: Plan,
  push: boolean,
  world: RunWorld,
): Promise<ImageOutcome> {
  if (image.published.kind === 'same') return unchanged(image, image.published.digest, plan, world)
  const { leg } = image
  const command = world.redact(world.commandOf(image))
  try {
    const build = await buildLeg(leg, world.settingsOf(leg), world.leg)
    const report = makeReport(leg, { ...build, steps: stepTimes(build.steps), warnings: [] })
    if (verdict(build.gates) === 'fail')
      return { image, command, state: 'failed', error: failedGates(report), report }
    if (!push || build.digest === undefined) return { image, command, state: 'built', report }
    await stage(
      world.registry,
      plan.cacheRepository,
      leg,
      build.digest,
      world.redact(serialiseReport(report)),
    )
    return { image, command, state: 'staged', report }
  } catch (error) {
    const steps = error instanceof BuildError ? stepTimes(error.steps) : []
    const nothing = { facts: undefined, digest: undefined, gates: [], warnings: [] }
    const candidate = { known: 'nothing', reason: 'the build failed' } as const
    const report = makeReport(leg, { ...nothing, candidate, steps })
    return { image, command, state: 'failed', error: world.redact(sentenceOf(error)), report }
  }
}

async function unchanged(
  image: PlannedImage,
  digest: string,
  plan: Plan,
  world: RunWorld,
): Promise<ImageOutcome> {
  const name = `${image.leg.engine} ${image.leg.version.tag}`
  world.log(`${name} | is published already with this content, nothing to build`)
  try {
    const text = await readStoredReport(world.registry, plan.cacheRepository, image.leg)
    if (text === undefined) throw new UserError('the cache repository does not have it.')
    return { image, state: 'unchanged', digest, report: parseReport(text, 'the stored report') }
  } catch (error) {
    // What is published stays right without the report about it.
    world.log(`${name} | its report can't be shown: ${sentenceOf(error)}`)
    return { image, state: 'unchanged', digest, report: undefined }
  }
}

function failedGates(report: LegReport): string {
  const failed = report.gates.flatMap((gate) =>
    gate.state === 'fail' ? [`${gate.name} (${gate.actual}). ${gate.hint}`] : [],
  )
  return `${failed.length === 1 ? 'A gate' : `${failed.length} gates`} failed: ${failed.join(' ')}`
}

async function promoteAll(outcomes: ImageOutcome[], plan: Plan, world: RunWorld): Promise<void> {
  const promotable = outcomes.flatMap((outcome): Promotable[] => {
    const { image } = outcome
    const to = image.repository
    if (outcome.state === 'staged' && outcome.report.digest !== null)
      return [{ from: plan.cacheRepository, digest: outcome.report.digest, to, tags: image.tags }]
    if (outcome.state === 'unchanged' && image.published.kind === 'same')
      return [{ from: to, digest: outcome.digest, to, tags: image.published.missingTags }]
    return []
  })
  await promote(world.registry, promotable, world.log, world.signal)
  for (const [index, outcome] of outcomes.entries())
    if (outcome.state === 'staged' && outcome.report.digest !== null)
      outcomes[index] = { ...outcome, state: 'published', digest: outcome.report.digest }
}
