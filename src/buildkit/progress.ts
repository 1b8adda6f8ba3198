import { formatDuration } from '../text.ts'
import { labelOf, type Step } from './steps.ts'
import type { Timers } from '../system/index.ts'

export type Progress = {
  /** What BuildKit newly reported about a step */
  step: (step: Step) => void
  /** A line that a step printed, or no step */
  line: (step: Step | undefined, line: string) => void
  /** What a step does now: `pushing layers` */
  status: (step: Step, text: string) => void
  /** A line that is printed in any case */
  notice: (line: string) => void
  stop: () => void
}

export type ProgressSettings = {
  /** Names of this leg's steps that are in the log already; appended to */
  logged: Set<string>
  print: (line: string) => void
  timers: Timers
  /** Milliseconds without a line after which one reports what runs */
  silence: number
  /** Lines of steps' output that are printed at first, and then each second */
  burst: number
  linesPerSecond: number
}

export const progressDefaults = { silence: 30_000, burst: 60, linesPerSecond: 5 }

const shownLength = 400

/** Milliseconds; a shorter step gets no line at its end */
const shortest = 1000

type RunningStep = { step: Step; since: number; status: string }

/** Turns events into log lines, except those that an earlier call for the leg has logged. */
export function createProgress(settings: ProgressSettings): Progress {
  const { logged, timers } = settings
  const running = new Map<string, RunningStep>()
  const [begun, finished] = [new Set<string>(), new Set<string>()]
  const throttle = createThrottle(settings)
  // The line comes up to one tick early, never late.
  const tick = settings.silence / 10
  let lastPrinted = timers.now()
  const say = (text: string): void => {
    lastPrinted = timers.now()
    settings.print(text.length > shownLength ? `${text.slice(0, shownLength)} …` : text)
  }
  const flushHidden = (): void => {
    const hidden = throttle.takeHidden()
    if (hidden > 0) say(`… ${hidden} more lines in the log file`)
  }
  const heartbeat = (): void => {
    const now = timers.now()
    if (now - lastPrinted < settings.silence - tick) return
    flushHidden()
    const all = [...running.values()].map((entry) => runningFor(entry, now))
    say(`still running: ${all.join(', ') || 'waiting for BuildKit'}`)
  }
  const begin = (step: Step): void => {
    running.set(step.id, { step, since: timers.now(), status: '' })
    if (!isShown(step) || logged.has(step.name)) return
    logged.add(step.name)
    begun.add(step.id)
    say(step.name)
  }
  const finish = (step: Step): void => {
    running.delete(step.id)
    finished.add(step.id)
    if (!isEndShown(step, begun.has(step.id), logged)) return
    logged.add(step.name)
    flushHidden()
    say(`${step.name} ${outcome(step)}`)
  }
  const stopTimer = timers.every(tick, heartbeat)
  return {
    step(step) {
      if (finished.has(step.id)) return
      if (step.completed !== undefined) finish(step)
      else if (step.started !== undefined && !running.has(step.id)) begin(step)
    },
    line(step, line) {
      if (line === '' || !throttle.allow()) return
      flushHidden()
      // Always with a prefix: a runner takes a line that begins with two colons for a command.
      say(`${step === undefined ? 'buildx:' : labelOf(step)} ${line}`)
    },
    status(step, text) {
      const entry = running.get(step.id)
      if (entry) entry.status = text
    },
    notice: say,
    stop() {
      stopTimer()
      flushHidden()
    },
  }
}

/** BuildKit's own steps are quick, and matter only if they push or import. */
function isShown(step: Step): boolean {
  return step.instruction !== undefined || /^(?:exporting|pushing|importing)/.test(step.name)
}

/** @param isBegun whether this build's log has its start */
function isEndShown(step: Step, isBegun: boolean, logged: ReadonlySet<string>): boolean {
  if (step.error !== undefined) return true
  if (!isShown(step)) return false
  if (!logged.has(step.name)) return true
  return step.cached ? isBegun : durationOf(step) >= shortest
}

function durationOf({ started = 0, completed = 0 }: Step): number {
  return completed - started
}

function outcome(step: Step): string {
  if (step.cached) return 'cached'
  const duration = formatDuration(durationOf(step))
  return step.error === undefined ? duration : `failed after ${duration}`
}

function runningFor({ step, since, status }: RunningStep, now: number): string {
  const short = step.name.length > 80 ? `${step.name.slice(0, 80)} …` : step.name
  return `${short}${status === '' ? '' : ` (${status})`} for ${formatDuration(now - since)}`
}

function createThrottle({ burst, linesPerSecond, timers }: ProgressSettings) {
  let tokens = burst
  let filled = timers.now()
  let hidden = 0
  return {
    allow() {
      const now = timers.now()
      tokens = Math.min(burst, tokens + ((now - filled) / 1000) * linesPerSecond)
      filled = now
      if (tokens < 1) {
        hidden += 1
        return false
      }
      tokens -= 1
      return true
    },
    takeHidden() {
      const count = hidden
      hidden = 0
      return count
    },
  }
}
