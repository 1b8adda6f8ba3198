import { UserError } from '../errors.ts'
import type { Step } from './steps.ts'

/** A build that failed. The message is one sentence with the cause; the rest is for annotation and summary. */
export class BuildError extends UserError {
  override name = 'BuildError'
  readonly reason: string
  readonly step: Step | undefined
  readonly steps: Step[]
  readonly logFile: string
  /** The lines that say why */
  readonly evidence: readonly string[]
  /** Milliseconds of silence after which it was ended; 0 if it ended by itself */
  readonly waited: number
  /** Whether what a step of the Dockerfile runs failed, and not BuildKit itself */
  readonly isOfStep: boolean

  constructor(
    message: string,
    details: {
      reason: string
      step: Step | undefined
      steps: Step[]
      logFile: string
      plain?: readonly string[]
      waited?: number
    },
  ) {
    super(message)
    const { reason, step, plain = [], waited = 0 } = details
    this.reason = reason
    this.step = step
    this.steps = details.steps
    this.logFile = details.logFile
    this.waited = waited
    this.isOfStep = (step?.error ?? '').includes('did not complete successfully')
    // A step may have got over an error that it printed before the one that ended it, which is the reason.
    this.evidence = this.isOfStep ? [reason] : [reason, step?.error ?? '', ...plain.filter(isError)]
  }
}

/** A build that was cancelled from outside. */
export class BuildCancelled extends UserError {
  override name = 'BuildCancelled'
}

function isError(line: string): boolean {
  return /^(?:ERROR|error): /.test(line)
}

/** A builder that could not be made, and what buildx said about it. */
export class NoBuilder extends UserError {
  override name = 'NoBuilder'
  readonly lines: readonly string[]

  constructor(message: string, lines: readonly string[]) {
    super(message)
    this.lines = lines
  }
}
