import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { createServer } from 'node:tls'

/** An unknown certificate authority, and a server with its certificate. */
export type Authority = {
  /** PEM file of only the authority */
  file: string
  /** Makes a plain server on this machine also available over https */
  before: (host: string) => Promise<{ host: string; close: () => Promise<void> }>
}

/**
 * @param folder of its keys
 * @param address of this machine, to which servers are made available
 */
export function makeAuthority(folder: string, address = '127.0.0.1'): Authority {
  const place = (name: string): string => join(folder, name)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const [file, signer] = [place('authority.pem'), place('authority.key')]
  openssl('req', '-x509', ...key, '-subj', '/CN=authority of the tests', '-keyout', signer, '-out', file)
  const names = ['-subj', `/CN=${address}`, '-addext', `subjectAltName=IP:${address}`]
  const signed = ['-CA', file, '-CAkey', signer, '-addext', 'basicConstraints=critical,CA:FALSE']
  openssl(
    'req',
    '-x509',
    ...key,
    ...names,
    ...signed,
    '-keyout',
    place('key.pem'),
    '-out',
    place('server.pem'),
  )
  return {
    file,
    before: async (host) => {
      const [hostname = '', port] = host.split(':')
      const certificate = { key: readFileSync(place('key.pem')), cert: readFileSync(place('server.pem')) }
      const open = new Set<Socket>()
      const server = createServer(certificate, (incoming) => {
        const plain = connect(Number(port), hostname)
        open.add(incoming).add(plain)
        incoming.on('error', () => plain.destroy()).pipe(plain)
        plain.on('error', () => incoming.destroy()).pipe(incoming)
      })
      // A client that does not trust it ends the handshake.
      server.on('tlsClientError', () => undefined)
      await new Promise<void>((done) => server.listen(0, address, done))
      const bound = server.address()
      if (bound === null || typeof bound === 'string') throw new Error('the door has no port')
      const close = (): Promise<void> =>
        new Promise((done) => {
          server.close(() => {
            done()
          })
          for (const socket of open) socket.destroy()
        })
      return { host: `${address}:${bound.port}`, close }
    },
  }
}
