import { closeSync, openSync, writeSync } from 'node:fs'
import { sentenceOf } from '../errors.ts'

export type LogFile = {
  /** Adds a line, which is written by `flush` at the latest. Never throws. */
  write: (line: string) => void
  flush: () => void
  close: () => void
  /** Why the file is incomplete, if it is: a full disk must not end a build */
  problem: () => string | undefined
}

const blockSize = 256 * 1024
/** Bytes in UTF-8 that a character of a JavaScript string takes at most */
const widestCharacter = 3

/** Appends a build's log to a file, synchronously from one buffer, so that no backlog grows. */
export function openLogFile(path: string): LogFile {
  const block = Buffer.allocUnsafe(blockSize)
  let used = 0
  let problem: string | undefined
  const attempt = <T>(action: () => T): T | undefined => {
    try {
      return action()
    } catch (error) {
      problem ??= sentenceOf(error)
      return undefined
    }
  }
  const descriptor = attempt(() => openSync(path, 'a', 0o600))
  const flush = (): void => {
    if (descriptor !== undefined && problem === undefined)
      attempt(() => {
        for (let offset = 0; offset < used;) offset += writeSync(descriptor, block, offset, used - offset)
      })
    used = 0
  }
  const add = (text: string): void => {
    if (used + text.length * widestCharacter > blockSize) flush()
    used += block.write(text, used)
  }
  return {
    write(line) {
      const longest = Math.floor(blockSize / widestCharacter)
      for (let start = 0; start < line.length; start += longest) add(line.slice(start, start + longest))
      add('\n')
    },
    flush,
    close() {
      flush()
      if (descriptor !== undefined) attempt(() => closeSync(descriptor))
    },
    problem: () => problem,
  }
}
