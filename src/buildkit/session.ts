import { readFile, rm } from 'node:fs/promises'
import { sentenceOf } from '../errors.ts'
import { BuildCancelled, BuildError } from './build-error.ts'
import { reasonOf } from './failure.ts'
import { type LogFile, openLogFile, type ProcessResult, runProcess, type Timers } from '../system/index.ts'
import { describeExit, digestIn } from './metadata.ts'
import { createProgress, progressDefaults, type Progress } from './progress.ts'
import { watchQuiet } from './quiet.ts'
import { type BuildEvent, createRawJsonParser } from './rawjson.ts'
import { createStepOutput } from './step-output.ts'
import { createStepTable, failedStep, labelOf, type Step, type StepTable } from './steps.ts'
import { formatDuration, logLine, withoutFullStop } from '../text.ts'

/** One call to BuildKit. */
export type BuildRequest = {
  /** Arguments of docker, from `buildxArguments` */
  argv: readonly string[]
  /** As in `argv`; undefined for a call that builds no image */
  metadataFile: string | undefined
  environment: NodeJS.ProcessEnv
  signal: AbortSignal
  /** Gets everything that the build prints; appended to */
  logFile: string
  /** The leg's name, in front of every line */
  name: string
  /** Names of steps that are in the log already; appended to */
  logged: Set<string>
  print: (line: string) => void
  timers: Timers
  /** Milliseconds between SIGINT and SIGKILL */
  killAfter: number
  /** Milliseconds without output after which it is stopped. Default: no limit */
  quiet?: number
  /** Removes secrets from what the build prints */
  redact?: (text: string) => string
  /** Default: `docker` */
  command?: string
}

/** The digest of an image */
export type BuildResult = { steps: Step[]; digest: string | undefined }

const plainLineLimit = 100
/** Characters; the parser has cut longer lines */
const longestPlainLine = 20_000

/**
 * Runs and follows one build. It has succeeded only if buildx ended with 0 and, for an image, left
 * a digest.
 * @throws BuildError with the reason if it failed, BuildCancelled if `signal` ended it, UserError
 *   if docker is not installed
 */
export async function runBuild(request: BuildRequest): Promise<BuildResult> {
  const { metadataFile, timers, logged, print, environment, killAfter } = request
  // The file of an earlier call must not count for this one.
  if (metadataFile !== undefined) await rm(metadataFile, { force: true })
  const log = openLogFile(request.logFile)
  const progress = createProgress({ ...progressDefaults, logged, print, timers })
  const watch = createWatch(request, log, progress)
  const parser = createRawJsonParser(watch.event)
  const quiet = watchQuiet(timers, request.quiet)
  try {
    const result = await runProcess(request.command ?? 'docker', request.argv, {
      environment,
      signal: AbortSignal.any([request.signal, quiet.signal]),
      killAfter,
      onStderr: (chunk) => {
        quiet.heard()
        parser.write(chunk)
      },
      // buildx prints nothing of use on standard output, but it has to be read.
      onStdout: () => undefined,
    })
    parser.end()
    watch.end()
    return await resultOf(request, result, watch)
  } finally {
    quiet.stop()
    progress.stop()
    log.close()
    const problem = log.problem()
    if (problem !== undefined) progress.notice(`the log file ${request.logFile} is incomplete: ${problem}`)
  }
}

type Watch = { event: (event: BuildEvent) => void; end: () => void; steps: StepTable; plain: string[] }

/** Passes each event to the table, the log file and the lines for people. */
function createWatch({ redact = (text) => text }: BuildRequest, log: LogFile, progress: Progress): Watch {
  const steps = createStepTable()
  const plain: string[] = []
  const output = createStepOutput((id, raw) => {
    const line = redact(raw)
    const step = steps.get(id)
    steps.addLine(id, line)
    log.write(step === undefined ? line : `${labelOf(step)} ${line}`)
    progress.line(step, line)
  })
  const addStep = (event: Extract<BuildEvent, { kind: 'step' }>): void => {
    if (event.completed !== undefined) output.end(event.step)
    const error = event.error === undefined ? undefined : redact(event.error)
    const step = steps.update({ ...event, name: redact(event.name), error })
    if (step === undefined) return
    if (step.started !== undefined) log.write(`${step.name}: ${stateOf(step)}`)
    progress.step(step)
  }
  const addLine = (text: string): void => {
    const line = logLine(redact(text), longestPlainLine)
    log.write(line)
    plain.push(line.slice(0, 2000))
    if (plain.length > plainLineLimit) plain.shift()
    progress.line(undefined, line)
  }
  const event = (happened: BuildEvent): void => {
    if (happened.kind === 'step') return addStep(happened)
    if (happened.kind !== 'output' && happened.kind !== 'status') return addLine(happened.text)
    const step = steps.get(happened.step)
    // Steps for which the table has no space share one output.
    if (happened.kind === 'output') output.write(step?.id ?? '', happened.stream, happened.data)
    else if (step) progress.status(step, logLine(redact(happened.text), 100))
  }
  return { event, end: output.end, steps, plain }
}

function stateOf(step: Step): string {
  if (step.error !== undefined) return `failed: ${step.error}`
  if (step.cached) return 'cached'
  return step.completed === undefined ? 'started' : 'done'
}

async function resultOf(
  request: BuildRequest,
  { exit, endedBy }: ProcessResult,
  watch: Watch,
): Promise<BuildResult> {
  const steps = watch.steps.list()
  if (endedBy !== 'itself' && !request.signal.aborted) throw quietFailure(request, steps)
  if (endedBy !== 'itself') throw new BuildCancelled(`The build of ${request.name} was cancelled.`)
  const ended = describeExit(exit)
  if (ended !== undefined) {
    const step = failedStep(steps)
    const { suspects, lastLines } = step ?? { suspects: [], lastLines: [] }
    const reason = reasonOf({ suspects, lastLines, stepError: step?.error, plain: watch.plain })
    throw failureOf(request, reason ?? ended, step, steps, watch.plain)
  }
  if (request.metadataFile === undefined) return { steps, digest: undefined }
  const content = await readFile(request.metadataFile, 'utf8').catch(() => undefined)
  try {
    return { steps, digest: digestIn(content) }
  } catch (error) {
    throw failureOf(request, sentenceOf(error), undefined, steps)
  }
}

function quietFailure({ name, logFile, quiet = 0 }: BuildRequest, steps: Step[]): BuildError {
  const step = steps.find(({ started, completed }) => started !== undefined && completed === undefined)
  const where = step === undefined ? '' : ` at "${step.name}"`
  const reason = `BuildKit produced no output for ${formatDuration(quiet)}${where}`
  const message = `The build of ${name} was stopped: ${reason}; check whether a registry or the network hangs (log: ${logFile}).`
  return new BuildError(message, { reason, step, steps, logFile, waited: quiet })
}

function failureOf(
  { name, logFile }: BuildRequest,
  reason: string,
  step: Step | undefined,
  steps: Step[],
  plain: readonly string[] = [],
): BuildError {
  const where = step === undefined ? '' : ` in step ${step.name}`
  const message = `The build of ${name} failed${where}: ${withoutFullStop(reason)} (log: ${logFile}).`
  return new BuildError(message, { reason, step, steps, logFile, plain })
}
