import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { registry } from './action.ts'
import { bodyOf } from './body.ts'
import { type Answer, give, json, spoil, swapByte } from './faults/answers.ts'
import { createStrikes, type Trouble } from './faults/trouble.ts'
import { responderOf } from './hosts-in-memory.ts'
import { listen } from './listen.ts'
import { gate, type Gatekeeping } from './registry-gate.ts'

/** A request as received by the proxy. */
export type Seen = {
  method: string
  /** Path and query */
  url: string
  /** Whether it came from the action, not from the engine */
  own: boolean
  /** Whether it transfers a blob that could not be mounted */
  streamed: boolean
  /** Milliseconds */
  at: number
  /** Whether it was disturbed */
  struck: boolean
}

export type RegistryProxy = {
  host: string
  /** All requests in order: `GET /v2/…` */
  seen: string[]
  /** The same, with details of each request */
  requests: Seen[]
  /** Manifests that the registry accepted, in order: `vllm-openai/manifests/v0.21.0` */
  stored: string[]
  /** Requests in flight, and their maximum */
  underWay: () => number
  peak: () => number
  /** Ends the trouble */
  heal: () => void
  close: () => Promise<void>
}

export type Door = Gatekeeping & {
  /** Host and port of the registry behind it. Default: the test registry */
  upstream?: string
  /** Answers 403 to every write, like a registry to a token without the right to push */
  readOnly?: boolean
  /** Answers 500 to every write */
  broken?: boolean
  /**
   * false: it opens an upload instead of mounting a blob, as registries may; large blobs are
   * mounted
   */
  mounts?: boolean
  /** Milliseconds before each response */
  delay?: number
  /** Answers with this JSON instead of forwarding a request; undefined forwards it */
  answers?: (seen: string) => string | undefined
  /**
   * Awaited before a request is forwarded; a number is the status of a response that is sent
   * instead
   */
  before?: (seen: string) => Promise<number | undefined> | number | undefined
  /** Awaited after the registry handled a request, before its response is forwarded */
  after?: (seen: string) => Promise<void> | void
  /** A fault, and the requests that have it */
  trouble?: Trouble
}

const denied = '{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]}'

/** Returns whether a request, in the form of `seen`, changes something in a registry. */
export function isWrite(seen: string): boolean {
  return !/^(?:GET|HEAD) /.test(seen)
}

/**
 * Starts a proxy in front of a registry that authenticates, refuses, counts, delays and disturbs
 * requests. Its `door` may change later.
 */
export async function openRegistryProxy(door: Door): Promise<RegistryProxy> {
  const { upstream = registry } = door
  const requests: Seen[] = []
  const seen: string[] = []
  const stored: string[] = []
  const underWay = { now: 0, most: 0 }
  const unmounted = new Set<string>()
  const strikes = createStrikes(door.trouble)
  /** Returns the response of the registry, or of what is in front of it. */
  const answerTo = async (
    one: Seen,
    incoming: IncomingMessage,
    body: Buffer,
  ): Promise<Answer | undefined> => {
    const { method, url } = one
    // A registry repeats in an upload's URL the scheme by which it was reached.
    const headers = { ...incoming.headers, ...(door.scheme && { 'x-forwarded-proto': door.scheme }) }
    const early = gate(door, one, headers.authorization, headers.host ?? '') ?? refusal(door, seenAs(one))
    if (early) return early
    const status = await door.before?.(seenAs(one))
    if (status !== undefined) return json(status, {})
    const instead = door.answers?.(seenAs(one))
    if (instead !== undefined) return { ...json(200, {}), body: Buffer.from(instead) }
    const small = door.mounts === false ? await smallMount(upstream, url) : undefined
    if (small !== undefined) unmounted.add(small)
    const passed = { upstream, method, url: small === undefined ? url : url.replace(/\?.*$/, ''), headers }
    const moment = one.struck ? door.trouble?.moment : undefined
    if (moment === 'half') {
      await pass({ ...passed, body, part: body.length >> 1 }).catch(() => undefined)
      return undefined
    }
    const answer = await pass({ ...passed, body: moment === 'changed' ? swapByte(body) : body })
    if (method === 'PUT' && answer.status === 201 && url.includes('/manifests/'))
      stored.push(url.split('/').slice(-3).join('/'))
    await door.after?.(seenAs(one))
    return answer
  }
  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    underWay.now += 1
    underWay.most = Math.max(underWay.most, underWay.now)
    outgoing.once('close', () => (underWay.now -= 1))
    const one = seenOf(incoming, unmounted)
    requests.push(one)
    seen.push(seenAs(one))
    one.struck = strikes.isNext(one)
    const trouble = one.struck ? door.trouble : undefined
    const body = await bodyOf(incoming)
    if (trouble?.moment === 'before') return spoil(trouble.fault, outgoing)
    const answer = await answerTo(one, incoming, body)
    if (trouble && (trouble.moment === 'after' || !answer))
      return spoil(trouble.fault, outgoing, answer, one.method)
    if (door.delay !== undefined) await sleep(door.delay)
    if (answer) give(outgoing, answer)
  }
  const server = createServer((incoming, outgoing) => {
    handle(incoming, outgoing).catch(() => outgoing.destroy())
  })
  const { host, close } = await listen(server)
  return {
    host,
    seen,
    requests,
    stored,
    underWay: () => underWay.now,
    peak: () => underWay.most,
    heal: strikes.end,
    close,
  }
}

