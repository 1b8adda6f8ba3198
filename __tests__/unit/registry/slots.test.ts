import { describe, expect, it } from '@jest/globals'
import type { CredentialLookup } from '../../../src/registry/auth/credentials.ts'
import { digestOf } from '../../../src/registry/content/digest.ts'
import { mediaTypes } from '../../../src/registry/content/media-types.ts'
import { at, type Gauge, type Handler, sendJson, useOpened } from '../../support/web-server.ts'

const { server, client } = useOpened()

const withPassword: CredentialLookup = () =>
  Promise.resolve({ kind: 'password', username: 'me', password: 'p' })
const gauge = (): Gauge => ({ now: 0, most: 0 })
const times = <Result>(count: number, work: (index: number) => Promise<Result>) =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)))

const blob = Buffer.alloc(200_000, 'blob')
const digest = digestOf(blob)
const manifest = Buffer.from(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, digest, size: blob.length },
    layers: [],
  }),
)

/** Answers every request after a delay, with another delay before the second half of the body. */
const slow: Handler = ({ method, path }, response) => {
  const send = (status: number, headers: Record<string, string | number>, body = Buffer.alloc(0)) => {
    response.writeHead(status, headers)
    if (method === 'HEAD' || body.length === 0) return response.end()
    response.write(body.subarray(0, body.length / 2))
    return setTimeout(() => response.end(body.subarray(body.length / 2)), 5)
  }
  setTimeout(() => {
    if (method === 'PUT' && path.includes('digest=')) send(201, {})
    else if (path.includes('/tags/')) send(200, {}, Buffer.from('{"tags":["a"]}'))
    else if (path.includes('/uploads/')) send(202, { location: '/up' })
    else if (method === 'HEAD') send(404, {})
    else if (method === 'PUT') send(201, { 'docker-content-digest': digestOf(manifest) })
    else if (path.includes('/manifests/')) send(200, { 'content-type': mediaTypes.ociManifest }, manifest)
    else send(200, { 'content-length': blob.length }, blob)
  }, 40)
}

describe('a client', () => {
  it('has at most 8 requests of any kind in flight', async () => {
    const load = gauge()
    const registry = await server(slow, load)
    const registryClient = client()
    await times(10, (index) => {
      const here = at(registry, `x/${index}`)
      return Promise.all([
        registryClient.listTags(here),
        registryClient.getManifest(here, 'v1'),
        registryClient.putManifest(here, 'v1', manifest, mediaTypes.ociManifest),
        registryClient.getBlob(here, digest, blob.length),
        registryClient.hasBlob(here, digest),
        registryClient.putBlob(here, blob),
        registryClient.mountBlob({ from: at(registry, 'from'), to: here, digest, size: blob.length }),
      ])
    })
    expect(load).toEqual({ now: 0, most: 8 })
  })

  it('counts a request until its answer was read', async () => {
    const load = gauge()
    const registry = await server((_, response) => {
      response.writeHead(200)
      response.write('{"tags":')
      // Long enough for a busy machine to start all requests that may be in flight
      setTimeout(() => response.end('["a"]}'), 300)
    }, load)
    const registryClient = client()
    await times(20, () => registryClient.listTags(at(registry)))
    expect(load.most).toBe(8)
  })

  it('counts the requests for tokens, which need no slot of their own', async () => {
    const load = gauge()
    const tokens = await server((_, response) => {
      setTimeout(() => {
        sendJson(response, 200, { token: 't', expires_in: 300 })
      }, 5)
    }, load)
    const registry = await server((request, response) => {
      if (request.authorization === 'Bearer t') slow(request, response)
      else sendJson(response, 401, {}, { 'www-authenticate': `Bearer realm="http://${tokens.host}/token"` })
    }, load)
    const registryClient = client(withPassword)
    await times(40, (index) => registryClient.listTags(at(registry, `x/${index}`)))
    expect(tokens.seen).toHaveLength(40)
    expect(load.most).toBe(8)
  })

  it('streams many blobs between registries and sends other requests without a deadlock', async () => {
    const load = gauge()
    const [source, target] = [await server(slow, load), await server(slow, load)]
    const registryClient = client()
    const outcomes = await times(30, async (index) => {
      if (index >= 20) return registryClient.hasBlob(at(target), digest)
      const [from, to] = [at(source, 'from'), at(target, `to/${index}`)]
      return registryClient.mountBlob({ from, to, digest, size: blob.length })
    })
    expect(outcomes.filter((outcome) => outcome === 'streamed')).toHaveLength(20)
    expect(load.most).toBeGreaterThan(4)
    expect(load.most).toBeLessThanOrEqual(8)
  })

  it('frees the slot after any outcome of a request', async () => {
    const handlers: Handler[] = [
      (_, response) => response.destroy(),
      (_, response) =>
        response.writeHead(200, { 'content-length': '9' }).write('{', () => response.destroy()),
      (_, response) => response.writeHead(403).end('no'),
      (_, response) =>
        response.writeHead(401, { 'www-authenticate': 'Bearer realm="http://a.example/"' }).end(),
      (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'.repeat(50_000)),
      (_, response) => response.writeHead(307, { location: 'ftp://a.example' }).end('x'.repeat(100_000)),
      () => undefined,
    ]
    let count = 0
    const registry = await server((request, response) => {
      handlers[count++ % handlers.length]?.(request, response)
    })
    const registryClient = client(withPassword, { request: 1000, stall: 1000 })
    const failures = await times(10 * handlers.length, () =>
      registryClient.listTags(at(registry)).then(
        () => 'none',
        () => 'failure',
      ),
    )
    expect(new Set(failures)).toEqual(new Set(['failure']))
    const fine = await server(slow)
    expect(await times(20, () => registryClient.listTags(at(fine)))).toHaveLength(20)
  })

  it('starts a time-out when a request is sent, not when it is made', async () => {
    const registry = await server((_, response) => {
      setTimeout(() => {
        sendJson(response, 200, { tags: [] })
      }, 300)
    })
    // Six rounds of eight take longer than the time-out, each request a fifth of it.
    const registryClient = client(undefined, { request: 1500, stall: 1500 })
    expect(await times(48, () => registryClient.listTags(at(registry)))).toHaveLength(48)
  })
})
