import { describe, expect, it } from '@jest/globals'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { downloadArtifact, putArtifact } from '../../../src/registry/artifact.ts'
import { digestOf } from '../../../src/registry/content/digest.ts'
import { cache, createMemory } from '../../support/memory-client.ts'
import { at, type Handler, sendJson, sentence, useOpened } from '../../support/web-server.ts'
import { quickRetry } from '../../support/retry.ts'

const { server, client } = useOpened()
const withPassword = () => Promise.resolve({ kind: 'password', username: 'user', password: 'word' } as const)

const bytes = Buffer.from('many bytes'.repeat(100_000))
const digest = digestOf(bytes)

const newPath = (): string => join(mkdtempSync(join(tmpdir(), 'blob-')), 'file')

function blobFile() {
  const path = newPath()
  writeFileSync(path, bytes)
  return { path, digest, size: bytes.length }
}

describe('a blob in a file', () => {
  it('is uploaded as it is', async () => {
    const registry = await server(({ method }, response) =>
      response.writeHead({ POST: 202, PUT: 201 }[method] ?? 404, { location: '/up' }).end(),
    )
    expect(await client().putBlob(at(registry), blobFile())).toBe(digest)
    expect(registry.seen.map(({ method }) => method)).toEqual(['HEAD', 'POST', 'PUT'])
    expect(registry.seen.at(-1)?.body).toBe(bytes.toString())
  })

  it('is not sent if the repository has it', async () => {
    const registry = await server((_, response) => response.end())
    expect(await client().putBlob(at(registry), blobFile())).toBe(digest)
    expect(registry.seen.map(({ method }) => method)).toEqual(['HEAD'])
  })

  it('is sent again from its start if the registry requests credentials after it', async () => {
    const bodies: string[] = []
    const registry = await server(({ method, authorization, body }, response) => {
      if (method === 'PUT') bodies.push(body)
      if (method === 'PUT' && authorization === undefined)
        sendJson(response, 401, {}, { 'www-authenticate': 'Basic realm="r"' })
      else response.writeHead({ POST: 202, PUT: 201 }[method] ?? 404, { location: '/up' }).end()
    })
    expect(await client(withPassword).putBlob(at(registry), blobFile())).toBe(digest)
    expect(bodies.map((body) => body === bytes.toString())).toEqual([true, true])
  })

  it('is sent again from its start in the next attempt', async () => {
    let attempts = 0
    const registry = await server(({ method }, response) => {
      if (method === 'PUT') attempts += 1
      if (method === 'PUT' && attempts === 1) response.writeHead(503).end()
      else response.writeHead({ POST: 202, PUT: 201 }[method] ?? 404, { location: '/up' }).end()
    })
    const patient = client(undefined, undefined, { withRetries: quickRetry({ retries: 1 }).run })
    expect(await patient.putBlob(at(registry), blobFile())).toBe(digest)
    expect(registry.seen.at(-1)?.body).toBe(bytes.toString())
  })
})

describe('a blob that is downloaded into a file', () => {
  const download = async (handler: Handler, size = bytes.length): Promise<Buffer> => {
    const registry = await server(handler)
    const path = newPath()
    await client().downloadBlob(at(registry), { digest, size, path })
    return readFileSync(path)
  }

  it.each<[string, Handler]>([
    ['plain', (_, response) => response.end(bytes)],
    [
      'compressed in transit',
      (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(bytes)),
    ],
    [
      'labelled as compressed by a storage',
      (_, response) =>
        response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': bytes.length }).end(bytes),
    ],
  ])('has the bytes of its digest: %s', async (_, handler) => {
    expect((await download(handler)).equals(bytes)).toBe(true)
  })

  it.each<[string, RegExp, Buffer, number]>([
    ['of another content', /should have the digest/, Buffer.alloc(bytes.length), bytes.length],
    ['shorter', /does not have the 1000000 bytes/, bytes.subarray(1), bytes.length],
    ['longer', /does not have the 999999 bytes/, bytes, bytes.length - 1],
  ])('is an error if it is %s', async (_, message, sent, size) => {
    expect(await sentence(download((_, response) => response.end(sent), size))).toMatch(message)
  })

  it('is an error if there is none', async () => {
    expect(await sentence(download((_, response) => response.writeHead(404).end()))).toContain('has no blob')
  })
})

describe('a document in a file', () => {
  const [type, created] = ['application/x', new Date(0)]
  const download = (memory: ReturnType<typeof createMemory>, limit: number, path = newPath()) =>
    downloadArtifact(memory.client, cache, 'a', { type, limit }, path)

  it('is stored and read like one in memory', async () => {
    const memory = createMemory()
    const stored = await putArtifact(memory.client, cache, 'a', { type, created, bytes: blobFile() })
    expect(stored).toBe(await putArtifact(memory.client, cache, 'b', { type, created, bytes }))
    const path = newPath()
    expect(await download(memory, bytes.length, path)).toBe(stored)
    expect(readFileSync(path).equals(bytes)).toBe(true)
  })

  it('is an error if it is longer than the limit', async () => {
    const memory = createMemory()
    await putArtifact(memory.client, cache, 'a', { type, created, bytes: blobFile() })
    expect(await sentence(download(memory, bytes.length - 1))).toMatch(/:a has more than 999999 bytes/)
  })

  it('is undefined without its tag', async () => {
    expect(await download(createMemory(), 1)).toBeUndefined()
  })
})
