import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import { createReadStream, readdirSync } from 'node:fs'
import { join } from 'node:path'

export type IndexServer = {
  /** URL for pip's `--index-url`, with user and password if it requires them */
  url: string
  /** Paths that were requested and allowed */
  requests: string[]
  close: () => Promise<void>
}

/**
 * Serves a directory of wheels (`simple/<project>/<wheel>`) as a package index (PEP 503) on the
 * loopback interface.
 * @param credentials for HTTP basic authentication. Default: no authentication
 * @param port 0: any free port
 */
export async function serveIndex(
  directory: string,
  credentials?: { user: string; password: string },
  port = 0,
): Promise<IndexServer> {
  const userinfo =
    credentials && [credentials.user, credentials.password].map((part) => encodeURIComponent(part)).join(':')
  const expected =
    credentials && `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')}`
  const requests: string[] = []
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://index').pathname
    if (expected !== undefined && request.headers.authorization !== expected) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="stand-in"' }).end()
      return
    }
    requests.push(path)
    answer(directory, path, response)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the index server has no port')
  return {
    url: `http://${userinfo === undefined ? '' : `${userinfo}@`}127.0.0.1:${address.port}/simple/`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      }),
  }
}

function answer(directory: string, path: string, response: ServerResponse): void {
  const match = /^\/simple\/([a-z0-9-]+)\/([A-Za-z0-9_.+-]*)$/.exec(path)
  const project = match?.[1]
  const wheel = match?.[2]
  const wheels = project === undefined ? [] : list(join(directory, 'simple', project))
  if (project !== undefined && wheel !== undefined && wheels.includes(wheel)) {
    createReadStream(join(directory, 'simple', project, wheel)).pipe(response.writeHead(200))
  } else if (wheel === '' && wheels.length > 0) {
    const links = wheels.map((name) => `<a href="${encodeURIComponent(name)}">${name}</a><br>`)
    response
      .writeHead(200, { 'content-type': 'text/html' })
      .end(`<!DOCTYPE html><body>${links.join('\n')}</body>\n`)
  } else {
    response.writeHead(404).end()
  }
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory).sort()
  } catch {
    return []
  }
}

if (import.meta.main) {
  const [directory, port] = process.argv.slice(2)
  if (directory === undefined) throw new Error('usage: index-server.ts DIRECTORY [PORT]')
  const { url } = await serveIndex(directory, undefined, Number(port ?? 0))
  process.stdout.write(`${url}\n`)
}
