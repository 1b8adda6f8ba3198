import { UserError } from '../errors.ts'

/** The failure of a program on the runner, with what it printed. */
export class ProgramFailure extends UserError {
  override name = 'ProgramFailure'
  /** Its error output */
  readonly lines: readonly string[]
  /** Milliseconds of its time-out; 0 if it ended by itself */
  readonly waited: number

  constructor(message: string, { lines, waited = 0 }: { lines: readonly string[]; waited?: number }) {
    super(message)
    this.lines = lines
    this.waited = waited
  }
}
