import * as v from 'valibot'

const end = v.variant('kind', [
  v.object({ kind: v.literal('exit'), code: v.number() }),
  v.object({ kind: v.literal('signal'), signal: v.string() }),
  /** It was still running after so many seconds */
  v.object({ kind: v.literal('late'), seconds: v.number() }),
  v.object({ kind: v.literal('not started') }),
])

const ended = {
  end,
  /** The line that says why; null where the exit code is 0 */
  line: v.nullable(v.string()),
}

const start = v.object({
  /** With `--help` at its end */
  command: v.array(v.string()),
  ...ended,
  /** How the same command ended when it was started once more; null where it was not, as in an image and after exit code 0 */
  again: v.nullable(v.object(ended)),
})

/** What a user's container does first: the base's ENTRYPOINT, and the engine's own command where that does not name the engine. */
export const starts = v.array(start)

export type Start = v.InferOutput<typeof start>
export type Ended = Pick<Start, 'end' | 'line'>
