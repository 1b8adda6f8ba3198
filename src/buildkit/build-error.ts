import { UserError } from '../errors.ts'
import type { Step } from './steps.ts'

type Details = {
  /** Without a full stop */
  reason: string
  step: Step | undefined
  steps: Step[]
  logFile: string
  /** What buildx and the docker CLI printed outside of steps */
  plain?: readonly string[]
  waited?: number
}

/** A build that failed. The message is one sentence; the rest is for annotation and summary. */
export class BuildError extends UserError {
  override name = 'BuildError'
  readonly reason: string
  readonly step: Step | undefined
  readonly steps: Step[]
  readonly logFile: string
  /** The lines that say why */
  readonly evidence: readonly string[]
  /** Milliseconds of silence after which it was stopped; 0 if it ended by itself */
  readonly waited: number
  /** Whether a program of the Dockerfile failed, and not BuildKit itself */
  readonly isOfStep: boolean

  constructor(message: string, { reason, step, steps, logFile, plain = [], waited = 0 }: Details) {
    super(message)
    this.reason = reason
    this.step = step
    this.steps = steps
    this.logFile = logFile
    this.waited = waited
    this.isOfStep = (step?.error ?? '').includes('did not complete successfully')
    // A step may have recovered from an error that it printed before the one that ended it.
    const errors = plain.filter((line) => /^(?:ERROR|error): /.test(line))
    this.evidence = this.isOfStep ? [reason] : [reason, step?.error ?? '', ...errors]
  }
}

/** A build that was cancelled from outside. */
export class BuildCancelled extends UserError {
  override name = 'BuildCancelled'
}

/** A builder that could not be created, and buildx' error. */
export class NoBuilder extends UserError {
  override name = 'NoBuilder'
  readonly lines: readonly string[]

  constructor(message: string, lines: readonly string[]) {
    super(message)
    this.lines = lines
  }
}
