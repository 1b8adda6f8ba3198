import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import { createRegistryClient } from '../../src/registry/client.ts'
import { copyManifest } from '../../src/registry/copy.ts'
import { digestOf } from '../../src/registry/digest.ts'
import { mediaTypes } from '../../src/registry/manifest.ts'

const registry = process.env.REGISTRY ?? '127.0.0.1:5000'
const run = randomBytes(4).toString('hex')
const staging = { registry, path: `test-${run}/staging` }
const published = { registry, path: `test-${run}/published` }
/** The same registry under another name is another registry for the client: nothing can be mounted. */
const otherName = registry.startsWith('localhost') ? '127.0.0.1' : 'localhost'
const elsewhere = { registry: registry.replace(/^[^:]+/, otherName), path: `test-${run}/elsewhere` }

const requests: string[] = []
const client = createRegistryClient({
  credentials: () => Promise.resolve(undefined),
  timeouts: { request: 10_000, stall: 10_000 },
  onRequest: ({ method, url }) => requests.push(`${method} ${new URL(url).pathname}`),
})

const json = (content: unknown) => Buffer.from(JSON.stringify(content))

/** Pushes a tiny image by hand; every layer is random, so that no other run has it. */
async function pushImage(size: number) {
  const layer = randomBytes(size)
  const config = json({
    os: 'linux',
    architecture: 'amd64',
    config: { Entrypoint: ['/run'], Labels: { 'io.example': run } },
    rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
  })
  const descriptor = async (mediaType: string, bytes: Buffer) => ({
    mediaType,
    digest: await client.putBlob(staging, bytes),
    size: bytes.length,
  })
  const bytes = json({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: await descriptor(mediaTypes.ociConfig, config),
    layers: [await descriptor(mediaTypes.ociLayer, layer)],
  })
  const digest = await client.putManifest(staging, digestOf(bytes), bytes, mediaTypes.ociManifest)
  return {
    digest,
    bytes,
    layer,
    descriptor: { mediaType: mediaTypes.ociManifest, digest, size: bytes.length },
  }
}

let image: Awaited<ReturnType<typeof pushImage>>
beforeAll(async () => {
  image = await pushImage(2000)
})
afterAll(() => {
  client.close()
})

describe('a real registry', () => {
  it('gives back what was pushed', async () => {
    const found = await client.getManifest(staging, image.digest)
    expect(found?.bytes.equals(image.bytes)).toBe(true)
    if (found?.parsed.kind !== 'image') throw new Error('not an image')
    expect(await client.getImageConfig(staging, found.parsed)).toMatchObject({
      entrypoint: ['/run'],
      workingDir: '/',
      labels: { 'io.example': run },
    })
    expect(await client.getBlob(staging, digestOf(image.layer), 2000)).toEqual(image.layer)
  })

  it('has no tag and no repository that nobody pushed', async () => {
    expect(await client.getManifest(staging, 'nothing')).toBeUndefined()
    expect(await client.getManifest({ registry, path: `test-${run}/nothing` }, 'v1')).toBeUndefined()
    expect(await client.hasBlob(staging, digestOf(Buffer.from(run)))).toBe(false)
  })

  it('mounts a blob across repositories', async () => {
    const blob = { from: staging, to: published, digest: digestOf(image.layer), size: image.layer.length }
    expect(await client.hasBlob(published, blob.digest)).toBe(false)
    expect(await client.mountBlob(blob)).toBe('mounted')
    expect(await client.hasBlob(published, blob.digest)).toBe(true)
  })

  it('gives an image a tag in another repository without moving a byte', async () => {
    requests.length = 0
    expect(
      await copyManifest(client, { from: staging, to: published, digest: image.digest, tag: 'v1' }),
    ).toBe(image.digest)
    expect((await client.getManifest(published, 'v1'))?.digest).toBe(image.digest)
    expect(requests.filter((request) => /^(GET|PUT).*\/blobs\//.test(request))).toEqual([])
  })

  it('gives an index with an attestation a tag, here and under another registry', async () => {
    const attestation = await pushImage(10)
    const platform = { os: 'unknown', architecture: 'unknown' }
    const annotations = { 'vnd.docker.reference.type': 'attestation-manifest' }
    const bytes = json({
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: [
        { ...image.descriptor, platform: { os: 'linux', architecture: 'amd64' } },
        { ...attestation.descriptor, platform, annotations },
      ],
    })
    const digest = await client.putManifest(staging, 'build-1', bytes, mediaTypes.ociIndex)
    for (const to of [published, elsewhere]) {
      await copyManifest(client, { from: staging, to, digest, tag: 'index' })
      expect((await client.getManifest(to, 'index'))?.digest).toBe(digest)
      expect((await client.getManifest(to, attestation.digest))?.bytes.equals(attestation.bytes)).toBe(true)
    }
  })

  it('streams a blob of 8 MB to another registry', async () => {
    const bytes = randomBytes(8_000_000)
    const digest = await client.putBlob(staging, bytes)
    const away = { registry: elsewhere.registry, path: `test-${run}/streamed` }
    expect(await client.mountBlob({ from: staging, to: away, digest, size: bytes.length })).toBe('streamed')
    expect(await client.mountBlob({ from: staging, to: away, digest, size: bytes.length })).toBe('exists')
    expect(digestOf(await client.getBlob(away, digest, bytes.length))).toBe(digest)
  })

  it('moves a tag', async () => {
    const other = await pushImage(10)
    await copyManifest(client, { from: staging, to: published, digest: image.digest, tag: 'latest' })
    await copyManifest(client, { from: staging, to: published, digest: other.digest, tag: 'latest' })
    expect((await client.getManifest(published, 'latest'))?.digest).toBe(other.digest)
  })

  it('accepts a report with the image as its subject', async () => {
    const report = json({ facts: [] })
    const empty = Buffer.from('{}')
    const bytes = json({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      artifactType: 'application/vnd.aibrix.image.report.v1+json',
      config: { mediaType: mediaTypes.ociEmpty, digest: await client.putBlob(staging, empty), size: 2 },
      layers: [
        {
          mediaType: 'application/vnd.aibrix.image.report.v1+json',
          digest: await client.putBlob(staging, report),
          size: report.length,
        },
      ],
      subject: image.descriptor,
    })
    const digest = await client.putManifest(staging, 'report-1-amd64', bytes, mediaTypes.ociManifest)
    const found = await client.getManifest(staging, 'report-1-amd64')
    expect(found?.digest).toBe(digest)
    expect(found?.parsed.subject?.digest).toBe(image.digest)
  })

  it('refuses a manifest whose blobs it does not have, and says so', async () => {
    const gone = { mediaType: mediaTypes.ociConfig, digest: digestOf(randomBytes(8)), size: 8 }
    const bytes = json({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: gone, layers: [] })
    await expect(client.putManifest(staging, 'broken', bytes, mediaTypes.ociManifest)).rejects.toThrow(
      /refused the push to .*\/staging: 4\d\d .*\(.*unknown.*\)/,
    )
    expect(await client.getManifest(staging, 'broken')).toBeUndefined()
  })
})
