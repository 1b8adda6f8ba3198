import { sentenceOf, UserError } from '../../errors.ts'
import type { Purpose } from './failure.ts'
import { excerpt } from '../../text.ts'

/** Thrown inside the transport when nothing came for too long. */
export class Silence extends Error {
  override name = 'Silence'
  /** Milliseconds */
  readonly waited: number

  constructor(what: string, waited: number) {
    super(`${what} for ${waited / 1000} s`)
    this.waited = waited
  }
}

/** A request that got no answer, or half of one. */
export class NoAnswer extends UserError {
  override name = 'NoAnswer'
  /** Node's (`ECONNRESET`); `ETIMEDOUT` also where we lost patience; `''` if there is none */
  readonly code: string
  /** What a proxy on the way answered instead of making a connection: 407 */
  readonly proxyStatus: number | undefined
  /** Milliseconds of silence in which we lost patience; 0 if something else happened */
  readonly waited: number
  /** What happened, without advice and end */
  readonly problem: string

  constructor(what: string, { code, proxyStatus, said, advice }: Cause, cause: unknown) {
    const problem = `${what}: ${said}`
    super(advice === undefined ? `${problem}.` : `${problem}; ${advice}.`, { cause })
    this.code = code
    this.proxyStatus = proxyStatus
    this.waited = cause instanceof Silence ? cause.waited : 0
    this.problem = problem
  }
}

type Cause = { code: string; proxyStatus?: number | undefined; said: string; advice?: string | undefined }

/** What is said of the causes that a user can do something about, and what that is, by the code of Node's error. */
const causes: Record<string, [said: string, advice: string]> = {
  ECONNREFUSED: ['connection refused', 'check its host and port and that it runs'],
  ECONNRESET: ['the connection was closed before the answer was complete', 'try again'],
  EPIPE: ['the connection was closed before the answer was complete', 'try again'],
  ENOTFOUND: ['unknown host', 'check its name'],
  EAI_AGAIN: ['unknown host, or no name service', 'check its name and the network'],
  EHOSTUNREACH: ['no route to the host', 'check the network'],
  ENETUNREACH: ['no route to the network', 'check the network'],
  ETIMEDOUT: ['timeout while connecting', 'check its host, the network and the proxy'],
  ERR_SSL_WRONG_VERSION_NUMBER: [
    'it does not speak https',
    'only registries on this machine may speak plain http',
  ],
  EPROTO: ['it does not speak https as expected', 'only registries on this machine may speak plain http'],
  HPE_HEADER_OVERFLOW: [
    'its answer has more headers than can be true',
    'check its host and the proxy before it',
  ],
  CERT_HAS_EXPIRED: ['its certificate has expired', 'the registry has to renew it'],
  ERR_TLS_CERT_ALTNAME_INVALID: ['its certificate is for another host', 'check its name'],
}
const certificateCodes = [
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]

/**
 * The error for a request that got no answer, or half of one.
 * @param host whom we spoke to; named if it is not the registry itself (a token service, a redirect's target)
 */
export function networkFailure(purpose: Purpose, host: string, error: unknown): UserError {
  if (error instanceof UserError) return error
  const via = host === purpose.registry ? '' : ` (at ${host})`
  return new NoAnswer(
    `no answer from registry ${purpose.registry}${via} to ${purpose.action}`,
    causeOf(error),
    error,
  )
}

/** @returns the code of an error of Node (`ECONNRESET`), `''` if it has none */
export function codeOf(error: unknown): string {
  const hasCode = typeof error === 'object' && error !== null && 'code' in error
  return hasCode && typeof error.code === 'string' ? error.code : ''
}

function causeOf(error: unknown): Cause {
  if (error instanceof Silence)
    return { code: 'ETIMEDOUT', said: `timeout, ${error.message}`, advice: 'check the network, or try later' }
  const code = codeOf(error)
  // The code of this one is ECONNRESET, whatever happened (the package `tunnel`, behind @actions/http-client).
  const refusedByProxy = /^tunneling socket could not be established, (.*)$/s.exec(messageOf(error))?.[1]
  if (refusedByProxy !== undefined) {
    const status = /^statusCode=(\d{3})/.exec(refusedByProxy)?.[1]
    return {
      code,
      proxyStatus: status === undefined ? undefined : Number(status),
      said: `the proxy makes no connection (${excerpt(refusedByProxy)})`,
      advice: 'check https_proxy and no_proxy',
    }
  }
  const [said, advice] = causes[code] ?? []
  if (said !== undefined) return { code, said, advice }
  if (certificateCodes.includes(code))
    return {
      code,
      said: 'its certificate is not known here',
      advice: 'add its authority with ca-certificates',
    }
  if (code.startsWith('HPE_'))
    return { code, said: 'what answers does not speak http', advice: 'check its host and port' }
  return { code, said: excerpt(messageOf(error)) }
}

function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error
    ? String(error.message)
    : sentenceOf(error)
}
