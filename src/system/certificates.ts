import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
// As a namespace: Node before 24.5 lacks two of its names, and must work without certificates.
import * as tls from 'node:tls'
import { sentenceOf, UserError } from '../errors.ts'

const block = /-----BEGIN CERTIFICATE-----[^]+?-----END CERTIFICATE-----/g

/**
 * Variables from which programs read authorities, instead of their default ones (Node adds them):
 * Go programs such as docker and buildx, which fetches tokens itself, and OpenSSL (SSL_CERT_FILE),
 * git and its proxy connections, pip, curl, and Python and Node, in which credential helpers may be
 * written.
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
 * Adds authorities for our own requests.
 * @param path of a PEM file. Each certificate is parsed, since Node silently accepts invalid ones.
 * @throws UserError if the file holds no certificate, or an invalid one
 */
export function trustCertificates(path: string): void {
  try {
    const certificates = certificatesIn(path)
    if (certificates.length === 0) throw new UserError('it holds no certificate.')
    for (const certificate of certificates) new X509Certificate(certificate)
    if (!('setDefaultCACertificates' in tls)) throw new UserError('it needs Node 24.5; update the runner.')
    tls.setDefaultCACertificates([...tls.getCACertificates('default'), ...certificates])
  } catch (error) {
    throw new UserError(`ca-certificates: ${path} cannot be used as a PEM file: ${sentenceOf(error)}`)
  }
}

/**
 * Adds authorities for the programs that we start.
 * @param path of a PEM file that `trustCertificates` has accepted
 * @param environment of the programs; each trusts the file that it names, else the system
 * @param writeFile writes a file that outlives the programs and returns its path
 * @returns the variables, with files that hold both the default authorities and the given ones
 */
export function authoritiesForPrograms(
  path: string,
  environment: NodeJS.ProcessEnv,
  writeFile: (name: string, content: string) => string,
): NodeJS.ProcessEnv {
  const given = certificatesIn(path)
  const files = new Map<string, string>()
  const fileFor = (certificates: readonly string[]): string => {
    const content = textOf([...certificates, ...given])
    const file = files.get(content) ?? writeFile(`authorities-${files.size}.pem`, content)
    files.set(content, file)
    return file
  }
  // On Linux those of SSL_CERT_FILE and SSL_CERT_DIR, else of /etc/ssl, else Node's own.
  const system = tls.getCACertificates('system')
  const usual = system.length > 0 ? system : tls.getCACertificates('bundled')
  return Object.fromEntries(
    authorityVariables.map((name) => [name, fileFor(ownCertificates(environment[name]) ?? usual)]),
  )
}

/** @returns the certificates of a PEM file, without what else it holds, such as comments and keys */
export function readCertificates(path: string): string {
  return textOf(certificatesIn(path))
}

/** @returns undefined without certificates; `PIP_CERT` and others may also name a folder */
function ownCertificates(path: string | undefined): string[] | undefined {
  if (path === undefined) return undefined
  try {
    const certificates = certificatesIn(path)
    return certificates.length > 0 ? certificates : undefined
  } catch {
    return undefined
  }
}

/** Each once */
function textOf(certificates: readonly string[]): string {
  return [...new Set(certificates)].map((one) => `${one.trim()}\n`).join('')
}

function certificatesIn(path: string): string[] {
  return readFileSync(path, 'utf8').match(block) ?? []
}
