import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Seen = { method: string; path: string; authorization: string | undefined; body: string }

export type TestServer = {
  /** `127.0.0.1:<port>` */
  host: string
  /** Every request in order, with what must not be everywhere: its Authorization header and body */
  seen: Seen[]
  close: () => Promise<void>
}

export type Handler = (request: Seen & { raw: IncomingMessage }, response: ServerResponse) => void

/** A web server on this machine that plays the registry, the token service or the stranger. */
export async function startServer(handler: Handler): Promise<TestServer> {
  const seen: Seen[] = []
  const server = createServer((raw, response) => {
    const chunks: Buffer[] = []
    raw.on('data', (chunk: Buffer) => chunks.push(chunk))
    raw.on('end', () => {
      const entry = {
        method: raw.method ?? '',
        path: raw.url ?? '',
        authorization: raw.headers.authorization,
        body: Buffer.concat(chunks).toString(),
      }
      seen.push(entry)
      handler({ ...entry, raw }, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    host: `127.0.0.1:${port}`,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => {
          resolve()
        })
      }),
  }
}

export function sendJson(
  response: ServerResponse,
  status: number,
  content: unknown,
  headers: Record<string, string> = {},
) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(content))
}
