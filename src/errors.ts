/** An error for the user: one sentence that says what failed, where, and what to do. Never holds a secret. */
export class UserError extends Error {
  override name = 'UserError'
}

/** The sentence of any thrown value, for the places where a foreign error is passed on to the user. */
export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
