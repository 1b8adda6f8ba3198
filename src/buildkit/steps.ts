import { looksLikeReason } from './failure.ts'
import { printable } from '../system/index.ts'
import type { BuildEvent } from './rawjson.ts'
import { logLine } from '../text.ts'

/** One step of a build, as BuildKit timed it. Times in milliseconds since 1970. */
export type Step = {
  /** BuildKit's digest of the vertex */
  id: string
  /** One line, shortened: `[image 3/7] RUN pip install …` */
  name: string
  /** The Dockerfile's stage: `image`; undefined for what BuildKit does by itself */
  stage: string | undefined
  /** `RUN`, `COPY`, `FROM`, …; undefined for what BuildKit does by itself */
  instruction: string | undefined
  started: number | undefined
  completed: number | undefined
  cached: boolean
  error: string | undefined
  /** The last lines that it printed; none after a success */
  lastLines: string[]
  /** The first of its lines that look like the cause of a failure */
  suspects: string[]
}

export type StepTable = {
  /** Takes what is said about a step @returns the step, or undefined if the table is full */
  update: (event: Extract<BuildEvent, { kind: 'step' }>) => Step | undefined
  addLine: (id: string, line: string) => void
  get: (id: string) => Step | undefined
  /** In the order in which BuildKit named them */
  list: () => Step[]
}

const nameLimit = 160
const keptSuspects = 50
/** Characters of a line that are kept in the table; the log file has all of it */
const keptOfLine = 400

/** `[linux/arm64 image 3/7] RUN …`, `[2/2] RUN …`, `[wheel 1/1] FROM …`, `[aibrix 1/1] ADD …`; not `[internal] …`, `[auth] …` */
const dockerfileStep = /^\[(?:(linux\/\S+|windows\/\S+) )?(?:(\S+) +)?\d+\/\d+\] +(?:ONBUILD +)?([A-Z]+)\b/

/**
 * A table of bounded size, whatever BuildKit says.
 * @param stepLimit steps that are kept; later ones are left out
 * @param lineLimit last lines kept of a step
 */
export function createStepTable({ stepLimit = 1000, lineLimit = 60 } = {}): StepTable {
  const steps = new Map<string, Step>()
  return {
    update(event) {
      const known = steps.get(event.step)
      if (known === undefined && steps.size >= stepLimit) return undefined
      const step = known ?? newStep(event.step, event.name)
      steps.set(event.step, step)
      if (event.started === undefined || isLateCancel(step, event)) return step
      // BuildKit starts some steps twice: the first start and the last end count.
      step.started = Math.min(step.started ?? event.started, event.started)
      step.completed = event.completed
      step.cached = event.cached
      step.error = event.error === undefined ? undefined : logLine(event.error, 2 * keptOfLine)
      // Only a failure needs them.
      if (step.completed !== undefined && step.error === undefined) forgetLines(step)
      return step
    },
    addLine(id, line) {
      const step = steps.get(id)
      if (step === undefined || line === '') return
      const kept = beginning(line)
      step.lastLines.push(kept)
      if (step.lastLines.length > lineLimit) step.lastLines.shift()
      if (step.suspects.length < keptSuspects && looksLikeReason(kept)) step.suspects.push(kept)
    },
    get: (id) => steps.get(id),
    list: () => [...steps.values()],
  }
}

function forgetLines(step: Step): void {
  step.lastLines = []
  step.suspects = []
}

/** A copy, since a slice would keep the whole line in memory (V8's sliced strings). */
function beginning(line: string): string {
  return line.length > keptOfLine ? Buffer.from(line.slice(0, keptOfLine)).toString() : line
}

/** BuildKit may ask a finished step again for a checksum, and say so by cancelling it when nobody needs the answer any more. */
function isLateCancel(step: Step, { error }: Extract<BuildEvent, { kind: 'step' }>): boolean {
  return (
    step.completed !== undefined && step.error === undefined && (error ?? '').includes('context canceled')
  )
}

function newStep(id: string, rawName: string): Step {
  const match = dockerfileStep.exec(rawName)
  return {
    id,
    name: cleanName(rawName),
    stage: match?.[2],
    instruction: match?.[3],
    started: undefined,
    completed: undefined,
    cached: false,
    error: undefined,
    lastLines: [],
    suspects: [],
  }
}

/** The list by which the Dockerfiles start a step of ours */
const ourStep = /\["\/bin\/sh", "\S+\/common\/run", ([^\]]*)\]/

/** A step's name for people: without mounts and digests, one line, shortened. */
export function cleanName(name: string): string {
  const short = logLine(name.slice(0, 8 * nameLimit).replace(/\s+/g, ' '))
    .replace(/ --mount=\S+/g, '')
    .replace(ourStep, (_, words: string) => words.replace(/[",]+/g, '').replace(/^step /, ''))
    .replace(/@sha256:[0-9a-f]{64}/g, '')
  return short.length > nameLimit ? `${short.slice(0, nameLimit - 2)} …` : short
}

/** @returns `[wheel 4/6]` of the name */
export function labelOf(step: Step): string {
  return /^\[[^\]]*\]/.exec(step.name)?.[0] ?? step.name
}

/**
 * The steps that would mean that what was tested is not what was built: in a build that repeats another one, every RUN and
 * COPY must come from the cache. A step that BuildKit named and never started was not needed.
 */
export function uncachedSteps(steps: readonly Step[]): Step[] {
  const made = new Set(['RUN', 'COPY', 'ADD'])
  return steps.filter(
    (step) => step.started !== undefined && !step.cached && made.has(step.instruction ?? ''),
  )
}

/**
 * As `uncachedSteps`, without those that another build on the same engine ran: where two builds have the same step at the same
 * time, BuildKit runs it for one of them, and tells the other one of it as if it were its own, with the time at which it began.
 * @param steps of a call that repeats another one
 * @param before steps of the calls before, in which this one was told, too
 */
export function repeatedSteps(steps: readonly Step[], before: readonly Step[]): Step[] {
  const began = steps.find(({ name }) => name.startsWith('[internal] load build definition'))?.started ?? 0
  const known = new Set(before.map(({ id }) => id))
  return uncachedSteps(steps).filter(({ id, started = 0 }) => started >= began || !known.has(id))
}

/** Whether BuildKit goes on where this step fails: without a layer cache that it can't read or write */
export function isOptional({ name }: Pick<Step, 'name'>): boolean {
  return /^(?:importing|exporting) cache\b/.test(name)
}

/** @returns the step that made the build fail; others that were cancelled because of it are not meant */
export function failedStep(steps: readonly Step[]): Step | undefined {
  const failed = steps.filter((step) => step.error !== undefined && !isOptional(step))
  return failed.find((step) => !/context canceled|operation was canceled/.test(step.error ?? '')) ?? failed[0]
}

/**
 * Adds what ran in a further call of a build. What that takes from the cache ran in an earlier one; what two calls wait
 * for at the same time is told once.
 */
export function addSteps(steps: Step[], more: readonly Step[]): void {
  const isFirst = steps.length === 0
  const ran = new Set(steps.filter(({ cached }) => !cached).map(({ id }) => id))
  steps.push(
    ...more.filter(
      ({ id, started, cached }) => started !== undefined && !ran.has(id) && (isFirst || !cached),
    ),
  )
}
