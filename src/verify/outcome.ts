import * as v from 'valibot'

/** The answer of something that was really run or loaded: it worked, or the one line that says why not. */
export const outcome = v.variant('outcome', [
  v.object({ outcome: v.literal('ok') }),
  v.object({ outcome: v.literal('error'), error: v.string() }),
])
