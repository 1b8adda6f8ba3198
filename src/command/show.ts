import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  baseName,
  engines,
  excludedTitle,
  isNixlKnown,
  lacksInMirrors,
  pendingLegs,
  type Plan,
  type PlannedImage,
  type PlannedLeg,
  type PlannedMirror,
  publicTagsOf,
} from '../plan/index.ts'
import type { StoredPlan } from '../store/index.ts'
import { attempt, type Output, type Redact, type Retry, type Workspace } from '../system/index.ts'
import { familiarReference, familiarRepository } from '../registry/index.ts'
import {
  annotationsOf,
  causeText,
  matrixOutput,
  outputsOf,
  renderPlanSummary,
  renderSummary,
  type Run,
  type RunsOn,
  summaryLimit,
  tally,
  titledLegs,
  titlesOf,
  verifyMatrixOutput,
} from '../report/index.ts'

/** Most images of a plan that the log describes; the summary has them all. */
const describedImages = 20

/** @returns the plan as log lines: what each image is built from, and what happens to it */
export function describePlan({ images, excluded }: Plan, push: boolean): string[] {
  const more = images.length - describedImages
  return [
    ...images.slice(0, describedImages).flatMap((image) => describeImage(image, push)),
    ...(more > 0 ? [`and ${more} more images`] : []),
    ...excluded.map((one) => `${excludedTitle(one)} is left out: ${one.reason}`),
  ]
}

function describeImage(image: PlannedImage, push: boolean): string[] {
  const { legs, repository, published } = image
  const tags = published.kind === 'same' ? publicTagsOf(image.tags, published) : image.tags
  const fate = (leg: PlannedLeg): string => {
    if (published.kind === 'same') return 'published already'
    if (leg.existing === 'staged') return 'built and verified already, publish'
    return push ? 'build, verify, publish' : 'build and verify'
  }
  // What the platforms share has one line.
  const sources = new Set([
    ...legs.map(
      ({ base }) =>
        `  base    ${baseName(base)}@${base.digest}${base.copyOf === undefined ? '' : ', the copy in the cache repository'}`,
    ),
    ...legs.map((leg) => `  aibrix  ${leg.aibrix.ref} (${leg.aibrix.commit}), ${describeNixl(leg)}`),
  ])
  return [
    ...legs.map((leg) => `${engines[leg.engine].title} ${leg.version.tag} for ${leg.platform}: ${fate(leg)}`),
    ...sources,
    ...legs.map(({ buildId }) => `  build   ${buildId}`),
    `  why     ${causeText(image)}`,
    ...tags.map((tag) => `  tag     ${familiarReference({ ...repository, tag })}`),
    ...image.mirrors.map((mirror) => `  mirror  ${describeMirror(image, mirror)}`),
  ]
}

function describeMirror({ published }: PlannedImage, { repository, missingTags }: PlannedMirror): string {
  const name = familiarRepository(repository)
  return published.kind === 'absent' || missingTags.length === 0
    ? name
    : `${name} lacks ${missingTags.join(', ')}`
}

export type ShowSettings = Output & {
  workspace: Workspace
  redact: Redact
  retry: Pick<Retry, 'retried'>
  summary: boolean
  /** `GITHUB_STEP_SUMMARY`; undefined outside of GitHub and on old servers */
  summaryFile: string | undefined
}

/** Publishes annotations, outputs and the job summary of a run. */
export function publishRun(run: Run, settings: ShowSettings): void {
  const { retry } = settings
  for (const line of earlierGates(run)) settings.log(line)
  const path = publishSummary(renderSummary({ ...run, retried: retry.retried() }), settings)
  for (const { level, title, message } of annotationsOf(run)) settings.annotate(level, message, title)
  setOutputs(settings, outputsOf(run.outcomes, path))
}

/** Log lines about the gates of earlier runs; those of this run are in the log already. */
function earlierGates({ outcomes }: Run): string[] {
  const titleOf = titlesOf(outcomes.map(({ image }) => image))
  return titledLegs(outcomes, titleOf).flatMap(({ title, outcome, report }) =>
    outcome.state === 'staged' && report && report.gates.length > 0
      ? [`${title}: ${tally(report.gates)} when it was built`]
      : [],
  )
}

/** A plan, where it is stored, and warnings about how it was created, as sentences. */
export type ShownPlan = { plan: Plan; stored: StoredPlan; warnings: readonly string[] }

/** Platform → `runs-on`, of jobs that build and of those that verify; undefined: nothing is verified */
type Runners = {
  runners: ReadonlyMap<string, RunsOn>
  verifyRunners?: ReadonlyMap<string, RunsOn>
}

/** Publishes a plan's matrix and job summary. @throws UserError if GitHub can't take the matrix */
export function publishPlan(
  { plan, stored, warnings }: ShownPlan,
  { runners, verifyRunners }: Runners,
  settings: ShowSettings,
): void {
  const reference = stored.why === undefined ? stored.reference : undefined
  const path = publishSummary(
    renderPlanSummary(plan, reference, summaryLimit, settings.retry.retried(), warnings),
    settings,
  )
  const hasMissingTags = plan.images.some(
    (image) =>
      image.published.kind === 'absent' || image.published.missingTags.length > 0 || lacksInMirrors(image),
  )
  setOutputs(settings, {
    plan: stored.reference,
    matrix: matrixOutput(plan, runners),
    'verify-matrix': verifyRunners ? verifyMatrixOutput(plan, verifyRunners) : '',
    changed: String(hasMissingTags || pendingLegs(plan).length > 0),
    'summary-path': path,
  })
}

/** Publishes the folder of the logs before there are any, so that a cancelled run has it, too. */
export function publishLogsPath({ logs }: Workspace, { setOutput }: Output): void {
  try {
    setOutput('logs-path', logs)
  } catch {
    // The other outputs will fail in the same way, with a warning.
  }
}

export function publishHistory(text: string, settings: ShowSettings): void {
  settings.log(text)
  setOutputs(settings, { 'summary-path': publishSummary(text, settings) })
}

/** @returns path of the summary file, empty if it can't be written */
export function publishSummary(
  text: string,
  { workspace, redact, warn, summary, summaryFile }: ShowSettings,
): string {
  const path = join(workspace.root, 'summary.md')
  const shown = redact(text)
  const isThere = attempt(warn, 'The summary file', 'The output "summary-path" is empty.', () => {
    writeFileSync(path, shown)
  })
  if (summary && summaryFile !== undefined)
    attempt(warn, 'The job summary', 'Outputs and images are not affected.', () => {
      appendFileSync(summaryFile, shown)
    })
  return isThere ? path : ''
}

/** Sets outputs without redacting them: an altered name or digest can't be pulled. */
export function setOutputs({ setOutput, warn }: Output, outputs: Record<string, string>): void {
  const writes = Object.entries(outputs).map(([name, value]) => () => {
    setOutput(name, value)
  })
  attempt(
    warn,
    'An output',
    'Later steps do not get it; what was built and published is not affected.',
    ...writes,
  )
}

function describeNixl(leg: PlannedLeg): string {
  const { nixl, nixlFrom, ucx, ucxVersion } = leg
  if (!isNixlKnown(leg)) return 'nixl of the base, which is measured first'
  const version = ucxVersion ?? 'unknown'
  return `nixl ${nixl}${nixlFrom === 'base' ? ' of the base' : ''}, ucx ${version}${ucx ? '' : ' without its tools'}`
}
