import { type IncomingHttpHeaders, STATUS_CODES } from 'node:http'
import * as v from 'valibot'
import { parsed } from '../../json.ts'
import { excerpt } from '../../text.ts'
import type { Credentials } from '../auth/credentials.ts'
import { type Purpose, RegistryRefusal } from './failure.ts'

type OwnError = { code?: string | undefined; message?: string | undefined }

/** Errors of the OCI distribution specification ("Error Codes"), of token services and of APIs */
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
  v.pipe(
    v.object({ detail: v.string() }),
    v.transform(({ detail }): OwnError => ({ message: detail })),
  ),
])

/** @returns the first error in an answer's body, empty if there is none */
function ownError(body: Uint8Array): OwnError {
  return parsed(errorBody, Buffer.from(body).toString('utf8')) ?? {}
}

/** @returns the registry's first error message as one line; undefined if the body has none */
export function registryMessage(body: Uint8Array): string | undefined {
  const { message, code } = ownError(body)
  const text = [message, code].find((each) => each)
  return text === undefined ? undefined : excerpt(text)
}

/**
 * @returns the error for an error response
 * @param own the credentials for this registry, which decide the advice
 * @param secrets texts that the answer may repeat and the error must not
 */
export function refusalOf(
  purpose: Purpose,
  answer: { status: number; body: Uint8Array; headers: IncomingHttpHeaders },
  own: Credentials | undefined,
  secrets: readonly string[] = [],
): RegistryRefusal {
  const { status, body } = answer
  const retryAfter = retryAfterOf(answer.headers)
  return new RegistryRefusal(problemOf(purpose, answer, secrets), adviceFor(status, own, retryAfter), {
    ...{ status, code: ownError(body).code, retryAfter },
    isAnonymous: own === undefined,
  })
}

/**
 * @param secrets texts that the answer may repeat and the problem must not
 * @returns what an error response says, as a reason without advice
 */
export function problemOf(
  { registry, action }: Purpose,
  { status, body }: { status: number; body: Uint8Array },
  secrets: readonly string[],
): string {
  const said = secrets.reduce((text, secret) => text?.replaceAll(secret, '***'), registryMessage(body))
  const name = STATUS_CODES[status]?.toLowerCase()
  const reason = name === undefined ? String(status) : `${status} ${name}`
  const quote = said === undefined || said.toLowerCase() === name ? '' : ` (${said})`
  const verb = status >= 500 ? 'failed at' : 'refused'
  return `registry ${registry} ${verb} ${action}: ${reason}${quote}`
}

function adviceFor(status: number, own: Credentials | undefined, retryAfter: number | undefined): string {
  const later = retryAfter === undefined ? 'try later' : `try again in ${retryAfter} s, as it asks`
  if (status === 401 || status === 403) {
    if (own === undefined)
      return 'there are no credentials for it: run docker login before this step, or set username and password if it is the registry of the input registry, mirror-credentials if it is that of a mirror'
    const inputs = own.kind === 'password' ? own.inputs : undefined
    return `check ${inputs ?? 'the docker login for it'}, and the permissions of that user`
  }
  if (status === 429) return `its rate limit is reached${own ? `, ${later}` : `: log in, or ${later}`}`
  if (status >= 500) return `this is a fault of the registry, ${later}`
  if (status === 404) return 'check the name of the repository, and that the host is a registry'
  return 'check the name of the repository and what the registry supports'
}

/** @returns the seconds of Retry-After (RFC 9110, 10.2.3), also of a date by the sender's clock */
export function retryAfterOf(headers: IncomingHttpHeaders): number | undefined {
  const text = headers['retry-after']?.trim() ?? ''
  if (/^\d{1,9}$/.test(text)) return Number(text)
  const date = /^\w+, /.test(text) ? Date.parse(text) : NaN
  const milliseconds = date - Date.parse(headers.date ?? '')
  return Number.isNaN(milliseconds) ? undefined : Math.max(0, Math.ceil(milliseconds / 1000))
}
