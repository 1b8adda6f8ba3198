import { createLineSplitter, type LineSplitter } from '../system/index.ts'
import { logLine } from '../text.ts'

export type StepOutput = {
  write: (step: string, stream: number, data: Buffer) => void
  /** Hands over what had no end of line: of one step, or of all */
  end: (step?: string) => void
}

/** Bytes of a line that are kept, and how many outputs may have an unfinished line at one time */
const lineLimit = 8 * 1024
const openOutputs = 64

/** Puts the lines together that BuildKit hands over in pieces, for each step and stream (stdout, stderr) by itself. */
export function createStepOutput(onLine: (step: string, line: string) => void): StepOutput {
  const splitters = new Map<string, LineSplitter>()
  const splitterOf = (step: string, stream: number): LineSplitter => {
    const key = `${step} ${stream}`
    const known = splitters.get(key)
    if (known) return known
    const oldest = splitters.keys().next().value
    if (splitters.size >= openOutputs && oldest !== undefined) finish(oldest)
    const created = createLineSplitter(lineLimit, (line, dropped) => {
      const text = logLine(line.toString('utf8'), lineLimit)
      onLine(step, dropped > 0 ? `${text} … (${dropped} bytes more)` : text)
    })
    splitters.set(key, created)
    return created
  }
  const finish = (key: string): void => {
    splitters.get(key)?.end()
    splitters.delete(key)
  }
  return {
    write: (step, stream, data) => {
      splitterOf(step, stream).write(data)
    },
    end: (step) => {
      for (const key of [...splitters.keys()])
        if (step === undefined || key.startsWith(`${step} `)) finish(key)
    },
  }
}