const seenAs = ({ method, url }: Seen): string => `${method} ${url}`

function seenOf({ method = '', url = '', headers }: IncomingMessage, unmounted: Set<string>): Seen {
  const own = headers['user-agent'] === 'aibrix-image-action'
  const streamed = [...unmounted].some((digest) => decodeURIComponent(url).includes(digest))
  return { method, url, own, streamed, at: performance.now(), struck: false }
}

function refusal({ readOnly = false, broken = false }: Door, seen: string): Answer | undefined {
  if (readOnly && isWrite(seen)) return { ...json(403, {}), body: Buffer.from(denied) }
  return broken && isWrite(seen) ? json(500, {}) : undefined
}

/** Bytes; a larger blob is always mounted, because streaming it takes too long. */
const streamable = 8_000_000

/** Returns the digest of the blob to mount, unless it is large. */
async function smallMount(upstream: string, url: string): Promise<string | undefined> {
  const query = new URLSearchParams(url.split('?')[1])
  const [digest, from] = [query.get('mount'), query.get('from')]
  if (digest === null || from === null) return undefined
  const answer = await fetch(`http://${upstream}/v2/${from}/blobs/${digest}`, { method: 'HEAD' })
  return Number(answer.headers.get('content-length')) < streamable ? digest : undefined
}

type Passed = Pick<IncomingMessage, 'headers'> & {
  upstream: string
  method: string
  url: string
  body: Buffer
  /** Bytes after which the connection to the registry is reset */
  part?: number
}

function pass({ upstream, method, url, headers, body, part }: Passed): Promise<Answer> {
  const respond = part === undefined ? responderOf(upstream) : undefined
  if (respond) return Promise.resolve(respond({ method, url, headers, body }))
  const { authorization: _, 'transfer-encoding': __, ...others } = headers
  const [hostname, port] = upstream.split(':')
  const options = { hostname, port, method, path: url, headers: { ...others, 'content-length': body.length } }
  return new Promise((resolve, reject) => {
    const passed = request(options, (answered) => {
      const {
        statusCode: status = 502,
        headers: { 'transfer-encoding': chunked, ...rest },
      } = answered
      bodyOf(answered).then((bytes) => {
        const length = chunked === undefined ? {} : { 'content-length': String(bytes.length) }
        resolve({ status, headers: { ...rest, ...length }, body: bytes })
      }, reject)
    })
    passed.on('error', reject)
    if (part === undefined) passed.end(body)
    else passed.write(body.subarray(0, part), () => passed.destroy(new Error('broken off')))
  })
}
