import { BuildError, NoBuilder } from '../../buildkit/index.ts'
import { isTransient, type KnownErrors, ProgramFailure, type Transience } from '../../system/index.ts'
import { sentenceOf } from '../../errors.ts'
import { withoutFullStop } from '../../text.ts'
import { Damaged, LostUpload, NoAnswer, NotThereYet, RegistryRefusal } from '../../registry/index.ts'

/** What registries and token services say of themselves, and that they are asked too much or too slowly. */
const passingStatus = (status: number): boolean =>
  [408, 425, 429].includes(status) || (status >= 500 && ![501, 505, 511].includes(status))

/** A registry's own words for faults that it has with what was right. */
const passingCodes = [
  'TOOMANYREQUESTS',
  'UNAVAILABLE',
  'BLOB_UPLOAD_UNKNOWN',
  'BLOB_UPLOAD_INVALID',
  // What we send has its digest; distribution 2.8 on a file system says so to one of two who put the same manifest at the same
  // time, since it reads a file that the other one writes.
  'DIGEST_INVALID',
]

/** Node's codes. Not among them: certificates, and hosts that do not speak http or https. */
const passingNetworkCodes = [
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
 * The one list of what is tried again. What is not known here is not.
 * @returns undefined for an error that would come again: a wrong password, a missing tag, a compile error, a cancelled run
 */
export function transience(error: unknown): Transience | undefined {
  if (error instanceof RegistryRefusal) {
    const { status, code, retryAfter } = error
    if ([401, 403].includes(status)) return undefined
    const passes = passingStatus(status) || (code !== undefined && passingCodes.includes(code))
    const after = retryAfter === undefined ? undefined : retryAfter * 1000
    return passes ? { after, waited: 0 } : undefined
  }
  return canPassSoon(error) ? { after: undefined, waited: waitedFor(error) } : undefined
}

function canPassSoon(error: unknown): boolean {
  if (error instanceof NoAnswer)
    return error.proxyStatus === undefined
      ? passingNetworkCodes.includes(error.code)
      : passingStatus(error.proxyStatus)
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

/** @returns what happened, for a log: without advice and end where the error can tell them apart */
export function reasonOf(error: unknown): string {
  if (error instanceof RegistryRefusal || error instanceof NoAnswer) return error.problem
  return withoutFullStop(sentenceOf(error))
}

export const knownErrors: KnownErrors = { transience, reasonOf }
