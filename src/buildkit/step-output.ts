import { createLineSplitter, type LineSplitter } from '../system/index.ts'
import { logLine } from '../text.ts'

/** Bytes stored of a line, and outputs that may have an unfinished line at the same time */
const lineLimit = 8 * 1024
const openOutputs = 64

/** Joins BuildKit's pieces of output to lines, for each step and stream (stdout, stderr). */
export function createStepOutput(onLine: (step: string, line: string) => void) {
  const splitters = new Map<string, LineSplitter>()
  const finish = (key: string): void => {
    splitters.get(key)?.end()
    splitters.delete(key)
  }
  const open = (key: string, step: string): LineSplitter => {
    const oldest = splitters.keys().next().value
    if (splitters.size >= openOutputs && oldest !== undefined) finish(oldest)
    const created = createLineSplitter(lineLimit, (line, dropped) => {
      const text = logLine(line.toString('utf8'), lineLimit)
      onLine(step, dropped > 0 ? `${text} … (${dropped} bytes more)` : text)
    })
    splitters.set(key, created)
    return created
  }
  return {
    write: (step: string, stream: number, data: Buffer): void => {
      const key = `${step} ${stream}`
      const splitter = splitters.get(key) ?? open(key, step)
      splitter.write(data)
    },
    /** Hands over unfinished lines: of one step, or of all */
    end: (step?: string): void => {
      for (const key of [...splitters.keys()])
        if (step === undefined || key.startsWith(`${step} `)) finish(key)
    },
  }
}
