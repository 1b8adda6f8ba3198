import * as v from 'valibot'
import { UserError } from '../errors.ts'
import { defaultTimeouts } from '../registry/index.ts'

/** How long is waited for what, all in milliseconds. */
export type Waits = {
  /** For an answer of a registry that fits into memory, from the start of its request to its end */
  request: number
  /** How long next to nothing may move of a blob that is streamed */
  stall: number
  /** For a word of BuildKit, which has none while a layer is compressed or pushed */
  build: number
  /** Before what was staged is looked at again, since another run may have staged the same leg at the same moment */
  settle: number
  /** Before the first retry; twice as long before each that follows */
  retry: number
  /** The longest of these, unless who was asked wants a longer one (`Retry-After`) */
  longest: number
  /** All waits of one operation together, for retries and for answers that did not come */
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

/** The longest that a timer of Node can wait; it takes anything longer for 1 ms. */
const longestTimer = 2 ** 31 - 1

const from = (least: number) => v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(longestTimer))

const given = v.pipe(
  v.unknown(),
  // By itself valibot takes a list for an object.
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
 * @param environment with, perhaps, `IMAGE_ACTION_WAITS='{"request":60000}'`; what it leaves out has its default
 * @throws UserError that says what is wrong with it
 */
export function readWaits(environment: NodeJS.ProcessEnv): Waits {
  const text = environment[name]
  if (text === undefined || text === '') return defaultWaits
  const result = v.safeParse(given, jsonOf(text))
  if (result.success) return result.output
  const [issue] = result.issues
  throw refusal(`${v.getDotPath(issue) ?? 'its top'}: ${issue.message}`)
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw refusal('it is not JSON')
  }
}

function refusal(what: string): UserError {
  const example = JSON.stringify(defaultWaits)
  return new UserError(
    `The environment variable ${name} can't be used (${what}); it is a JSON object of milliseconds such as ${example}.`,
  )
}
