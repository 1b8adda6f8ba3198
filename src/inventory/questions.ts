import { UserError } from '../errors.ts'
import { NoAnswer, RegistryRefusal } from '../registry/index.ts'

/** An answer, or a sentence that says why there is none. */
export type Answered<T> = { answer: T } | { unread: UserError }

export type Questions = {
  /** @throws if the run was cancelled, and what is no UserError */
  ask: <T>(question: () => Promise<T>) => Promise<Answered<T>>
  /** Whether all that was asked was answered */
  isComplete: () => boolean
}

/**
 * Questions without an answer, or with that of a broken or busy registry, after which no more are
 * asked: each has used up its retries, and thousands of others would do the same.
 */
const mostOutages = 3

/** Asks one registry many questions, each of which may fail without ending the others. */
export function createQuestions(signal: AbortSignal): Questions {
  let outages = 0
  let last: UserError | undefined
  let isComplete = true
  return {
    ask: async (question) => {
      if (last && outages >= mostOutages) return { unread: last }
      try {
        return { answer: await question() }
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof UserError)) throw error
        isComplete = false
        if (isOutage(error)) {
          outages += 1
          last = error
        }
        return { unread: error }
      }
    },
    isComplete: () => isComplete,
  }
}

function isOutage(error: UserError): boolean {
  if (error instanceof RegistryRefusal) return error.status === 429 || error.status >= 500
  return error instanceof NoAnswer
}
