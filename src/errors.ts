/**
 * An error for the user: one sentence with what failed, where, and what to do. Never holds a
 * secret.
 */
export class UserError extends Error {
  override name = 'UserError'
}

/** @returns the message of any thrown value, for foreign errors that are passed on to the user */
export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
