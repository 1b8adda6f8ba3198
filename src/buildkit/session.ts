import { readFile, rm } from 'node:fs/promises'
import { sentenceOf } from '../errors.ts'
import { BuildCancelled, BuildError } from './build-error.ts'
import { reasonOf } from './failure.ts'
import {
  type LogFile,
  openLogFile,
  printable,
  type ProcessResult,
  runProcess,
  type Timers,
} from '../system/index.ts'
import { type BuildMetadata, describeExit, metadataOf } from './metadata.ts'
import { createProgress, progressDefaults, type Progress } from './progress.ts'
import { watchQuiet } from './quiet.ts'
import { type BuildEvent, createRawJsonParser } from './rawjson.ts'
import { createStepOutput } from './step-output.ts'
import { createStepTable, failedStep, labelOf, type Step, type StepTable } from './steps.ts'
import { logLine, withoutFullStop } from '../text.ts'

/** One call to BuildKit. */
export type BuildRequest = {
  /** Arguments of docker, as `buildxArguments` makes them */
  argv: readonly string[]
  /** Where `argv` has the metadata file; undefined for a call that makes no image */
  metadataFile: string | undefined
  environment: NodeJS.ProcessEnv
  signal: AbortSignal
  /** Gets everything that the build prints; appended to */
  logFile: string
  /** The leg's name, in front of every line */
  name: string
  /** Names of steps that the log has already; appended to */
  told: Set<string>
  print: (line: string) => void
  timers: Timers
  /** Milliseconds between SIGINT and SIGKILL */
  killAfter: number
  /** Milliseconds without a line after which one says what runs; 30 s if left out */
  silence?: number
  /** Milliseconds without a line after which it is ended; never if left out */
  quiet?: number
  /** Takes secrets out of what the build prints */
  redact?: (text: string) => string
  /** `docker` if left out */
  command?: string
}

export type BuildResult = { steps: Step[]; metadata: BuildMetadata | undefined }

const keptPlainLines = 100
/** Characters; the parser has cut what is longer */
const longestPlainLine = 20_000

/**
 * Runs one build and follows it. It has succeeded only if buildx ended with 0 and, for an image, left a digest.
 * @throws BuildError with the cause if it failed, BuildCancelled if `signal` ended it, UserError if docker is not there
 */
export async function runBuild(request: BuildRequest): Promise<BuildResult> {
  // What an earlier call left must not be taken for this one's.
  if (request.metadataFile !== undefined) await rm(request.metadataFile, { force: true })
  const log = openLogFile(request.logFile)
  const progress = createProgress({
    ...progressDefaults,
    ...pickSilence(request),
    told: request.told,
    print: request.print,
    timers: request.timers,
  })
  const watch = createWatch(request, log, progress)
  const parser = createRawJsonParser(watch.event)
  const quiet = watchQuiet(request.timers, request.quiet)
  try {
    const result = await runProcess(request.command ?? 'docker', request.argv, {
      environment: request.environment,
      signal: AbortSignal.any([request.signal, quiet.signal]),
      killAfter: request.killAfter,
      onStderr: (chunk) => {
        quiet.heard()
        parser.write(chunk)
      },
      // buildx says on standard output only what nobody needs; it still has to be read.
      onStdout: () => undefined,
    })
    parser.end()
    watch.end()
    return await judge(request, result, watch)
  } finally {
    quiet.stop()
    progress.stop()
    log.close()
    const problem = log.problem()
    if (problem !== undefined) progress.notice(`the log file ${request.logFile} is not complete: ${problem}`)
  }
}

function pickSilence({ silence }: BuildRequest): { silence?: number } {
  return silence === undefined ? {} : { silence }
}

type Watch = { event: (event: BuildEvent) => void; end: () => void; steps: StepTable; plain: string[] }

/** Where each event goes: the table, the log file, the lines for people. */
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
  const say = (text: string): void => {
    const line = logLine(redact(text), longestPlainLine)
    log.write(line)
    plain.push(line.slice(0, 2000))
    if (plain.length > keptPlainLines) plain.shift()
    progress.line(undefined, line)
  }
  const event = (happened: BuildEvent): void => {
    // Output of steps that the table has no room for is put together as if it were one step's.
    if (happened.kind === 'output')
      output.write(steps.get(happened.step)?.id ?? '', happened.stream, happened.data)
    else if (happened.kind === 'status') {
      const step = steps.get(happened.step)
      if (step) progress.status(step, logLine(redact(happened.text), 100))
    } else if (happened.kind === 'step') {
      if (happened.completed !== undefined) output.end(happened.step)
      const error = happened.error === undefined ? undefined : redact(happened.error)
      const step = steps.update({ ...happened, name: redact(happened.name), error })
      if (step === undefined) return
      if (step.started !== undefined) log.write(`${step.name}: ${stateOf(step)}`)
      progress.step(step)
    } else say(happened.text)
  }
  return {
    event,
    end: () => {
      output.end()
    },
    steps,
    plain,
  }
}

function stateOf(step: Step): string {
  if (step.error !== undefined) return `failed: ${step.error}`
  if (step.cached) return 'cached'
  return step.completed === undefined ? 'started' : 'done'
}

async function judge(request: BuildRequest, result: ProcessResult, watch: Watch): Promise<BuildResult> {
  const steps = watch.steps.list()
  const { exit, endedBy } = result
  if (endedBy !== 'itself' && !request.signal.aborted) throw quietFailure(request, steps)
  if (endedBy !== 'itself') throw new BuildCancelled(`The build of ${request.name} was cancelled.`)
  const ended = describeExit(exit)
  if (ended !== undefined) {
    const step = failedStep(steps)
    const { suspects, lastLines } = step ?? { suspects: [], lastLines: [] }
    const reason = reasonOf({ suspects, lastLines, stepError: step?.error, plain: watch.plain })
    throw failureOf(request, reason ?? ended, step, steps, watch.plain)
  }
  if (request.metadataFile === undefined) return { steps, metadata: undefined }
  const content = await readFile(request.metadataFile, 'utf8').catch(() => undefined)
  try {
    return { steps, metadata: metadataOf(exit, content) }
  } catch (error) {
    throw failureOf(request, sentenceOf(error), undefined, steps)
  }
}

function quietFailure(request: BuildRequest, steps: Step[]): BuildError {
  const { name, logFile, quiet = 0 } = request
  const step = steps.find(({ started, completed }) => started !== undefined && completed === undefined)
  const where = step === undefined ? '' : ` at "${step.name}"`
  const reason = `nothing was heard of BuildKit for ${quiet / 1000} s${where}`
  const message = `The build of ${name} was ended: ${reason}; look whether a registry or the network hangs (log: ${logFile}).`
  return new BuildError(message, { reason, step, steps, logFile, waited: quiet })
}

function failureOf(
  request: BuildRequest,
  reason: string,
  step: Step | undefined,
  steps: Step[],
  plain: readonly string[] = [],
): BuildError {
  const { name, logFile } = request
  const where = step === undefined ? '' : ` in step ${step.name}`
  const message = `The build of ${name} failed${where}: ${withoutFullStop(reason)} (log: ${logFile}).`
  return new BuildError(message, { reason, step, steps, logFile, plain })
}
