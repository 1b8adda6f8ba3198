import { describe, expect, it } from '@jest/globals'
import type { ServerResponse } from 'node:http'
import { UserError } from '../../../src/errors.ts'
import type { CredentialLookup } from '../../../src/registry/auth/credentials.ts'
import { digestOf } from '../../../src/registry/content/digest.ts'
import { mediaTypes } from '../../../src/registry/content/media-types.ts'
import { quickRetry } from '../../support/retry.ts'
import {
  at,
  type Gauge,
  type Handler,
  sendJson,
  sentence,
  type TestServer,
  useOpened,
} from '../../support/web-server.ts'

const { server, client } = useOpened()

const blob = Buffer.alloc(3000, 'blob')
const digest = digestOf(blob)
const manifest = Buffer.from(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, digest, size: blob.length },
    layers: [],
  }),
)
const manifestDigest = digestOf(manifest)

type Kind = 'token' | 'manifest' | 'blob' | 'put manifest' | 'start' | 'finish' | 'tags' | 'second tags'
type Answer = {
  status: number
  headers: Record<string, string>
  body?: Buffer
  /** Called before the answer */
  store?: () => void
}
type Fault = (good: Answer, response: ServerResponse) => void

const send = ({ status, headers, body = Buffer.alloc(0), store }: Answer, response: ServerResponse) => {
  store?.()
  response.writeHead(status, { 'content-length': body.length, ...headers }).end(body)
}

/** Wrong answers, by their name */
const faults: Record<string, Fault> = {
  '429': (_, response) => {
    send({ status: 429, headers: {} }, response)
  },
  '429 with Retry-After': (_, response) => {
    send({ status: 429, headers: { 'retry-after': '0' } }, response)
  },
  '500': (_, response) => {
    sendJson(response, 500, { errors: [{ code: 'UNKNOWN', message: 'unknown error' }] })
  },
  '502': (_, response) => {
    send({ status: 502, headers: { 'content-type': 'text/html' }, body: Buffer.from('<html>') }, response)
  },
  'a reset': (_, response) => {
    response.socket?.resetAndDestroy()
  },
  'a truncated body': ({ status, headers, body = Buffer.from('x'), store }, response) => {
    store?.()
    response.writeHead(status, { ...headers, 'content-length': body.length + 1 })
    response.write(body.subarray(0, body.length / 2), () => response.destroy())
  },
  'silence after the head': ({ status, headers, body = Buffer.from('x'), store }, response) => {
    store?.()
    response.writeHead(status, { ...headers, 'content-length': body.length + 1 }).flushHeaders()
  },
  silence: () => undefined,
  'other bytes': (good, response) => {
    const body = Buffer.from(good.body ?? '')
    if (body.length > 0) body.writeUInt8(1, body.length - 1)
    const headers = good.body
      ? good.headers
      : { ...good.headers, 'docker-content-digest': `sha256:${'0'.repeat(64)}` }
    send({ ...good, headers, body }, response)
  },
}

/** A registry with a token service that answers one kind of request wrongly a number of times. */
function registryWith(kind: Kind, fault: Fault, times: number) {
  const stored = { blobs: new Set<string>() }
  let left = times
  let asked = 0
  const answerTo = (request: Parameters<Handler>[0], host: string): [Kind | undefined, Answer] => {
    const { method, path, authorization, body } = request
    const json = (content: unknown) => Buffer.from(JSON.stringify(content))
    if (path.startsWith('/token')) return ['token', { status: 200, headers: {}, body: json({ token: 't' }) }]
    if (authorization !== 'Bearer t') {
      const challenge = `Bearer realm="http://${host}/token",scope="repository:x:pull"`
      return [undefined, { status: 401, headers: { 'www-authenticate': challenge } }]
    }
    if (path.includes('/tags/list')) {
      if (path.includes('last='))
        return ['second tags', { status: 200, headers: {}, body: json({ tags: ['b'] }) }]
      const link = '</v2/aibrix/x/tags/list?last=a>; rel="next"'
      return ['tags', { status: 200, headers: { link }, body: json({ tags: ['a'] }) }]
    }
    if (method === 'POST') return ['start', { status: 202, headers: { location: '/v2/up' } }]
    if (path.startsWith('/v2/up')) {
      const name = digestOf(Buffer.from(body))
      if (name !== digest)
        return ['finish', { status: 400, headers: {}, body: json({ errors: [{ code: 'DIGEST_INVALID' }] }) }]
      const store = () => stored.blobs.add(name)
      return ['finish', { status: 201, headers: { 'docker-content-digest': name }, store }]
    }
    if (method === 'PUT') {
      const name = digestOf(Buffer.from(body))
      return ['put manifest', { status: 201, headers: { 'docker-content-digest': name } }]
    }
    if (method === 'HEAD') return [undefined, { status: stored.blobs.has(digest) ? 200 : 404, headers: {} }]
    if (path.includes('/blobs/')) return ['blob', { status: 200, headers: {}, body: blob }]
    const headers = { 'content-type': mediaTypes.ociManifest, 'docker-content-digest': manifestDigest }
    return ['manifest', { status: 200, headers, body: manifest }]
  }
  const handler: Handler = (request, response) => {
    const [is, good] = answerTo(request, request.raw.headers.host ?? '')
    if (is === kind) asked += 1
    if (is === kind && left-- > 0) fault(good, response)
    else send(good, response)
  }
  return { handler, stored, asked: () => asked }
}

