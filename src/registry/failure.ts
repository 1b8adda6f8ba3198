import * as v from 'valibot'
import { sentenceOf, UserError } from '../errors.ts'
import { printable } from './json.ts'

/** What a request is for, in the words of the error that it may end with. */
export type Purpose = {
  /** `docker.io` */
  registry: string
  /** `the push to aibrix/vllm-openai` */
  action: string
}

/** Thrown inside the transport when nothing came for too long. */
export class Silence extends Error {
  override name = 'Silence'
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

  constructor(message: string, { status, code }: { status: number; code: string | undefined }) {
    super(message)
    this.status = status
    this.code = code
  }
}

/**
 * @returns whether a registry says that this is not allowed or not possible here, so that trying again is of no use (a
 *   cache that can only be read); false if it is broken, busy, or did not answer
 */
export function isDenied(error: unknown): error is RegistryRefusal {
  return error instanceof RegistryRefusal && [401, 403, 404, 405].includes(error.status)
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
  return text === undefined ? undefined : printable(text)
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
  answer: { status: number; body: Uint8Array },
  hasCredentials: boolean,
  secrets: readonly string[] = [],
): RegistryRefusal {
  const { status, body } = answer
  const own = secrets.reduce((text, secret) => text?.replaceAll(secret, '***'), registryMessage(body))
  const name = statusNames[status]
  const reason = [status, name].filter((part) => part !== undefined).join(' ')
  const quote = own === undefined || own.toLowerCase() === name ? '' : ` (${own})`
  const verb = status >= 500 ? 'failed at' : 'refused'
  return new RegistryRefusal(
    `registry ${purpose.registry} ${verb} ${purpose.action}: ${reason}${quote}; ${advice(status, hasCredentials)}.`,
    { status, code: ownError(body).code },
  )
}

function advice(status: number, hasCredentials: boolean): string {
  if (status === 401 || status === 403) {
    return hasCredentials
      ? 'check username and password, and what they are allowed to do'
      : 'no credentials are known for it: give username and password, or log in with docker login'
  }
  if (status === 429) {
    return hasCredentials
      ? 'its rate limit is reached, try later'
      : 'its rate limit is reached: log in, or try later'
  }
  if (status >= 500) return 'this is a fault of the registry, try later'
  if (status === 404) return 'check the name of the repository, and that the host is a registry'
  return 'check the name of the repository and what the registry supports'
}

/** @returns the error for a host that answers with a page for people */
export function notARegistry(registry: string): UserError {
  return new UserError(`${registry} answers with a web page and is not a registry; check its host and port.`)
}

/** The causes that a user can do something about, by the code of Node's error. */
const causes: Record<string, string> = {
  ECONNREFUSED: 'connection refused; check its host and port and that it runs',
  ECONNRESET: 'the connection was closed before the answer was complete; try again',
  EPIPE: 'the connection was closed before the answer was complete; try again',
  ENOTFOUND: 'unknown host; check its name',
  EAI_AGAIN: 'unknown host, or no name service; check its name and the network',
  EHOSTUNREACH: 'no route to the host; check the network',
  ENETUNREACH: 'no route to the network; check the network',
  ETIMEDOUT: 'timeout while connecting; check its host, the network and the proxy',
  ERR_SSL_WRONG_VERSION_NUMBER:
    'it does not speak https; only registries on this machine may speak plain http',
  EPROTO: 'it does not speak https as expected; only registries on this machine may speak plain http',
  CERT_HAS_EXPIRED: 'its certificate has expired; the registry has to renew it',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host; check its name',
}
const unknownCertificate = 'its certificate is not known here; add its authority with ca-certificates'
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
  return new UserError(
    `no answer from registry ${purpose.registry}${via} to ${purpose.action}: ${causeOf(error)}.`,
    {
      cause: error,
    },
  )
}

/** @returns the code of an error of Node (`ECONNRESET`), `''` if it has none */
export function codeOf(error: unknown): string {
  const hasCode = typeof error === 'object' && error !== null && 'code' in error
  return hasCode && typeof error.code === 'string' ? error.code : ''
}

function causeOf(error: unknown): string {
  if (error instanceof Silence) return `timeout, ${error.message}; check the network, or try later`
  // The code of this one is ECONNRESET, whatever happened (the package `tunnel`, behind @actions/http-client).
  const refusedByProxy = /^tunneling socket could not be established, (.*)$/s.exec(messageOf(error))?.[1]
  if (refusedByProxy !== undefined) {
    return `the proxy makes no connection (${printable(refusedByProxy)}); check https_proxy and no_proxy`
  }
  const code = codeOf(error)
  const known = causes[code]
  if (known !== undefined) return known
  if (certificateCodes.includes(code)) return unknownCertificate
  if (code.startsWith('HPE_')) return 'what answers does not speak http; check its host and port'
  return printable(messageOf(error))
}

function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error
    ? String(error.message)
    : sentenceOf(error)
}
