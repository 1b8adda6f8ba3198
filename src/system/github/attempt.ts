import * as core from '@actions/core'
import { sentenceOf } from '../../errors.ts'
import { withoutFullStop } from '../../text.ts'

/**
 * Writes what is shown of a run, or left for later. How a run ends is decided by then, and a file of the runner that can't be written
 * must not change it: it is a warning.
 * @param consequence a sentence
 * @returns whether all could be written
 */
export function attempt(what: string, consequence: string, ...writes: readonly (() => void)[]): boolean {
  const problems = writes.flatMap((write) => {
    try {
      write()
      return []
    } catch (error) {
      return [sentenceOf(error)]
    }
  })
  const [first] = problems
  if (first !== undefined) core.warning(`${what} can't be written: ${withoutFullStop(first)}. ${consequence}`)
  return first === undefined
}
