import { describe, expect, it } from '@jest/globals'
import { digestOf } from '../../../src/registry/content/digest.ts'
import { mediaTypes } from '../../../src/registry/content/media-types.ts'
import { quickRetry } from '../../support/retry.ts'
import { at, type Handler, sendJson, sentence, useOpened } from '../../support/web-server.ts'

const { server, client } = useOpened()

const blob = Buffer.alloc(300_000, 'blob')
const digest = digestOf(blob)

/**
 * A registry that has the blob in `a/from`, accepts uploads to `b/to`, and answers mounts by
 * `mount`.
 */
function withoutMounts(mount: Handler): Handler {
  let isThere = false
  return (request, response) => {
    const { method, path } = request
    if (method === 'POST' && path.includes('mount=')) mount(request, response)
    else if (method === 'POST') response.writeHead(202, { location: '/v2/b/to/blobs/uploads/1' }).end()
    else if (method === 'PUT') {
      isThere = digestOf(request.bytes) === digest
      response.writeHead(201).end()
    } else if (path.startsWith('/v2/a/from/')) response.end(blob)
    else response.writeHead(isThere ? 200 : 404).end()
  }
}

const refusing =
  (status: number, code: string): Handler =>
  (_, response) =>
    sendJson(response, status, { errors: [{ code, message: 'no mounts' }] })

describe('a mount', () => {
  it.each<[string, Handler]>([
    ['403 DENIED', refusing(403, 'DENIED')],
    ['401 UNAUTHORIZED', refusing(401, 'UNAUTHORIZED')],
    ['404 NAME_UNKNOWN', refusing(404, 'NAME_UNKNOWN')],
    ['405 UNSUPPORTED', refusing(405, 'UNSUPPORTED')],
    ['400 BLOB_UPLOAD_INVALID', refusing(400, 'BLOB_UPLOAD_INVALID')],
    ['500 UNKNOWN', refusing(500, 'UNKNOWN')],
    ['501', (_, response) => response.writeHead(501).end()],
    ['a redirect', (_, response) => response.writeHead(307, { location: '/elsewhere' }).end()],
    ['a broken connection', (_, response) => response.destroy()],
  ])('that is answered with %s becomes an upload, and is not requested again', async (_, mount) => {
    const registry = await server(withoutMounts(mount))
    const copy = { from: at(registry, 'a/from'), to: at(registry, 'b/to'), digest, size: blob.length }
    const registryClient = client(undefined, undefined, { withRetries: quickRetry({ retries: 1 }).run })
    expect(await registryClient.mountBlob(copy)).toBe('streamed')
    expect(registry.seen.at(-1)?.body).toBe(blob.toString())
    const asked = registry.seen.length
    expect(await registryClient.mountBlob(copy)).toBe('exists')
    expect(registry.seen.slice(asked).map(({ method }) => method)).toEqual(['HEAD'])
  })

  it('whose token is refused becomes an upload', async () => {
    const registry = await server((request, response) => {
      const { path, authorization, raw } = request
      const realm = `Bearer realm="http://${raw.headers.host ?? ''}/token",service="test"`
      if (path.startsWith('/token'))
        if (path.includes('from%3Apull&') || path.endsWith('from%3Apull'))
          if (path.includes('b%2Fto')) sendJson(response, 403, { details: 'no access to a/from' })
          else sendJson(response, 200, { token: 'from' })
        else sendJson(response, 200, { token: 'to' })
      else if (authorization === undefined) sendJson(response, 401, {}, { 'www-authenticate': realm })
      else withoutMounts(refusing(500, 'UNKNOWN'))(request, response)
    })
    const copy = { from: at(registry, 'a/from'), to: at(registry, 'b/to'), digest, size: blob.length }
    expect(await client().mountBlob(copy)).toBe('streamed')
  })

  it('that is refused like the upload is an error that names both refusals', async () => {
    const registry = await server(({ method, path }, response) => {
      if (method !== 'POST') response.writeHead(404).end()
      else if (path.includes('mount=')) sendJson(response, 400, { errors: [{ code: 'UNSUPPORTED' }] })
      else sendJson(response, 403, { errors: [{ code: 'DENIED', message: 'read only' }] })
    })
    const copy = { from: at(registry, 'a/from'), to: at(registry, 'b/to'), digest, size: blob.length }
    const refused = `registry ${registry.host} refused the push to b/to`
    expect(await sentence(client().mountBlob(copy))).toBe(
      `${refused}: 400 bad request (UNSUPPORTED); and by upload instead of a mount: ${refused}: 403 forbidden (read only); there are no credentials for it: run docker login before this step, or set username and password if it is the registry of the input registry, mirror-credentials if it is that of a mirror.`,
    )
  })

  it('that is refused for a missing blob is an error that names both', async () => {
    const registry = await server(({ method, path }, response) => {
      if (method === 'POST' && path.includes('mount=')) response.writeHead(404).end()
      else if (method === 'POST') response.writeHead(202, { location: '/up' }).end()
      else response.writeHead(404).end()
    })
    const copy = { from: at(registry, 'a/from'), to: at(registry, 'b/to'), digest, size: blob.length }
    expect(await sentence(client().mountBlob(copy))).toMatch(
      /404 not found; and by upload instead of a mount: .*a\/from has no blob/,
    )
  })
})

