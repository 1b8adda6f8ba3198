import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { registry } from './action.ts'

export type RegistryProxy = {
  host: string
  /** What was asked for, in its order: `GET /v2/…` */
  seen: string[]
  /** The most requests that were under way at once */
  peak: () => number
  close: () => Promise<void>
}

export type Door = {
  /** Who may pass; nobody else is let through. Without them everybody may. */
  credentials?: { user: string; password: string }
  /** Answers 403 to every write, as a registry does for a token without the right to push */
  readOnly?: boolean
  /** Answers 500 to every write */
  broken?: boolean
  /** Milliseconds before each answer */
  delay?: number
  /** Answers with this JSON instead of passing a request on; undefined passes it on */
  answers?: (seen: string) => string | undefined
  /** Asks for a token as Docker Hub does, one for each repository, and gives it to everybody; those requests are seen, too */
  tokens?: boolean
  /** Awaited before a request is passed on; a number is the status of an answer that is given instead */
  before?: (seen: string) => Promise<number | undefined> | number | undefined
  /** Awaited when the registry has done what it was asked for, before the answer is passed back */
  after?: (seen: string) => Promise<void> | void
}

const denied = '{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]}'
const unauthorized = '{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}'

/** @returns whether a request, as `seen` has it, changes something in a registry */
export function isWrite(seen: string): boolean {
  return !/^(?:GET|HEAD) /.test(seen)
}

/** The test registry behind a door: asks for user and password, refuses every write, counts. */
export async function openRegistryProxy(door: Door): Promise<RegistryProxy> {
  const { credentials, readOnly = false, broken = false, delay = 0 } = door
  const expected =
    credentials && `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')}`
  const [hostname, port] = registry.split(':')
  const seen: string[] = []
  const underWay = { now: 0, most: 0 }
  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const { method = '', url = '' } = incoming
    seen.push(`${method} ${url}`)
    underWay.now += 1
    underWay.most = Math.max(underWay.most, underWay.now)
    outgoing.once('close', () => (underWay.now -= 1))
    const answer = (status: number, body: string, headers: Record<string, string> = {}): void => {
      outgoing.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)
    }
    if (door.tokens && url.startsWith('/token')) return answer(200, '{"token":"anyone"}')
    if (door.tokens && incoming.headers.authorization !== 'Bearer anyone') {
      const realm = `Bearer realm="http://${incoming.headers.host ?? ''}/token",service="test"`
      return answer(401, unauthorized, { 'www-authenticate': realm })
    }
    if (expected !== undefined && incoming.headers.authorization !== expected)
      return answer(401, unauthorized, { 'www-authenticate': 'Basic realm="test"' })
    if (readOnly && isWrite(`${method} `)) return answer(403, denied)
    if (broken && isWrite(`${method} `)) return answer(500, '{}')
    const status = await door.before?.(`${method} ${url}`)
    if (status !== undefined) return answer(status, '{}')
    const instead = door.answers?.(`${method} ${url}`)
    if (instead !== undefined) return answer(200, instead)
    const { authorization: _, ...headers } = incoming.headers
    const passBack = async (answered: IncomingMessage): Promise<void> => {
      await door.after?.(`${method} ${url}`)
      setTimeout(() => {
        outgoing.writeHead(answered.statusCode ?? 502, answered.headers)
        answered.pipe(outgoing)
      }, delay)
    }
    const passed = request(
      { hostname, port, method, path: url, headers },
      (answered) => void passBack(answered),
    )
    passed.on('error', () => outgoing.destroy())
    incoming.pipe(passed)
  }
  const server = createServer((incoming, outgoing) => void handle(incoming, outgoing))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')
  return {
    host: `127.0.0.1:${address.port}`,
    seen,
    peak: () => underWay.most,
    close: () =>
      new Promise((done) => {
        server.close(() => {
          done()
        })
        server.closeAllConnections()
      }),
  }
}
