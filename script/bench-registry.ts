// A registry behind a door that counts: what script/bench measures of the traffic with it.
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'

/** What went through since the last time it was asked for. */
export type Traffic = {
  /** `GET /v2/…`, in their order */
  requests: string[]
  /** Bytes of bodies: what the registry was sent, and what it sent */
  up: number
  down: number
  /** Digests of layers that it sent or was sent */
  layers: string[]
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
  /** What went through, and which of it the manifests call a layer that ever did: a push has its manifest at the end */
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
    throw new Error('The door to the registry has no port.')
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

/** @returns the digest of the blob that a request asks for, or completes the upload of */
function blobOf(method: string, url: string): string | undefined {
  if (method === 'GET') return /\/blobs\/(sha256:[0-9a-f]{64})/.exec(url)?.[1]
  if (method !== 'PUT' || !url.includes('/blobs/')) return undefined
  return new URLSearchParams(url.split('?')[1]).get('digest') ?? undefined
}

/** @param text a manifest, or what else is said where one is asked for */
function layersIn(text: string): string[] {
  const part = /"layers":\s*\[[^\]]*\]/.exec(text)?.[0] ?? ''
  return [...part.matchAll(/"digest":\s*"([^"]*)"/g)].map(([, digest = '']) => digest)
}
