import { sentenceOf } from '../../errors.ts'
import { withoutFullStop } from '../../text.ts'

/**
 * Writes files of the runner. A file that cannot be written is a warning only: the result of the
 * run is decided.
 * @param warn shows a warning
 * @param consequence a sentence
 * @returns whether all could be written
 */
export function attempt(
  warn: (message: string) => void,
  what: string,
  consequence: string,
  ...writes: readonly (() => void)[]
): boolean {
  const problems = writes.flatMap((write) => {
    try {
      write()
      return []
    } catch (error) {
      return [sentenceOf(error)]
    }
  })
  const [first] = problems
  if (first !== undefined) warn(`${what} cannot be written: ${withoutFullStop(first)}. ${consequence}`)
  return first === undefined
}
