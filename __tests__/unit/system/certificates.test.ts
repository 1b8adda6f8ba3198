import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { execFile, execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, get, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tls from 'node:tls'
import {
  authoritiesForPrograms,
  authorityVariables,
  trustCertificates,
} from '../../../src/system/certificates.ts'
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
  // Other test files run in this process, too.
  tls.setDefaultCACertificates(before)
  server.closeAllConnections()
  server.close()
  rmSync(folder, { recursive: true })
})

/** @returns the status of an answer, or why there is none */
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
  ])('are missing in %s', (_, content) => {
    const path = fileOf(content())
    const trust = () => {
      trustCertificates(path)
    }
    expect(trust).toThrow(UserError)
    expect(trust).toThrow(`ca-certificates: ${path} cannot be used as a PEM file: it holds no certificate.`)
  })

  it.each<[string, () => string]>([
    ['the file is missing', () => join(folder, 'nothing.pem')],
    ['one is not a certificate', () => certificateAnd(block('bm8gY2VydGlmaWNhdGU='))],
    // Node accepts this one among others.
    ['one is empty', () => certificateAnd(block(''))],
  ])('are an error if %s, and none is trusted', async (_, path) => {
    const trust = () => {
      trustCertificates(path())
    }
    expect(trust).toThrow(UserError)
    expect(trust).toThrow(`ca-certificates: ${path()} cannot be used as a PEM file: `)
    expect(await ask()).toBe('DEPTH_ZERO_SELF_SIGNED_CERT')
  })

  it('are trusted in requests, together with the default ones', async () => {
    expect(await ask()).toBe('DEPTH_ZERO_SELF_SIGNED_CERT')
    trustCertificates(fileOf(`# Our own\n${readFileSync(certificate, 'utf8')}`))
    expect(await ask()).toBe(200)
    const trusted = new Set(tls.getCACertificates('default').map(fingerprint))
    expect(before.map(fingerprint).filter((one) => !trusted.has(one))).toEqual([])
  })
})

describe('the authorities of programs', () => {
  /** @returns the variables, each with the certificates in its file */
  const trusted = (environment: NodeJS.ProcessEnv) => {
    const place = mkdtempSync(join(folder, 'written-'))
    const files: string[] = []
    const write = (name: string, content: string): string => {
      const path = join(place, name)
      writeFileSync(path, content)
      files.push(path)
      return path
    }
    const variables = authoritiesForPrograms(fileOf(readFileSync(certificate, 'utf8')), environment, write)
    const inside = (name: string) =>
      (
        readFileSync(variables[name] ?? '', 'utf8').match(/-----BEGIN[^]+?-----END CERTIFICATE-----/g) ?? []
      ).map(fingerprint)
    return { variables, inside, files }
  }
  const given = (): string => fingerprint(readFileSync(certificate, 'utf8'))
  const pem = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content)
    return join(folder, name)
  }

  it('are in one file with those of the system and the given ones', () => {
    const { variables, inside, files } = trusted({})
    expect(files).toHaveLength(1)
    expect(Object.keys(variables)).toEqual([...authorityVariables])
    const system = tls.getCACertificates('system')
    const expected = system.length > 0 ? system : tls.getCACertificates('bundled')
    expect(new Set(inside('SSL_CERT_FILE'))).toEqual(new Set([...expected.map(fingerprint), given()]))
  })

  it('are those of its own file and the given ones if a program has one', () => {
    const [own = ''] = tls.rootCertificates
    const { inside } = trusted({ GIT_SSL_CAINFO: pem('own.pem', `# Ours\n${own}`) })
    expect(inside('GIT_SSL_CAINFO')).toEqual([fingerprint(own), given()])
    expect(inside('PIP_CERT').length).toBeGreaterThan(2)
  })

  it.each<[string, () => string]>([
    ['missing', () => join(folder, 'nothing.pem')],
    ['a folder', () => folder],
    ['empty', () => pem('empty.pem', '')],
  ])('are those of the system if the own file is %s', (_, path) => {
    const { variables, inside } = trusted({ PIP_CERT: path() })
    expect(variables.PIP_CERT).toBe(variables.SSL_CERT_FILE)
    expect(inside('PIP_CERT')).toContain(given())
  })

  const asks = 'import urllib.request, sys; urllib.request.urlopen(sys.argv[1]).read()'
  it.each<[string, string[]]>([
    ['git', ['ls-remote', 'URL']],
    ['curl', ['--fail', '--silent', '--show-error', 'URL']],
    ['python3', ['-c', asks, 'URL']],
    ['node', ['-e', 'await fetch(process.argv[1])', '--input-type=module', 'URL']],
  ])(
    'is taken by %s',
    async (program, args) => {
      const { variables } = trusted({})
      const run = (more: NodeJS.ProcessEnv): Promise<string> =>
        new Promise((resolve) => {
          const env = { PATH: process.env.PATH, HOME: folder, ...more }
          const all = args.map((arg) => arg.replace('URL', url))
          execFile(program, all, { env, encoding: 'utf8' }, (_, __, stderr) => {
            resolve(stderr)
          })
        })
      const refused = /certificate/i
      expect(await run({})).toMatch(refused)
      expect(await run(variables)).not.toMatch(refused)
    },
    60_000,
  )
})