describe('another success than that of the specification', () => {
  const answering = (statuses: { start: number; upload: number; manifest: number }): Handler => {
    const kept = new Map<string, Buffer>()
    return ({ method, path, bytes }, response) => {
      const { pathname, searchParams } = new URL(path, 'http://x')
      const name = searchParams.get('digest') ?? pathname.split('/').at(-1) ?? ''
      if (method === 'POST') response.writeHead(statuses.start, { location: '/up' }).end()
      else if (method === 'PUT') {
        kept.set(name, bytes)
        response.writeHead(path.includes('/manifests/') ? statuses.manifest : statuses.upload).end()
      } else if (kept.has(name)) {
        const type = path.includes('/manifests/') ? mediaTypes.ociIndex : 'application/octet-stream'
        response.writeHead(200, { 'content-type': type })
        response.end(method === 'GET' ? kept.get(name) : undefined)
      } else response.writeHead(404).end()
    }
  }
  const index = Buffer.from(`{"schemaVersion":2,"mediaType":"${mediaTypes.ociIndex}","manifests":[]}`)

  it.each([200, 201, 202, 204])('is a success: %i', async (status) => {
    const registry = await server(answering({ start: status, upload: status, manifest: status }))
    expect(await client().putBlob(at(registry), blob)).toBe(digest)
    expect(await client().putManifest(at(registry), 'a', index, mediaTypes.ociIndex)).toBe(digestOf(index))
    expect(registry.seen.at(-1)).toMatchObject({ method: 'GET', path: '/v2/aibrix/x/manifests/a' })
  })

  it.each([200, 204])('of a mount is checked: %i', async (status) => {
    const without = await server(
      withoutMounts((_, response) =>
        response.writeHead(status, { location: '/v2/b/to/blobs/uploads/1' }).end(),
      ),
    )
    const copyIn = (registry: typeof without) =>
      client().mountBlob({
        from: at(registry, 'a/from'),
        to: at(registry, 'b/to'),
        digest,
        size: blob.length,
      })
    expect(await copyIn(without)).toBe('streamed')
    const mounting = await server(({ method }, response) =>
      response.writeHead(method === 'HEAD' ? 200 : status).end(),
    )
    expect(await copyIn(mounting)).toBe('mounted')
  })

  it('is an error if the registry does not have the content afterwards', async () => {
    const registry = await server(({ method, path }, response) => {
      if (method === 'POST') response.writeHead(202, { location: '/up' }).end()
      else if (method !== 'PUT') response.writeHead(404).end()
      else if (path.includes('/manifests/'))
        response.writeHead(202, { 'docker-content-digest': digestOf(index) }).end()
      else response.writeHead(202).end()
    })
    expect(await sentence(client().putBlob(at(registry), blob))).toContain('does not have it')
    const put = client().putManifest(at(registry), 'a', index, mediaTypes.ociIndex)
    expect(await sentence(put)).toContain('the registry does not have it')
  })
})
