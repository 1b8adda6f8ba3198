import { UserError } from '../../errors.ts'
import { withoutFullStop } from '../../text.ts'

/** What a request is for, as its errors name it. */
export type Purpose = {
  /** `docker.io` */
  registry: string
  /** `the push to aibrix/vllm-openai` */
  action: string
}

/**
 * An error response of a registry or its token service. Callers that can do without the result
 * catch this type; a request without a response throws another one.
 */
export class RegistryRefusal extends UserError {
  override name = 'RegistryRefusal'
  /** The HTTP status: 403 */
  readonly status: number
  /** The registry's own error code, such as `NAME_UNKNOWN`; undefined if it gives none */
  readonly code: string | undefined
  /** Seconds of `Retry-After`; undefined if it was not sent */
  readonly retryAfter: number | undefined
  /** Whether there were no credentials for the registry */
  readonly isAnonymous: boolean
  /** What failed, as a reason without advice */
  readonly problem: string
  /** What to do, without a full stop */
  readonly advice: string

  constructor(
    problem: string,
    advice: string,
    details: Pick<RegistryRefusal, 'status' | 'code' | 'retryAfter'> & { isAnonymous?: boolean },
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
 * @returns whether a registry denies this for good, such as writing to a read-only cache; false if
 *   it is broken, busy, or did not answer
 */
export function isDenied(error: unknown): error is RegistryRefusal {
  return error instanceof RegistryRefusal && [401, 403, 404, 405].includes(error.status)
}

/**
 * @returns whether a registry may have refused the form of a request: 400, 403, 404, 405, 415, …;
 *   not if it asks for a login or patience, or finds the request too large
 */
export function isOfTheForm(error: unknown): error is RegistryRefusal {
  if (!(error instanceof RegistryRefusal)) return false
  const { status } = error
  return (status >= 400 && status < 500 && ![401, 408, 413, 425, 429].includes(status)) || status === 501
}

/** @returns whether a registry refused an anonymous request, perhaps for missing content */
export function requiresLogin(error: unknown): error is RegistryRefusal {
  return error instanceof RegistryRefusal && error.isAnonymous && [401, 403].includes(error.status)
}

/**
 * @param how the second way, which failed after the first: `by upload`
 * @returns an error that names both failures, and is a refusal if the second is one
 */
export function alsoRefused(first: UserError, second: unknown, how: string): unknown {
  if (!(second instanceof UserError)) return second
  const before = first instanceof RegistryRefusal ? first.problem : withoutFullStop(first.message)
  const both = `${before}; and ${how}: `
  if (!(second instanceof RegistryRefusal)) return new UserError(both + second.message, { cause: second })
  // A denial of either way is a denial.
  const { status, code, retryAfter } = isDenied(first) ? first : second
  const { isAnonymous, advice } = second
  return new RegistryRefusal(both + second.problem, advice, { status, code, retryAfter, isAnonymous })
}
