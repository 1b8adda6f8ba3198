import * as v from 'valibot'

/** The result of something that was run or loaded; `error` is one line. */
export const outcome = v.variant('outcome', [
  v.object({ outcome: v.literal('ok') }),
  v.object({ outcome: v.literal('error'), error: v.string() }),
])
