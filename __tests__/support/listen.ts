import type { Server } from 'node:http'

/**
 * Makes a server listen on this machine. @returns its host and port, and a function that closes it
 * with all connections
 */
export async function listen(server: Server): Promise<{ host: string; close: () => Promise<void> }> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  const close = (): Promise<void> =>
    new Promise((done) => {
      server.close(() => {
        done()
      })
      server.closeAllConnections()
    })
  return { host: `127.0.0.1:${address.port}`, close }
}
