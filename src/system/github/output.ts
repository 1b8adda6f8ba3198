import type * as Core from '@actions/core'
import type { Redact } from '../redact.ts'

/** Messages to the step are redacted; outputs are not: an altered digest can't be pulled. */
export type Output = {
  log: (line: string) => void
  annotate: (level: 'error' | 'warning' | 'notice', message: string, title?: string) => void
  /** As `annotate` with a warning */
  warn: (message: string) => void
  setOutput: (name: string, value: string) => void
}

/** Called once, in `main`. */
export function createOutput(
  core: Pick<typeof Core, 'info' | 'error' | 'warning' | 'notice' | 'setOutput'>,
  redact: Redact,
): Output {
  return {
    log: (line) => {
      core.info(redact(line))
    },
    annotate: (level, message, title) => {
      core[level](redact(message), title === undefined ? {} : { title: redact(title) })
    },
    warn: (message) => {
      core.warning(redact(message))
    },
    setOutput: core.setOutput,
  }
}
