import { UserError } from '../errors.ts'
import { withoutUserInformation } from '../registry/index.ts'
import { excerpt } from '../text.ts'

/** Reads an input of action.yml by name, trimmed unless it is `secrets`. */
export type ReadInput = (name: string) => string

/** Reads inputs and collects what is wrong with them, so that a user sees all of it at once. */
export class InputReader {
  readonly read: ReadInput
  readonly #sentences = new Set<string>()

  constructor(read: ReadInput) {
    this.read = read
  }

  /**
   * Records a bad input. Returns undefined, which is what readers return for one.
   * @param use what to give instead, behind the word `use`
   * @param given what was given, never a secret; if left out, the input's whole value is quoted
   */
  refuse(name: string, use: string, given = quoted(this.read(name))): undefined {
    this.#sentences.add(
      `${name}: ${given === '' ? 'the input is empty' : `${given} is not allowed`}; use ${use}.`,
    )
  }

  /** @throws UserError with one sentence per bad input */
  throwIfAny(): void {
    if (this.#sentences.size > 0) throw new UserError([...this.#sentences].join('\n'))
  }
}

/**
 * Runs both readers, so that the problems of both are seen at once.
 * @throws UserError with the sentences of each that threw one
 */
export function inOne<A, B>(first: () => A, second: () => B): [A, B] {
  const [one, other] = [valueOrSentences(first), valueOrSentences(second)]
  if ('value' in one && 'value' in other) return [one.value, other.value]
  throw new UserError(
    [one, other].flatMap((each) => ('sentences' in each ? [each.sentences] : [])).join('\n'),
  )
}

function valueOrSentences<T>(read: () => T): { value: T } | { sentences: string } {
  try {
    return { value: read() }
  } catch (error) {
    if (error instanceof UserError) return { sentences: error.message }
    throw error
  }
}

/** @returns a value in quotes without credentials, which may be the mistake; `''` if empty */
export function quoted(value: string): string {
  return value === '' ? '' : `"${excerpt(withoutUserInformation(value))}"`
}

/** @returns `a, b or c` */
export function anyOf(words: readonly string[]): string {
  const last = words.at(-1) ?? ''
  return words.length > 1 ? `${words.slice(0, -1).join(', ')} or ${last}` : last
}
