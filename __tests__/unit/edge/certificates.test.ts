import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, get, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tls from 'node:tls'
import { trustCertificates } from '../../../src/edge/certificates.ts'
import { UserError } from '../../../src/errors.ts'

const folder = mkdtempSync(join(tmpdir(), 'certificates-'))
const [certificate, key] = ['certificate.pem', 'key.pem'].map((name) => join(folder, name))
if (certificate === undefined || key === undefined) throw new Error('there are two')

const before = tls.getCACertificates('default')
let server: Server
let url: string

beforeAll(async () => {
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1']
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  execFileSync('openssl', ['req', '-x509', ...curve, ...subject, '-keyout', key, '-out', certificate], {
    stdio: 'ignore',
  })
  server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (_, response) =>
    response.end('hello'),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`
}, 30_000)

afterAll(() => {
  // Other files run in this process, too.
  tls.setDefaultCACertificates(before)
  server.closeAllConnections()
  server.close()
  rmSync(folder, { recursive: true })
})

/** @returns the status of an answer, or why there was none */
const ask = (): Promise<number | string | undefined> =>
  new Promise((resolve) => {
    get(url, { agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode)
    }).on('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code)
    })
  })

const fingerprint = (pem: string): string => new X509Certificate(pem).fingerprint256

function fileOf(content: string): string {
  const path = join(folder, 'ca.pem')
  writeFileSync(path, content)
  return path
}

const block = (content: string): string =>
  `-----BEGIN CERTIFICATE-----\n${content}\n-----END CERTIFICATE-----\n`
const certificateAnd = (more: string): string => fileOf(readFileSync(certificate, 'utf8') + more)

describe('certificates of the user', () => {
  it.each<[string, () => string]>([
    ['an empty file', () => ''],
    ['a key', () => readFileSync(key, 'utf8')],
    ['a certificate without its end', () => readFileSync(certificate, 'utf8').slice(0, 200)],
  ])('are none in %s', (_, content) => {
    const path = fileOf(content())
    const trust = () => {
      trustCertificates(path)
    }
    expect(trust).toThrow(UserError)
    expect(trust).toThrow(`ca-certificates: ${path} can't be used as a PEM file: it holds no certificate.`)
  })

  it.each<[string, () => string]>([
    ['there is no file', () => join(folder, 'nothing.pem')],
    ['one is something else', () => certificateAnd(block('bm8gY2VydGlmaWNhdGU='))],
    // Node takes this one beside others.
    ['one is empty', () => certificateAnd(block(''))],
  ])('are an error where %s, and none is trusted', async (_, path) => {
    const trust = () => {
      trustCertificates(path())
    }
    expect(trust).toThrow(UserError)
    expect(trust).toThrow(`ca-certificates: ${path()} can't be used as a PEM file: `)
    expect(await ask()).toBe('DEPTH_ZERO_SELF_SIGNED_CERT')
  })

  it('are trusted in requests, beside those that were before', async () => {
    expect(await ask()).toBe('DEPTH_ZERO_SELF_SIGNED_CERT')
    trustCertificates(fileOf(`# Our own\n${readFileSync(certificate, 'utf8')}`))
    expect(await ask()).toBe(200)
    const trusted = new Set(tls.getCACertificates('default').map(fingerprint))
    expect(before.map(fingerprint).filter((one) => !trusted.has(one))).toEqual([])
  })
})
