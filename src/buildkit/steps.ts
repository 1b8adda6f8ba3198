import { looksLikeReason } from './failure.ts'
import type { BuildEvent } from './rawjson.ts'
import { logLine } from '../text.ts'

/** One step of a build, as BuildKit reports it. Times in milliseconds since 1970. */
export type Step = {
  /** BuildKit's digest of the vertex */
  id: string
  /** One line, shortened: `[image 3/7] RUN pip install …` */
  name: string
  /** The Dockerfile's stage: `image`; undefined for BuildKit's own steps */
  stage: string | undefined
  /** `RUN`, `COPY`, `FROM`, …; undefined for BuildKit's own steps */
  instruction: string | undefined
  started: number | undefined
  completed: number | undefined
  cached: boolean
  error: string | undefined
  /** The last lines that it printed; empty after a success */
  lastLines: string[]
  /** The first of its lines that look like the reason of a failure */
  suspects: string[]
}

export type StepTable = {
  /** @returns the step, or undefined if the table is full */
  update: (event: Extract<BuildEvent, { kind: 'step' }>) => Step | undefined
  addLine: (id: string, line: string) => void
  get: (id: string) => Step | undefined
  /** In the order in which BuildKit named them */
  list: () => Step[]
}

const nameLimit = 160
const suspectLimit = 50
/** Characters of a line in the table; the log file has all of it */
const shownLength = 400

/** `[linux/arm64 image 3/7] RUN …`, `[2/2] RUN …`, `[wheel 1/1] FROM …`; not `[internal] …` */
const dockerfileStep = /^\[(?:(linux\/\S+|windows\/\S+) )?(?:(\S+) +)?\d+\/\d+\] +(?:ONBUILD +)?([A-Z]+)\b/

/**
 * A table of bounded size, whatever BuildKit reports.
 * @param stepLimit steps in the table; later ones are skipped
 * @param lineLimit last lines of a step in the table
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
      step.error = event.error === undefined ? undefined : logLine(event.error, 2 * shownLength)
      // Only a failure needs the lines.
      if (step.completed !== undefined && step.error === undefined) {
        step.lastLines = []
        step.suspects = []
      }
      return step
    },
    addLine(id, line) {
      const step = steps.get(id)
      if (step === undefined || line === '') return
      const shown = beginning(line)
      step.lastLines.push(shown)
      if (step.lastLines.length > lineLimit) step.lastLines.shift()
      if (step.suspects.length < suspectLimit && looksLikeReason(shown)) step.suspects.push(shown)
    },
    get: (id) => steps.get(id),
    list: () => [...steps.values()],
  }
}

/** @returns a copy, since a slice would keep the whole line in memory (V8's sliced strings) */
function beginning(line: string): string {
  return line.length > shownLength ? Buffer.from(line.slice(0, shownLength)).toString() : line
}

/** BuildKit may request a checksum of a finished step, and cancel it if it is not needed. */
function isLateCancel(step: Step, { error }: Extract<BuildEvent, { kind: 'step' }>): boolean {
  const succeeded = step.completed !== undefined && step.error === undefined
  return succeeded && (error ?? '').includes('context canceled')
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

/** How the Dockerfiles start one of their steps */
const ourStep = /\["\/bin\/sh", "\S+\/common\/run", ([^\]]*)\]/

/** @returns a step's name for people: one short line without mounts and digests */
export function cleanName(name: string): string {
  const short = logLine(name.slice(0, 8 * nameLimit).replace(/\s+/g, ' '))
    .replace(/ --mount=\S+/g, '')
    .replace(ourStep, (_, words: string) => words.replace(/[",]+/g, '').replace(/^step /, ''))
    .replace(/@sha256:[0-9a-f]{64}/g, '')
  return short.length > nameLimit ? `${short.slice(0, nameLimit - 2)} …` : short
}

/** @returns the `[wheel 4/6]` of the name */
export function labelOf(step: Step): string {
  return /^\[[^\]]*\]/.exec(step.name)?.[0] ?? step.name
}

/**
 * In a build that repeats another one, every RUN and COPY must come from the cache: otherwise what
 * was tested is not what is built. A step that BuildKit named and never started was not needed.
 */
export function uncachedSteps(steps: readonly Step[]): Step[] {
  return steps.filter(
    ({ started, cached, instruction = '' }) =>
      started !== undefined && !cached && ['RUN', 'COPY', 'ADD'].includes(instruction),
  )
}

/**
 * As `uncachedSteps`, without steps that ran for another build: if two builds on one engine need
 * the same step at the same time, BuildKit runs it once and reports it to both, with the time of
 * its start.
 * @param steps of a call that repeats another one
 * @param before steps of the earlier calls, to which such a step was reported too
 */
export function repeatedSteps(steps: readonly Step[], before: readonly Step[]): Step[] {
  const began = steps.find(({ name }) => name.startsWith('[internal] load build definition'))?.started ?? 0
  const known = new Set(before.map(({ id }) => id))
  return uncachedSteps(steps).filter(({ id, started = 0 }) => started >= began || !known.has(id))
}

/** Whether BuildKit continues if this step fails, which reads or writes the layer cache */
export function isOptional({ name }: Pick<Step, 'name'>): boolean {
  return /^(?:importing|exporting) cache\b/.test(name)
}

/** @returns the step that failed the build, and not one that was cancelled because of it */
export function failedStep(steps: readonly Step[]): Step | undefined {
  const failed = steps.filter((step) => step.error !== undefined && !isOptional(step))
  return failed.find((step) => !/context canceled|operation was canceled/.test(step.error ?? '')) ?? failed[0]
}

/**
 * Adds what ran in a further call of a build. Its cached steps ran in an earlier call; a step that
 * two parallel calls waited for is added once.
 */
export function addSteps(steps: Step[], more: readonly Step[]): void {
  const isFirst = steps.length === 0
  const ran = new Set(steps.flatMap(({ id, cached }) => (cached ? [] : [id])))
  const isNew = ({ id, started, cached }: Step) =>
    started !== undefined && !ran.has(id) && (isFirst || !cached)
  steps.push(...more.filter(isNew))
}
