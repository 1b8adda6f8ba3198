import { sentenceOf, UserError } from '../../errors.ts'
import type { Purpose } from './failure.ts'
import { excerpt } from '../../text.ts'

/** Thrown inside the transport when nothing came within the time-out. */
export class Silence extends Error {
  override name = 'Silence'
  /** Milliseconds */
  readonly waited: number

  constructor(what: string, waited: number) {
    super(`${what} for ${waited / 1000} s`)
    this.waited = waited
  }
}

/** A request that got no answer, or an incomplete one. */
export class NoAnswer extends UserError {
  override name = 'NoAnswer'
  /** Node's error code (`ECONNRESET`), `''` without one; `ETIMEDOUT` also for our own time-outs */
  readonly code: string
  /** The status with which a proxy refused the connection: 407 */
  readonly proxyStatus: number | undefined
  /** Milliseconds until our own time-out; 0 if something else happened */
  readonly waited: number
  /** What failed, as a reason without advice */
  readonly problem: string

  constructor(what: string, { code, proxyStatus, reason, advice }: Explanation, cause: unknown) {
    const problem = `${what}: ${reason}`
    super(advice === undefined ? `${problem}.` : `${problem}; ${advice}.`, { cause })
    this.code = code
    this.proxyStatus = proxyStatus
    this.waited = cause instanceof Silence ? cause.waited : 0
    this.problem = problem
  }
}

type Explanation = {
  code: string
  proxyStatus?: number | undefined
  reason: string
  advice?: string | undefined
}

const unknownAuthority: [reason: string, advice: string] = [
  'its certificate is of an unknown authority',
  'add its authority with ca-certificates',
]

/** Reasons that a user can act on, with advice, by the code of Node's error. */
const explanations: Record<string, [reason: string, advice: string]> = {
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
    'its answer has more headers than any real registry sends',
    'check its host and the proxy in front of it',
  ],
  CERT_HAS_EXPIRED: ['its certificate has expired', 'the registry must renew it'],
  ERR_TLS_CERT_ALTNAME_INVALID: ['its certificate is for another host', 'check its name'],
  DEPTH_ZERO_SELF_SIGNED_CERT: unknownAuthority,
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
}

/**
 * @returns the error for a request that got no answer, or an incomplete one
 * @param host named if it is not the registry itself (a token service, a redirect's target)
 */
export function networkFailure(purpose: Purpose, host: string, error: unknown): UserError {
  if (error instanceof UserError) return error
  const via = host === purpose.registry ? '' : ` (at ${host})`
  const what = `no answer from registry ${purpose.registry}${via} to ${purpose.action}`
  return new NoAnswer(what, explain(error), error)
}

/** @returns the code of Node's error (`ECONNRESET`), `''` if it has none */
export function codeOf(error: unknown): string {
  const hasCode = typeof error === 'object' && error !== null && 'code' in error
  return hasCode && typeof error.code === 'string' ? error.code : ''
}

function explain(error: unknown): Explanation {
  if (error instanceof Silence)
    return {
      code: 'ETIMEDOUT',
      reason: `timeout, ${error.message}`,
      advice: 'check the network, or try later',
    }
  const code = codeOf(error)
  // The package `tunnel`, used by @actions/http-client, gives every such error the code ECONNRESET.
  const refusedByProxy = /^tunneling socket could not be established, (.*)$/s.exec(messageOf(error))?.[1]
  if (refusedByProxy !== undefined) {
    const status = /^statusCode=(\d{3})/.exec(refusedByProxy)?.[1]
    return {
      code,
      proxyStatus: status === undefined ? undefined : Number(status),
      reason: `the proxy refused the connection (${excerpt(refusedByProxy)})`,
      advice: 'check https_proxy and no_proxy',
    }
  }
  const [reason, advice] = explanations[code] ?? []
  if (reason !== undefined) return { code, reason, advice }

  if (code.startsWith('HPE_'))
    return { code, reason: 'it does not speak http', advice: 'check its host and port' }
  return { code, reason: excerpt(messageOf(error)) }
}

function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error
    ? String(error.message)
    : sentenceOf(error)
}
