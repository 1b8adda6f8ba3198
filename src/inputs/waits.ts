import * as v from 'valibot'
import { UserError } from '../errors.ts'
import { jsonOf } from '../json.ts'
import { defaultTimeouts } from '../registry/index.ts'

/** Time-outs and delays, all in milliseconds. */
export type Waits = {
  /** Time-out of a request whose answer fits into memory, from its start to the answer's end */
  request: number
  /** How long a streamed blob may stall */
  stall: number
  /** How long BuildKit may produce no output, as while it compresses or pushes a layer */
  build: number
  /** Delay before a staged leg is checked again, since another run may have staged it, too */
  settle: number
  /** Delay before the first retry; doubled before each further one */
  retry: number
  /** The longest of these delays, unless the other side asks for a longer one (`Retry-After`) */
  longest: number
  /** Delays and time-outs of one operation together */
  budget: number
}

export const defaultWaits: Waits = {
  ...defaultTimeouts,
  build: 7_200_000,
  settle: 2000,
  retry: 1000,
  longest: 30_000,
  budget: 600_000,
}

const name = 'IMAGE_ACTION_WAITS'

/** The longest delay of Node's timers; a longer one becomes 1 ms. */
const longestTimer = 2 ** 31 - 1

const from = (least: number) => v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(longestTimer))

const given = v.pipe(
  v.unknown(),
  // By itself valibot accepts a list as an object.
  v.check((value) => !Array.isArray(value), 'a list'),
  v.strictObject({
    request: v.optional(from(1), defaultWaits.request),
    stall: v.optional(from(1), defaultWaits.stall),
    build: v.optional(from(1), defaultWaits.build),
    settle: v.optional(from(0), defaultWaits.settle),
    retry: v.optional(from(0), defaultWaits.retry),
    longest: v.optional(from(0), defaultWaits.longest),
    budget: v.optional(from(0), defaultWaits.budget),
  }),
)

/**
 * @param environment may have `IMAGE_ACTION_WAITS='{"request":60000}'`; the rest has defaults
 * @throws UserError if the variable is not valid
 */
export function readWaits(environment: NodeJS.ProcessEnv): Waits {
  const text = environment[name]
  if (text === undefined || text === '') return defaultWaits
  const content = jsonOf(text)
  const result = v.safeParse(given, content)
  if (result.success) return result.output
  const [issue] = result.issues
  const reason =
    content === undefined ? 'it is not JSON' : `${v.getDotPath(issue) ?? 'its top'}: ${issue.message}`
  throw new UserError(
    `The environment variable ${name} is not valid (${reason}); use a JSON object of milliseconds such as ${JSON.stringify(defaultWaits)}.`,
  )
}