type Client = ReturnType<typeof client>
type Operation = {
  kind: Kind
  work: (client: Client, registry: TestServer) => Promise<unknown>
  result: unknown
}

const operations: Operation[] = [
  {
    kind: 'token',
    work: (one, here) => one.getManifest(at(here), 'v1'),
    result: expect.objectContaining({ digest: manifestDigest }),
  },
  {
    kind: 'manifest',
    work: (one, here) => one.getManifest(at(here), 'v1'),
    result: expect.objectContaining({ digest: manifestDigest }),
  },
  { kind: 'blob', work: (one, here) => one.getBlob(at(here), digest, 10_000), result: blob },
  {
    kind: 'put manifest',
    work: (one, here) => one.putManifest(at(here), 'v1', manifest, mediaTypes.ociManifest),
    result: manifestDigest,
  },
  { kind: 'start', work: (one, here) => one.putBlob(at(here), blob), result: digest },
  { kind: 'finish', work: (one, here) => one.putBlob(at(here), blob), result: digest },
  { kind: 'tags', work: (one, here) => one.listTags(at(here)), result: ['a', 'b'] },
  { kind: 'second tags', work: (one, here) => one.listTags(at(here)), result: ['a', 'b'] },
]

/** Faults without an effect: the answer's body is not needed, or the fault cannot be recognised. */
const harmless: Record<string, readonly Kind[]> = {
  'a truncated body': ['start', 'finish', 'put manifest'],
  'silence after the head': ['start', 'finish', 'put manifest'],
  // The blob exists at the second attempt.
  'other bytes': ['start', 'finish'],
}

const withPassword: CredentialLookup = () =>
  Promise.resolve({ kind: 'password', username: 'me', password: 'p' })
const patient = { request: 10_000, stall: 10_000 }
const impatient = { request: 150, stall: 150 }
const isSilent = (name: string) => name.startsWith('silence')
const timeoutsFor = (name: string) => (isSilent(name) ? impatient : patient)

const table = operations.flatMap((operation) =>
  Object.entries(faults).flatMap(([name, fault]) =>
    (isSilent(name) ? [1, Infinity] : [1, 3, Infinity]).map((times) => ({
      ...operation,
      name,
      fault,
      times,
    })),
  ),
)

