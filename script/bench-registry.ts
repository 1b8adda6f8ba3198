// A counting proxy in front of a registry, with which script/bench measures traffic.
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'

/** The traffic since the last call of `take`. */
export type Traffic = {
  /** `GET /v2/…`, in order */
  requests: string[]
  /** Bytes of bodies: sent to the registry (`up`), and received from it (`down`) */
  up: number
  down: number
  /** Digests of transferred layers */
  layers: string[]
}

export type CountingRegistry = {
  /** Host and port */
  host: string
  /** Returns the traffic since the last call, or since the start */
  take: () => Traffic
  close: () => Promise<void>
}

/**
 * Starts a proxy of a registry on this machine. @param registry host and port @param port of the
 * proxy; 0: any free port
 */
export async function openCountingRegistry(registry: string, port = 0): Promise<CountingRegistry> {
  let traffic = nothing()
  /**
   * All transferred blobs, and those that a manifest lists as layers; a push sends its manifest
   * last
   */
  let blobs: string[] = []
  const layers = new Set<string>()
  const [hostname, registryPort] = registry.split(':')
  const pass = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const { method = '', url = '', headers } = incoming
    traffic.requests.push(`${method} ${url}`)
    const blob = blobOf(method, url)
    if (blob !== undefined) blobs.push(blob)
    const isManifest = url.includes('/manifests/')
    const manifest: Buffer[] = []
    const count = (direction: 'up' | 'down') => (chunk: Buffer) => {
      traffic[direction] += chunk.length
      if (isManifest) manifest.push(chunk)
    }
    outgoing.once('finish', () => {
      for (const digest of layersIn(Buffer.concat(manifest).toString())) layers.add(digest)
    })
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
    throw new Error('The proxy of the registry has no port.')
  return {
    host: `127.0.0.1:${address.port}`,
    take: () => {
      const taken = { ...traffic, layers: blobs.filter((digest) => layers.has(digest)) }
      traffic = nothing()
      blobs = []
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

function nothing(): Omit<Traffic, 'layers'> {
  return { requests: [], up: 0, down: 0 }
}

/** Returns the digest of the blob that a request reads, or whose upload it completes. */
function blobOf(method: string, url: string): string | undefined {
  if (method === 'GET') return /\/blobs\/(sha256:[0-9a-f]{64})/.exec(url)?.[1]
  if (method !== 'PUT' || !url.includes('/blobs/')) return undefined
  return new URLSearchParams(url.split('?')[1]).get('digest') ?? undefined
}

/** @param text a manifest, or another response to a request for one */
function layersIn(text: string): string[] {
  const part = /"layers":\s*\[[^\]]*\]/.exec(text)?.[0] ?? ''
  return [...part.matchAll(/"digest":\s*"([^"]*)"/g)].map(([, digest = '']) => digest)
}
