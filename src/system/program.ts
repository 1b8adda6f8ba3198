import { UserError } from '../errors.ts'

/** A program of the runner that failed, and what it said about it. */
export class ProgramFailure extends UserError {
  override name = 'ProgramFailure'
  /** What it printed as errors */
  readonly lines: readonly string[]
  /** Milliseconds after which it was ended because it did not answer; 0 if it ended by itself */
  readonly waited: number

  constructor(message: string, { lines, waited = 0 }: { lines: readonly string[]; waited?: number }) {
    super(message)
    this.lines = lines
    this.waited = waited
  }
}
