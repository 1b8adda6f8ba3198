import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { registry } from '../action.ts'
import { type Answer, type Fault, give, spoil, swapByte } from './answers.ts'

/** A request as the proxy got it. */
export type Seen = {
  method: string
  /** Path and query */
  url: string
  /** Whether it came from the action, and not from the engine */
  own: boolean
  /** Whether it moves bytes of a blob that could not be mounted */
  streamed: boolean
  /** Milliseconds */
  at: number
  /** What was done to it */
  fault?: Fault
}

/** What is wrong with which requests. */
export type Trouble = {
  on: (seen: Seen) => boolean
  fault: Fault
  /**
   * `before` the registry sees the request, after `half` of its body went there, when its body is `changed` on the way there,
   * or `after` it has done what it was asked for
   */
  moment: 'before' | 'half' | 'changed' | 'after'
  /** How often it happens to one request, the first that comes; for ever, it happens to all of them */
  times: number
}

export type FaultProxy = {
  host: string
  seen: Seen[]
  /** Manifests that the registry took, in their order: `vllm-openai/manifests/v0.21.0` */
  stored: string[]
  /** From now on nothing is wrong any more */
  heal: () => void
  close: () => Promise<void>
}

/** Who may have a token, where one is wanted. */
export const login = { username: 'robot', password: 'a password of the tests' }
const token = 'a-token-of-the-tests'
const basic = `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`

/**
 * The test registry behind a proxy that breaks what passes through.
 * @param options.tokens whether it asks for tokens, which it gives itself
 * @param options.mounts false: it opens an upload where a blob is to be mounted, as registries may; large ones are mounted
 */
export async function openFaultProxy(
  trouble: Trouble,
  { tokens = false, mounts = true } = {},
): Promise<FaultProxy> {
  const seen: Seen[] = []
  const stored: string[] = []
  const unmounted = new Set<string>()
  const strikes = createStrikes(trouble)
  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const { method = '', url = '', headers } = incoming
    const own = headers['user-agent'] === 'aibrix-image-action'
    const streamed = [...unmounted].some((digest) => decodeURIComponent(url).includes(digest))
    const one: Seen = { method, url, own, streamed, at: performance.now() }
    seen.push(one)
    const isStruck = strikes.isNext(one)
    if (isStruck) one.fault = trouble.fault
    const moment = isStruck ? trouble.moment : undefined
    const body = await buffer(incoming)
    if (moment === 'before') return spoil(trouble.fault, outgoing)
    const early = tokens ? gate(one, headers.authorization, headers.host ?? '') : undefined
    const refused = mounts ? undefined : await smallMount(url)
    if (refused !== undefined) unmounted.add(refused)
    const passed = refused === undefined ? url : url.replace(/\?.*$/, '')
    if (moment === 'half') {
      await pass({ method, url: passed, headers, body, part: body.length >> 1 }).catch(() => undefined)
      return spoil(trouble.fault, outgoing)
    }
    const sent = moment === 'changed' ? swapByte(body) : body
    const answer = early ?? (await pass({ method, url: passed, headers, body: sent }))
    if (method === 'PUT' && answer.status === 201 && url.includes('/manifests/'))
      stored.push(url.split('/').slice(-3).join('/'))
    if (moment === 'after') return spoil(trouble.fault, outgoing, answer, method)
    give(outgoing, answer)
  }
  const server = createServer((incoming, outgoing) => {
    handle(incoming, outgoing).catch(() => outgoing.destroy())
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')
  const close = (): Promise<void> =>
    new Promise((done) => {
      server.close(() => {
        done()
      })
      server.closeAllConnections()
    })
  return { host: `127.0.0.1:${address.port}`, seen, stored, heal: strikes.end, close }
}

/** Counts what is wrong yet. */
function createStrikes({ on, times }: Trouble) {
  let left = times
  let victim: string | undefined
  const isNext = (one: Seen): boolean => {
    if (left === 0 || !on(one)) return false
    if (times !== Infinity && (victim ??= nameOf(one)) !== nameOf(one)) return false
    left -= 1
    return true
  }
  return { isNext, end: () => (left = 0) }
}

/** The same for a request that is sent again: an upload has another address then. */
function nameOf({ method, url }: Seen): string {
  const [path = '', query = ''] = url.split('?')
  const digest = new URLSearchParams(query).get('digest')
  return digest === null ? `${method} ${url}` : `${method} ${path.replace(/[^/]*$/, '')} ${digest}`
}

const json = { 'content-type': 'application/json' }

/** @returns the answer to whoever comes without a token, and of the token service; undefined if the registry shall answer */
function gate({ method, url }: Seen, authorization: string | undefined, host: string): Answer | undefined {
  const text = (status: number, content: unknown, headers = {}): Answer => ({
    status,
    headers: { ...json, ...headers },
    body: Buffer.from(JSON.stringify(content)),
  })
  if (url.startsWith('/token')) {
    if (method !== 'GET') return text(404, {})
    if (authorization === basic) return text(200, { token, expires_in: 300 })
    return text(401, { details: 'incorrect username or password' })
  }
  if (authorization === `Bearer ${token}`) return undefined
  const challenge = `Bearer realm="http://${host}/token",service="faults"`
  return text(401, { errors: [{ code: 'UNAUTHORIZED' }] }, { 'www-authenticate': challenge })
}

/** Bytes; a larger blob is mounted in any case, since streaming it would take too long. */
const streamable = 8_000_000

/** @returns the digest of a blob that is to be mounted, if it is not large */
async function smallMount(url: string): Promise<string | undefined> {
  const query = new URLSearchParams(url.split('?')[1])
  const [digest, from] = [query.get('mount'), query.get('from')]
  if (digest === null || from === null) return undefined
  const answer = await fetch(`http://${registry}/v2/${from}/blobs/${digest}`, { method: 'HEAD' })
  return Number(answer.headers.get('content-length')) < streamable ? digest : undefined
}

type Passed = Pick<IncomingMessage, 'headers'> & {
  method: string
  url: string
  body: Buffer
  /** Bytes after which the connection to the registry breaks */
  part?: number
}

function pass({ method, url, headers, body, part }: Passed): Promise<Answer> {
  const { authorization: _, 'transfer-encoding': __, ...others } = headers
  const [hostname, port] = registry.split(':')
  const options = { hostname, port, method, path: url, headers: { ...others, 'content-length': body.length } }
  return new Promise((resolve, reject) => {
    const passed = request(options, (answered) => {
      const {
        statusCode: status = 502,
        headers: { 'transfer-encoding': chunked, ...rest },
      } = answered
      buffer(answered).then((bytes) => {
        const length = chunked === undefined ? {} : { 'content-length': String(bytes.length) }
        resolve({ status, headers: { ...rest, ...length }, body: bytes })
      }, reject)
    })
    passed.on('error', reject)
    if (part === undefined) passed.end(body)
    else passed.write(body.subarray(0, part), () => passed.destroy(new Error('broken off')))
  })
}
