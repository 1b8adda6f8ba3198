import { UserError } from '../errors.ts'

/** A program of the runner that failed, and what it said about it. */
export class ProgramFailure extends UserError {
  override name = 'ProgramFailure'
  /** What it printed as errors */
  readonly lines: readonly string[]
  /** Whether it was ended because it did not answer */
  readonly timedOut: boolean

  constructor(
    message: string,
    { lines, timedOut = false }: { lines: readonly string[]; timedOut?: boolean },
  ) {
    super(message)
    this.lines = lines
    this.timedOut = timedOut
  }
}
