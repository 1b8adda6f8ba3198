import type { IncomingHttpHeaders } from 'node:http'
import * as v from 'valibot'
import { UserError } from '../../errors.ts'
import { excerpt, withoutFullStop } from '../../text.ts'

/** What a request is for, in the words of the error that it may end with. */
export type Purpose = {
  /** `docker.io` */
  registry: string
  /** `the push to aibrix/vllm-openai` */
  action: string
}

/**
 * An answer of a registry, or of its token service, that is not the one hoped for. It tells callers who can go on
 * without what they asked for from those who can't: an error without an answer is a plain UserError.
 */
export class RegistryRefusal extends UserError {
  override name = 'RegistryRefusal'
  /** As HTTP has it: 403 */
  readonly status: number
  /** The registry's own word for it, such as `NAME_UNKNOWN`; undefined if it gives none */
  readonly code: string | undefined
  /** Seconds that it asks to wait before the next try; undefined if it does not say */
  readonly retryAfter: number | undefined
  /** Whether no credentials were known for the registry */
  readonly isAnonymous: boolean
  /** What happened, without advice and end */
  readonly problem: string
  /** What to do about it, without end */
  readonly advice: string

  constructor(
    problem: string,
    advice: string,
    details: {
      status: number
      code: string | undefined
      retryAfter: number | undefined
      isAnonymous?: boolean
    },
  ) {
    super(`${problem}; ${advice}.`)
    this.problem = problem
    this.advice = advice
    this.status = details.status
    this.code = details.code
    this.retryAfter = details.retryAfter
    this.isAnonymous = details.isAnonymous ?? false
  }
}

/**
 * @returns whether a registry says that this is not allowed or not possible here, so that trying again is of no use (a
 *   cache that can only be read); false if it is broken, busy, or did not answer
 */
export function isDenied(error: unknown): error is RegistryRefusal {
  return error instanceof RegistryRefusal && [401, 403, 404, 405].includes(error.status)
}

/**
 * @returns whether a registry may have refused how something was asked for, and not that it was: 400, 403, 404, 405, 415, 422, …
 *   Not so where it wants a login or patience, or finds it too large.
 */
export function isOfTheForm(error: unknown): error is RegistryRefusal {
  if (!(error instanceof RegistryRefusal)) return false
  const { status } = error
  return (status >= 400 && status < 500 && ![401, 408, 413, 425, 429].includes(status)) || status === 501
}

/**
 * The error where a second way failed after a first one.
 * @param how the second way, behind what was refused: `by upload`
 * @returns one that names both, and is a refusal where the second is one
 */
export function alsoRefused(first: UserError, second: unknown, how: string): unknown {
  if (!(second instanceof UserError)) return second
  const before = first instanceof RegistryRefusal ? first.problem : withoutFullStop(first.message)
  const both = `${before}; and ${how}: `
  if (!(second instanceof RegistryRefusal)) return new UserError(both + second.message, { cause: second })
  // What can be done without is so however it was asked for.
  const { status, code, retryAfter } = isDenied(first) ? first : second
  const { isAnonymous, advice } = second
  return new RegistryRefusal(both + second.problem, advice, { status, code, retryAfter, isAnonymous })
}

/** @returns whether a registry refuses something to those of whom it knows nothing, be it there or not */
export function wantsLogin(error: unknown): error is RegistryRefusal {
  return error instanceof RegistryRefusal && error.isAnonymous && [401, 403].includes(error.status)
}

type OwnError = { code?: string | undefined; message?: string | undefined }

/** Errors as the OCI distribution specification has them ("Error Codes"), and as token services have them. */
const errorBody = v.union([
  v.pipe(
    v.object({
      errors: v.pipe(
        v.array(v.object({ code: v.optional(v.string()), message: v.optional(v.string()) })),
        v.minLength(1),
      ),
    }),
    v.transform(({ errors: [first] }): OwnError => ({ ...first })),
  ),
  v.pipe(
    v.object({ details: v.string() }),
    v.transform(({ details }): OwnError => ({ message: details })),
  ),
  v.object({ message: v.string() }),
])

