import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
// As a whole: a runner whose Node 24 is older than 24.5 lacks two names in it, and must work without certificates.
import * as tls from 'node:tls'
import { sentenceOf, UserError } from '../errors.ts'

const block = /-----BEGIN CERTIFICATE-----[^]+?-----END CERTIFICATE-----/g

/**
 * Trusts further authorities in our own requests; the programs that we start get the file.
 * @param path of a PEM file. Node takes what is no certificate without a word, hence the look at each.
 * @throws UserError if there is none in it, or one that can't be read
 */
export function trustCertificates(path: string): void {
  try {
    const certificates = readFileSync(path, 'utf8').match(block) ?? []
    if (certificates.length === 0) throw new UserError('it holds no certificate.')
    for (const certificate of certificates) new X509Certificate(certificate)
    if (!('setDefaultCACertificates' in tls)) throw new UserError('it takes Node 24.5; update the runner.')
    tls.setDefaultCACertificates([...tls.getCACertificates('default'), ...certificates])
  } catch (error) {
    throw new UserError(`ca-certificates: ${path} can't be used as a PEM file: ${sentenceOf(error)}`)
  }
}
