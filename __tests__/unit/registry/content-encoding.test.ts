import { describe, expect, it } from '@jest/globals'
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { digestOf } from '../../../src/registry/content/digest.ts'
import { mediaTypes } from '../../../src/registry/content/media-types.ts'
import { quickRetry } from '../../support/retry.ts'
import { at, type Handler, sentence, useOpened } from '../../support/web-server.ts'

const { server, client } = useOpened()

const manifest = Buffer.from(`{"schemaVersion":2,"mediaType":"${mediaTypes.ociIndex}","manifests":[]}`)
const blob = Buffer.alloc(300_000, 'blob')

/** A registry behind a proxy that encodes every answer. */
function encoding(name: string, encode: (bytes: Buffer) => Buffer): Handler {
  return ({ method, path }, response) => {
    const type = path.includes('/manifests/') ? mediaTypes.ociIndex : 'application/json'
    const body = path.includes('/manifests/') ? manifest : path.includes('/blobs/') ? blob : '{"tags":["a"]}'
    if (method === 'POST') response.writeHead(202, { location: '/up' }).end()
    else if (method === 'PUT') response.writeHead(201).end()
    else {
      response.writeHead(200, { 'content-type': type, 'content-encoding': name })
      response.end(encode(Buffer.from(body)))
    }
  }
}

describe('an answer', () => {
  it('is requested without compression', async () => {
    const asked: unknown[] = []
    const registry = await server(({ raw }, response) => {
      asked.push(raw.headers['accept-encoding'])
      response.end('{"tags":[]}')
    })
    await client().listTags(at(registry))
    expect(asked).toEqual(['identity'])
  })

  it.each<[string, (bytes: Buffer) => Buffer]>([
    ['gzip', gzipSync],
    ['X-GZIP', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
    ['deflate, gzip', (bytes) => gzipSync(deflateSync(bytes))],
    ['identity', (bytes) => bytes],
    ['aws-chunked', (bytes) => bytes],
  ])('that was compressed in transit is decompressed: %s', async (name, encode) => {
    const registry = await server(encoding(name, encode))
    const one = client()
    expect(await one.listTags(at(registry))).toEqual(['a'])
    expect((await one.getManifest(at(registry), digestOf(manifest)))?.bytes.equals(manifest)).toBe(true)
    expect((await one.getBlob(at(registry), digestOf(blob), blob.length)).equals(blob)).toBe(true)
    const target = await server(({ method }, response) =>
      response.writeHead({ POST: 202, PUT: 201 }[method] ?? 404, { location: '/up' }).end(),
    )
    const copy = { from: at(registry), to: at(target), digest: digestOf(blob), size: blob.length }
    expect(await one.mountBlob(copy)).toBe('streamed')
    expect(target.seen.at(-1)?.body).toBe(blob.toString())
  })

  it('stays compressed if it is a compressed layer', async () => {
    const layer = gzipSync(blob)
    const registry = await server((_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': layer.length }).end(layer),
    )
    const found = await client().getBlob(at(registry), digestOf(layer), layer.length)
    expect(found.equals(layer)).toBe(true)
    const target = await server(({ method, bytes }, response) => {
      if (method === 'PUT') expect(digestOf(bytes)).toBe(digestOf(layer))
      response.writeHead({ POST: 202, PUT: 201 }[method] ?? 404, { location: '/up' }).end()
    })
    const copy = { from: at(registry), to: at(target), digest: digestOf(layer), size: layer.length }
    expect(await client().mountBlob(copy)).toBe('streamed')
  })

  it.each<[string, Buffer]>([
    ['is something else', Buffer.from('{"tags":["a"]}')],
    ['breaks off', gzipSync('{"tags":["a"]}').subarray(0, 20)],
  ])('that %s instead is an error and retried', async (_, body) => {
    const registry = await server((_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(body),
    )
    const patient = client(undefined, undefined, { withRetries: quickRetry({ retries: 2 }).run })
    expect(await sentence(patient.listTags(at(registry)))).toContain(
      'is not gzip, as its Content-Encoding says; it was changed in transit',
    )
    expect(registry.seen).toHaveLength(3)
  })

  it('that exceeds the limit when decompressed is an error', async () => {
    const registry = await server((_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(9_000_000))),
    )
    expect(await sentence(client().listTags(at(registry)))).toContain('with more than 8388608 bytes')
  })

  it('whose connection breaks is incomplete, compressed or not', async () => {
    const registry = await server((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': 1000 })
      response.write(gzipSync('{}'), () => response.destroy())
    })
    expect(await sentence(client().listTags(at(registry)))).toContain('the connection was closed')
  })
})
