import { describe, expect, it } from '@jest/globals'
import { digestOf } from '../../../src/registry/content/digest.ts'
import { at, type Handler, sendJson, useOpened } from '../../support/web-server.ts'

const { server, client } = useOpened()

const mediaType = 'application/vnd.oci.image.index.v1+json'
const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests: [] }))
const digest = digestOf(bytes)

/** A registry whose answers to HEAD have this status and these headers. */
const answering =
  (status: number, headers: Record<string, string> = {}): Handler =>
  ({ method }, response) => {
    if (method === 'HEAD') response.writeHead(status, headers).end()
    else response.writeHead(200, { 'content-type': mediaType }).end(bytes)
  }

describe('the digest of a tag', () => {
  it('is read from a header, without the manifest', async () => {
    const registry = await server(answering(200, { 'docker-content-digest': digest }))
    expect(await client().resolveTag(at(registry), 'v1')).toBe(digest)
    expect(registry.seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'HEAD /v2/aibrix/x/manifests/v1',
    ])
  })

  it.each([
    ['has no digest', 200, {}],
    ['has another kind of digest', 200, { 'docker-content-digest': 'sha512:00' }],
    ['is 400', 400, {}],
    ['is 405', 405, {}],
    ['is 501', 501, {}],
  ])('is computed from the manifest if the answer %s', async (_, status, headers) => {
    const registry = await server(answering(status, headers))
    expect(await client().resolveTag(at(registry), 'v1')).toBe(digest)
    expect(registry.seen.map(({ method }) => method)).toEqual(['HEAD', 'GET'])
  })

  it('is undefined if there is no such manifest', async () => {
    const registry = await server(answering(404))
    expect(await client().resolveTag(at(registry), 'v1')).toBeUndefined()
    expect(registry.seen).toHaveLength(1)
  })

  it.each([401, 403, 429, 500])('is an error if the registry answers %d', async (status) => {
    const registry = await server((_, response) => {
      sendJson(response, status, {})
    })
    await expect(client().resolveTag(at(registry), 'v1')).rejects.toThrow(String(status))
  })

  it('is an error if the host is no registry', async () => {
    const registry = await server((_, response) =>
      response.writeHead(404, { 'content-type': 'text/html' }).end(),
    )
    await expect(client().resolveTag(at(registry), 'v1')).rejects.toThrow('is not a registry')
  })
})
