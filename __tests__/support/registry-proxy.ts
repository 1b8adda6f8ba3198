import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { registry } from './action.ts'
import { type Answer, give, json, spoil, swapByte } from './faults/answers.ts'
import { createStrikes, type Trouble } from './faults/trouble.ts'
import { listen } from './listen.ts'
import { gate, type Gatekeeping } from './registry-gate.ts'

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
  /** Whether something was done to it */
  struck: boolean
}

export type RegistryProxy = {
  host: string
  /** What was asked for, in its order: `GET /v2/…` */
  seen: string[]
  /** The same, with what is known of each request */
  requests: Seen[]
  /** Manifests that the registry took, in their order: `vllm-openai/manifests/v0.21.0` */
  stored: string[]
  /** Requests that are under way, and the most that were at once */
  underWay: () => number
  peak: () => number
  /** From now on the trouble is over */
  heal: () => void
  close: () => Promise<void>
}

export type Door = Gatekeeping & {
  /** Host and port of the registry behind it; the test registry if left out */
  upstream?: string
  /** Answers 403 to every write, as a registry does for a token without the right to push */
  readOnly?: boolean
  /** Answers 500 to every write */
  broken?: boolean
  /** false: it opens an upload where a blob is to be mounted, as registries may; large ones are mounted */
  mounts?: boolean
  /** Milliseconds before each answer */
  delay?: number
  /** Answers with this JSON instead of passing a request on; undefined passes it on */
  answers?: (seen: string) => string | undefined
  /** Awaited before a request is passed on; a number is the status of an answer that is given instead */
  before?: (seen: string) => Promise<number | undefined> | number | undefined
  /** Awaited when the registry has done what it was asked for, before the answer is passed back */
  after?: (seen: string) => Promise<void> | void
  /** What is wrong with which requests */
  trouble?: Trouble
}

const denied = '{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]}'

/** @returns whether a request, as `seen` has it, changes something in a registry */
export function isWrite(seen: string): boolean {
  return !/^(?:GET|HEAD) /.test(seen)
}

/** A registry behind a door: it asks who comes, refuses, counts, waits, and breaks what passes through. What it has in `door` may change. */
export async function openRegistryProxy(door: Door): Promise<RegistryProxy> {
  const { upstream = registry } = door
  const requests: Seen[] = []
  const seen: string[] = []
  const stored: string[] = []
  const underWay = { now: 0, most: 0 }
  const unmounted = new Set<string>()
  const strikes = createStrikes(door.trouble)
  /** What the registry says to it, or who stands before the registry. */
  const answerTo = async (
    one: Seen,
    incoming: IncomingMessage,
    body: Buffer,
  ): Promise<Answer | undefined> => {
    const { method, url } = one
    // A registry says in an upload's address how it was reached.
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
    const body = await buffer(incoming)
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

/** Bytes; a larger blob is mounted in any case, since streaming it would take too long. */
const streamable = 8_000_000

/** @returns the digest of a blob that is to be mounted, if it is not large */
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
  /** Bytes after which the connection to the registry breaks */
  part?: number
}

function pass({ upstream, method, url, headers, body, part }: Passed): Promise<Answer> {
  const { authorization: _, 'transfer-encoding': __, ...others } = headers
  const [hostname, port] = upstream.split(':')
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
