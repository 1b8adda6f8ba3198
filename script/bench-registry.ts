// A registry behind a door that counts: what script/bench measures of the traffic with it.
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'

/** What went through since the last time it was asked for. */
export type Traffic = {
  /** `GET /v2/…`, in their order */
  requests: string[]
  /** Bytes of bodies: what the registry was sent, and what it sent */
  up: number
  down: number
  /** Bytes of blobs alone, in both directions */
  blobs: number
}

export type CountingRegistry = {
  /** Host and port */
  host: string
  /** @returns what went through since the last call, or since the start */
  take: () => Traffic
  close: () => Promise<void>
}

/** Opens a door to a registry on this machine. @param registry host and port @param port of the door; 0: any that is free */
export async function openCountingRegistry(registry: string, port = 0): Promise<CountingRegistry> {
  let traffic = nothing()
  const [hostname, registryPort] = registry.split(':')
  const pass = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const { method = '', url = '', headers } = incoming
    const isBlob = url.includes('/blobs/')
    traffic.requests.push(`${method} ${url}`)
    const count = (direction: 'up' | 'down') => (chunk: Buffer) => {
      traffic[direction] += chunk.length
      if (isBlob) traffic.blobs += chunk.length
    }
    const passed = request({ hostname, port: registryPort, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.on('data', count('down'))
      answer.pipe(outgoing)
    })
    passed.once('error', () => outgoing.destroy())
    outgoing.once('close', () => passed.destroy())
    incoming.on('data', count('up'))
    incoming.pipe(passed)
  }
  const server = createServer(pass)
  server.requestTimeout = 0
  await new Promise<void>((done, fail) => server.once('error', fail).listen(port, '127.0.0.1', done))
  const address = server.address()
  if (address === null || typeof address === 'string')
    throw new Error('The door to the registry has no port.')
  return {
    host: `127.0.0.1:${address.port}`,
    take: () => {
      const taken = traffic
      traffic = nothing()
      return taken
    },
    close: () =>
      new Promise((done) => {
        server.close(() => {
          done()
        })
        server.closeAllConnections()
      }),
  }
}

function nothing(): Traffic {
  return { requests: [], up: 0, down: 0, blobs: 0 }
}