/** @returns the first error that an answer's body names, nothing if it names none */
function ownError(body: Uint8Array): OwnError {
  try {
    const result = v.safeParse(errorBody, JSON.parse(Buffer.from(body).toString('utf8')))
    return result.success ? result.output : {}
  } catch {
    return {}
  }
}

/** @returns the registry's own first error message, fit for a log; undefined if the body holds none */
export function registryMessage(body: Uint8Array): string | undefined {
  const { message, code } = ownError(body)
  const text = [message, code].find((each) => each)
  return text === undefined ? undefined : excerpt(text)
}

const statusNames: Record<number, string> = {
  400: 'bad request',
  401: 'unauthorized',
  403: 'denied',
  404: 'not found',
  405: 'not allowed',
  413: 'too large',
  415: 'unsupported',
  429: 'too many requests',
  500: 'internal error',
  502: 'bad gateway',
  503: 'unavailable',
  504: 'gateway timeout',
}

/**
 * The error for an answer that is not the one hoped for.
 * @param hasCredentials whether credentials for this registry were known, which decides the advice
 * @param secrets texts that the answer may have repeated and the error must not
 */
export function refusal(
  purpose: Purpose,
  answer: { status: number; body: Uint8Array; headers: IncomingHttpHeaders },
  hasCredentials: boolean,
  secrets: readonly string[] = [],
): RegistryRefusal {
  const { status, body } = answer
  const own = secrets.reduce((text, secret) => text?.replaceAll(secret, '***'), registryMessage(body))
  const name = statusNames[status]
  const reason = [status, name].filter((part) => part !== undefined).join(' ')
  const quote = own === undefined || own.toLowerCase() === name ? '' : ` (${own})`
  const verb = status >= 500 ? 'failed at' : 'refused'
  const retryAfter = retryAfterOf(answer.headers)
  return new RegistryRefusal(
    `registry ${purpose.registry} ${verb} ${purpose.action}: ${reason}${quote}`,
    advice(status, hasCredentials, retryAfter),
    { status, code: ownError(body).code, retryAfter, isAnonymous: !hasCredentials },
  )
}

function advice(status: number, hasCredentials: boolean, retryAfter: number | undefined): string {
  const later = retryAfter === undefined ? 'try later' : `it asks to try again in ${retryAfter} s`
  if (status === 401 || status === 403) {
    return hasCredentials
      ? 'check username and password, and what they are allowed to do'
      : 'no credentials are known for it: log in with docker login before this step, or give username and password if it is that of the input registry'
  }
  if (status === 429) {
    return hasCredentials
      ? `its rate limit is reached, ${later}`
      : `its rate limit is reached: log in, or ${retryAfter === undefined ? later : `wait, ${later}`}`
  }
  if (status >= 500) return `this is a fault of the registry, ${later}`
  if (status === 404) return 'check the name of the repository, and that the host is a registry'
  return 'check the name of the repository and what the registry supports'
}

/**
 * Retry-After (RFC 9110, 10.2.3): seconds, or a date, which is taken by the clock of who sent it.
 * @returns whole seconds
 */
function retryAfterOf(headers: IncomingHttpHeaders): number | undefined {
  const text = headers['retry-after']?.trim() ?? ''
  if (/^\d{1,9}$/.test(text)) return Number(text)
  const date = /^\w+, /.test(text) ? Date.parse(text) : NaN
  const milliseconds = date - Date.parse(headers.date ?? '')
  return Number.isNaN(milliseconds) ? undefined : Math.max(0, Math.ceil(milliseconds / 1000))
}

/** @returns the error for a host that answers with a page for people */
export function notARegistry(registry: string): UserError {
  return new UserError(`${registry} answers with a web page and is not a registry; check its host and port.`)
}
