import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
// As a whole: a runner whose Node 24 is older than 24.5 lacks two names in it, and must work without certificates.
import * as tls from 'node:tls'
import { sentenceOf, UserError } from '../errors.ts'

const block = /-----BEGIN CERTIFICATE-----[^]+?-----END CERTIFICATE-----/g

/**
 * Where programs look for authorities, each in place of those it has otherwise (but Node, which adds them): Go's programs such as docker
 * and buildx, which fetches tokens itself, and OpenSSL (SSL_CERT_FILE), git and its way through a proxy, pip, curl, and the Python
 * and Node that credential helpers may be written in.
 */
export const authorityVariables = [
  'SSL_CERT_FILE',
  'GIT_SSL_CAINFO',
  'GIT_PROXY_SSL_CAINFO',
  'PIP_CERT',
  'CURL_CA_BUNDLE',
  'REQUESTS_CA_BUNDLE',
  'NODE_EXTRA_CA_CERTS',
] as const

/**
 * Trusts further authorities in our own requests.
 * @param path of a PEM file. Node takes what is no certificate without a word, hence the look at each.
 * @throws UserError if there is none in it, or one that can't be read
 */
export function trustCertificates(path: string): void {
  try {
    const certificates = certificatesIn(path)
    if (certificates.length === 0) throw new UserError('it holds no certificate.')
    for (const certificate of certificates) new X509Certificate(certificate)
    if (!('setDefaultCACertificates' in tls)) throw new UserError('it takes Node 24.5; update the runner.')
    tls.setDefaultCACertificates([...tls.getCACertificates('default'), ...certificates])
  } catch (error) {
    throw new UserError(`ca-certificates: ${path} can't be used as a PEM file: ${sentenceOf(error)}`)
  }
}

/**
 * The same for the programs that we start: each gets what it would trust otherwise, and the given authorities.
 * @param path of a PEM file that `trustCertificates` has taken
 * @param environment of the programs; the file that it names already is what that program trusts otherwise, else it is the system's
 * @param writeFile puts a file where it lasts as long as the programs @returns its path
 */
export function authoritiesForPrograms(
  path: string,
  environment: NodeJS.ProcessEnv,
  writeFile: (name: string, content: string) => string,
): NodeJS.ProcessEnv {
  const given = certificatesIn(path)
  const files = new Map<string, string>()
  const fileFor = (certificates: readonly string[]): string => {
    const content = [...new Set([...certificates, ...given])].map((one) => `${one.trim()}\n`).join('')
    const file = files.get(content) ?? writeFile(`authorities-${files.size}.pem`, content)
    files.set(content, file)
    return file
  }
  const system = systemCertificates()
  return Object.fromEntries(
    authorityVariables.map((name) => [name, fileFor(ownCertificates(environment[name]) ?? system)]),
  )
}

/** On Linux those of SSL_CERT_FILE and SSL_CERT_DIR, else of /etc/ssl. A system without any has those that Node brings. */
function systemCertificates(): string[] {
  const system = tls.getCACertificates('system')
  return system.length > 0 ? system : tls.getCACertificates('bundled')
}

/** @returns undefined if no file is named, or one that has none; `PIP_CERT` and others may name a folder, too */
function ownCertificates(path: string | undefined): string[] | undefined {
  if (path === undefined) return undefined
  try {
    const certificates = certificatesIn(path)
    return certificates.length > 0 ? certificates : undefined
  } catch {
    return undefined
  }
}

function certificatesIn(path: string): string[] {
  return readFileSync(path, 'utf8').match(block) ?? []
}
