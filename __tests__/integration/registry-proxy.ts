import { createServer, request } from 'node:http'
import { registry } from './action.ts'

export type RegistryProxy = { host: string; close: () => Promise<void> }

/**
 * The test registry behind a door: asks for user and password, or refuses every write.
 * @param door.credentials who may pass; nobody else is let through
 * @param door.readOnly answers 403 to every write, as a registry does for a token without the right to push
 */
export async function openRegistryProxy(door: {
  credentials: { user: string; password: string }
  readOnly?: boolean
}): Promise<RegistryProxy> {
  const { user, password } = door.credentials
  const expected = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
  const [hostname, port] = registry.split(':')
  const server = createServer((incoming, outgoing) => {
    if (incoming.headers.authorization !== expected) {
      outgoing.writeHead(401, {
        'www-authenticate': 'Basic realm="test"',
        'content-type': 'application/json',
      })
      outgoing.end('{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}')
      return
    }
    if (door.readOnly && !['GET', 'HEAD'].includes(incoming.method ?? '')) {
      outgoing.writeHead(403, { 'content-type': 'application/json' })
      outgoing.end('{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]}')
      return
    }
    const { authorization: _, ...headers } = incoming.headers
    const passed = request(
      { hostname, port, method: incoming.method, path: incoming.url, headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(outgoing)
      },
    )
    passed.on('error', () => outgoing.destroy())
    incoming.pipe(passed)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')
  return {
    host: `127.0.0.1:${address.port}`,
    close: () =>
      new Promise((done) => {
        server.close(() => {
          done()
        })
        server.closeAllConnections()
      }),
  }
}
