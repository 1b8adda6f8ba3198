import { UserError } from '../errors.ts'
import { printable, withoutUserInformation } from '../registry/index.ts'

/** One bad input: its name, what was given (never a secret), what is allowed. */
export type Problem = { input: string; given: string; allowed: string }

/** What `given` is of an input that is empty, as one is whose secret does not exist. */
const nothing = 'nothing'

/** Collects what is wrong with the inputs, so that a user sees all of it at once. */
export class Problems {
  readonly list: Problem[] = []

  add(input: string, given: string, allowed: string): undefined {
    this.list.push({ input, given, allowed })
    return undefined
  }

  /** @throws UserError with a sentence for each problem, if there is one */
  throwIfAny(): void {
    if (this.list.length === 0) return
    const sentences = this.list.map(({ input, given, allowed }) =>
      given === nothing
        ? `${input}: nothing was given; allowed: ${allowed}.`
        : `${input}: ${given} is not allowed; allowed: ${allowed}.`,
    )
    throw new UserError([...new Set(sentences)].join('\n'))
  }
}

/**
 * Carries out both, so that what either says of the inputs is seen at once.
 * @throws UserError with the sentences of each that threw one
 */
export function inOne<A, B>(first: () => A, second: () => B): [A, B] {
  const [one, other] = [sentencesOr(first), sentencesOr(second)]
  if ('value' in one && 'value' in other) return [one.value, other.value]
  throw new UserError(
    [one, other].flatMap((each) => ('sentences' in each ? [each.sentences] : [])).join('\n'),
  )
}

function sentencesOr<T>(read: () => T): { value: T } | { sentences: string } {
  try {
    return { value: read() }
  } catch (error) {
    if (error instanceof UserError) return { sentences: error.message }
    throw error
  }
}

/** @returns the value as it is quoted in a message: what is wrong may be that a password is in it */
export function quoted(value: string): string {
  return value === '' ? nothing : `"${printable(withoutUserInformation(value))}"`
}