describe('a client with retries', () => {
  it.each(table)(
    'survives $name of $kind $times times, or reports it',
    async ({ kind, work, result, name, fault, times }) => {
      const { handler, asked } = registryWith(kind, fault, times)
      const registry = await server(handler)
      const again = client(withPassword, timeoutsFor(name), { withRetries: quickRetry().run })
      // A reset connection is replaced at once if it was reused; on a slow machine, other requests
      // time out, too.
      const isCountable = name !== 'a reset' && !isSilent(name)
      const isHarmless = harmless[name]?.includes(kind) ?? false
      if (times === Infinity && !isHarmless) {
        expect(await sentence(work(again, registry))).toMatch(/; gave up after 4 attempts\.$/)
        // A reset connection is replaced at once if it was reused.
        expect(asked()).toBeGreaterThanOrEqual(4)
        if (name !== 'a reset') expect(asked()).toBe(4)
      } else {
        expect(await work(again, registry)).toEqual(result)
        if (isCountable) expect(asked()).toBe(isHarmless ? 1 : times + 1)
      }
    },
  )

  it('calls the check before each attempt to store a manifest', async () => {
    const { handler, asked } = registryWith('put manifest', faults['502'] ?? send, 1)
    const registry = await server(handler)
    const again = client(withPassword, patient, { withRetries: quickRetry().run })
    let checked = 0
    const check = async (): Promise<void> => {
      if ((checked += 1) > 1) throw new UserError('Somebody else was faster.')
      await Promise.resolve()
    }
    const put = again.putManifest(at(registry), 'v1', manifest, mediaTypes.ociManifest, check)
    expect(await sentence(put)).toBe('Somebody else was faster.')
    expect([checked, asked()]).toEqual([2, 1])
  })

  it.each(Object.entries(faults))(
    'streams a blob again from its start after %s of its source',
    async (name, fault) => {
      const source = await server(registryWith('blob', fault, 2).handler)
      const target = registryWith('token', fault, 0)
      const to = await server(target.handler)
      const again = client(withPassword, timeoutsFor(name), { withRetries: quickRetry().run })
      const copy = { from: at(source), to: at(to), digest, size: blob.length }
      expect(await again.mountBlob(copy)).toBe('streamed')
      expect([...target.stored.blobs]).toEqual([digest])
    },
  )

  it.each(Object.entries(faults))('streams a blob again after %s at its end', async (name, fault) => {
    const source = await server(registryWith('token', fault, 0).handler)
    const target = registryWith('finish', fault, 2)
    const to = await server(target.handler)
    const again = client(withPassword, timeoutsFor(name), { withRetries: quickRetry().run })
    const copy = { from: at(source), to: at(to), digest, size: blob.length }
    // If only the answer was lost, the blob exists at the second attempt.
    expect(['streamed', 'exists']).toContain(await again.mountBlob(copy))
    expect([...target.stored.blobs]).toEqual([digest])
    expect(target.asked()).toBeGreaterThanOrEqual(name in harmless ? 1 : 2)
  })

  it('never completes an upload of wrong bytes', async () => {
    const source = await server(
      registryWith('blob', faults['other bytes'] ?? (() => undefined), Infinity).handler,
    )
    const target = registryWith('finish', () => undefined, 0)
    const to = await server(target.handler)
    const again = client(withPassword, patient, { withRetries: quickRetry().run })
    const copy = { from: at(source), to: at(to), digest, size: blob.length }
    expect(await sentence(again.mountBlob(copy))).toContain('should have the digest')
    expect(target.asked()).toBe(0)
    expect(target.stored.blobs.size).toBe(0)
  })

  it.each([
    [401, 'UNAUTHORIZED'],
    [403, 'DENIED'],
    [404, 'NAME_UNKNOWN'],
    [400, 'MANIFEST_INVALID'],
  ])('sends one request if a registry returns %i', async (status, code) => {
    const registry = await server((_, response) => {
      sendJson(response, status, { errors: [{ code }] })
    })
    const again = client(withPassword, patient, { withRetries: quickRetry().run })
    await sentence(again.putManifest(at(registry), 'v1', manifest, mediaTypes.ociManifest))
    expect(registry.seen).toHaveLength(1)
  })

  it('lets other requests run during a delay', async () => {
    const gauge: Gauge = { now: 0, most: 0 }
    const registry = await server(({ path }, response) => {
      if (path.includes('/broken/')) sendJson(response, 503, {})
      else sendJson(response, 200, { tags: ['a'] })
    }, gauge)
    let go: () => void = () => undefined
    const gone = new Promise<void>((resolve) => (go = resolve))
    const again = client(undefined, patient, { withRetries: quickRetry({ wait: () => gone }).run })
    const broken = Array.from({ length: 20 }, (_, index) =>
      sentence(again.listTags(at(registry, `broken/${index}`))),
    )
    expect(await again.listTags(at(registry, 'whole'))).toEqual(['a'])
    go()
    for (const each of broken) expect(await each).toContain('503')
  })

  it('holds no slot for an answer that never completes', async () => {
    const registry = await server(({ path }, response) => {
      if (path.includes('/whole/')) sendJson(response, 200, { tags: ['a'] })
      else response.writeHead(404, { 'content-length': 10 }).flushHeaders()
    })
    const one = client(undefined, { request: 1000, stall: 1000 })
    for (let index = 0; index < 8; index++)
      expect(await one.getManifest(at(registry, `x/${index}`), 'v1')).toBeUndefined()
    expect(await one.listTags(at(registry, 'whole'))).toEqual(['a'])
  })
})
