import { BuildError, NoBuilder } from '../../buildkit/index.ts'
import { isTransient, type KnownErrors, ProgramFailure, type Transience } from '../../system/index.ts'
import { sentenceOf } from '../../errors.ts'
import { withoutFullStop } from '../../text.ts'
import { Damaged, LostUpload, NoAnswer, NotThereYet, RegistryRefusal } from '../../registry/index.ts'

/** Server errors of registries and token services, rate limits and time-outs. */
const isTransientStatus = (status: number): boolean =>
  [408, 425, 429].includes(status) || (status >= 500 && ![501, 505, 511].includes(status))

/** Registry error codes that answer a correct request. */
const transientCodes = [
  'TOOMANYREQUESTS',
  'UNAVAILABLE',
  'BLOB_UPLOAD_UNKNOWN',
  'BLOB_UPLOAD_INVALID',
  // What we send has its digest. distribution 2.8 on a file system returns this to one of two clients
  // that put the same manifest at once, since it reads a file that the other one is writing.
  'DIGEST_INVALID',
]

/** Node's codes, without those for certificates and for hosts that do not speak http or https. */
const transientNetworkCodes = [
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ETIMEDOUT',
  'ERR_STREAM_PREMATURE_CLOSE',
]

/**
 * The one list of what is retried; messages of programs are in system/transient-messages.ts.
 * @returns undefined for anything else: a wrong password, a missing tag, a compile error, a cancel
 */
export function transience(error: unknown): Transience | undefined {
  if (error instanceof RegistryRefusal) {
    const { status, code, retryAfter } = error
    if ([401, 403].includes(status)) return undefined
    const isTransient = isTransientStatus(status) || (code !== undefined && transientCodes.includes(code))
    const after = retryAfter === undefined ? undefined : retryAfter * 1000
    return isTransient ? { after, waited: 0 } : undefined
  }
  return isTransientError(error) ? { after: undefined, waited: waitedFor(error) } : undefined
}

function isTransientError(error: unknown): boolean {
  if (error instanceof NoAnswer)
    return error.proxyStatus === undefined
      ? transientNetworkCodes.includes(error.code)
      : isTransientStatus(error.proxyStatus)
  if (error instanceof ProgramFailure) return error.waited > 0 || isTransient(error.lines, 'program')
  if (error instanceof BuildError)
    return error.waited > 0 || isTransient(error.evidence, error.isOfStep ? 'program' : 'engine')
  if (error instanceof NoBuilder) return isTransient(error.lines, 'engine')
  return error instanceof Damaged || error instanceof LostUpload || error instanceof NotThereYet
}

function waitedFor(error: unknown): number {
  const isKnown = error instanceof NoAnswer || error instanceof ProgramFailure || error instanceof BuildError
  return isKnown ? error.waited : 0
}

/** @returns what happened, for a log: a reason, without advice where the error keeps it apart */
export function reasonOf(error: unknown): string {
  if (error instanceof RegistryRefusal || error instanceof NoAnswer) return error.problem
  return withoutFullStop(sentenceOf(error))
}

export const knownErrors: KnownErrors = { transience, reasonOf }
