import { parseImageConfig } from '../../../src/registry/content/image-config.ts'
import { mediaTypes } from '../../../src/registry/content/media-types.ts'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { gunzipSync, gzipSync } from 'node:zlib'
import { getArtifact, putArtifact } from '../../../src/registry/artifact.ts'
import { isDenied } from '../../../src/registry/http/failure.ts'
import { digestOf } from '../../../src/registry/content/digest.ts'
import { type ImageManifest, parseManifest } from '../../../src/registry/content/manifest.ts'
import { at, type Handler, sendJson, sentence, useOpened } from '../../support/web-server.ts'

const { server, client } = useOpened()

const type = 'application/vnd.aibrix.image-action.report.v1+json'
const limit = 1024 * 1024
const created = new Date(0)

const imageBytes = Buffer.from(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, digest: digestOf(Buffer.from('{}')), size: 2 },
    layers: [],
  }),
)
const image = {
  bytes: imageBytes,
  digest: digestOf(imageBytes),
  mediaType: mediaTypes.ociManifest,
  parsed: parseManifest(imageBytes, mediaTypes.ociManifest, 'x'),
}

/** A registry that stores what is pushed. */
function keeping(): { handler: Handler; manifests: Map<string, string>; blobs: Map<string, Buffer> } {
  const [blobs, manifests] = [new Map<string, Buffer>(), new Map<string, string>()]
  const handler: Handler = ({ method, path, body, bytes }, response) => {
    const url = new URL(path, 'http://x')
    const last = url.pathname.split('/').at(-1) ?? ''
    const kept = path.includes('/manifests/') ? manifests : blobs
    if (method === 'POST') response.writeHead(202, { location: '/upload' }).end()
    else if (method === 'PUT') {
      if (kept === manifests) manifests.set(last, body)
      else blobs.set(url.searchParams.get('digest') ?? '', bytes)
      response.writeHead(201, { 'docker-content-digest': digestOf(bytes) }).end()
    } else if (kept.has(last)) {
      response.writeHead(200, kept === manifests ? { 'content-type': mediaTypes.ociManifest } : {})
      response.end(method === 'HEAD' ? undefined : kept.get(last))
    } else response.writeHead(404).end()
  }
  return { handler, manifests, blobs }
}

describe('a document in a registry', () => {
  it('is read back byte for byte', async () => {
    const registry = await server(keeping().handler)
    const bytes = Buffer.from(`{"plan": "${'ä'.repeat(400_000)}"}\n`)
    const registryClient = client()
    await putArtifact(registryClient, at(registry), 'plan-1', { type, bytes, created })
    const found = await getArtifact(registryClient, at(registry), 'plan-1', { type, limit })
    expect(found?.equals(bytes)).toBe(true)
  })

  it('has a stable manifest', async () => {
    const { handler, manifests } = keeping()
    const registry = await server(handler)
    const bytes = Buffer.from('{"gates":[]}')
    const artifact = { type, bytes, created, subject: image }
    const digest = await putArtifact(client(), at(registry), 'report-1-amd64', artifact)
    expect(JSON.parse(manifests.get('report-1-amd64') ?? '')).toEqual({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      artifactType: type,
      config: {
        mediaType: 'application/vnd.oci.empty.v1+json',
        digest: 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
        size: 2,
      },
      layers: [{ mediaType: type, digest: digestOf(bytes), size: 12 }],
      subject: { mediaType: mediaTypes.ociManifest, digest: image.digest, size: image.bytes.length },
      annotations: { 'org.opencontainers.image.created': created.toISOString() },
    })
    // Another order of the properties would change the digest.
    expect(digest).toBe('sha256:be0a9723bf78ff29734ef34365f358af9235b67a0f3b2ef981cb0cf933978c65')
  })

  it('has the same digest under any tag', async () => {
    const registry = await server(keeping().handler)
    const registryClient = client()
    const store = (tag: string, text: string) =>
      putArtifact(registryClient, at(registry), tag, { type, bytes: Buffer.from(text), created })
    const first = await store('a', '{}')
    expect(await store('a', '{}')).toBe(first)
    expect(await store('b', '{}')).toBe(first)
    expect(await store('b', '{ }')).not.toBe(first)
  })

  it('is undefined for a tag that does not exist or names something else', async () => {
    const registry = await server(keeping().handler)
    const registryClient = client()
    await registryClient.putManifest(at(registry), 'image', image.bytes, image.mediaType)
    await putArtifact(registryClient, at(registry), 'other', {
      type: 'text/plain',
      bytes: Buffer.from('{}'),
      created,
    })
    for (const tag of ['image', 'other', 'nothing'])
      expect(await getArtifact(registryClient, at(registry), tag, { type, limit })).toBeUndefined()
  })

  it('above the limit is an error', async () => {
    const registry = await server(keeping().handler)
    const registryClient = client()
    await putArtifact(registryClient, at(registry), 'a', { type, bytes: Buffer.alloc(100, ' '), created })
    const work = getArtifact(registryClient, at(registry), 'a', { type, limit: 99 })
    expect(await sentence(work)).toContain('more than 99 bytes')
  })

  describe('in a registry that accepts images only', () => {
    const ordinary = [mediaTypes.ociLayerGzip]
    /** @returns whether a manifest has nothing that an image does not have */
    const isImage = (body: string): boolean => {
      const { config, layers, ...rest } = JSON.parse(body) as Record<string, unknown> & {
        config: { mediaType: string }
        layers: { mediaType: string }[]
      }
      return (
        config.mediaType === mediaTypes.ociConfig &&
        layers.every(({ mediaType }) => ordinary.includes(mediaType as typeof mediaTypes.ociLayerGzip)) &&
        Object.keys(rest).sort().join() === 'annotations,mediaType,schemaVersion'
      )
    }
    const imagesOnly = (status: number, code: string) => {
      const { handler, manifests, blobs } = keeping()
      const picky: Handler = (request, response) => {
        if (request.method === 'PUT' && request.path.includes('/manifests/') && !isImage(request.body))
          sendJson(response, status, { errors: [{ code, message: 'unknown media type' }] })
        else handler(request, response)
      }
      return { handler: picky, manifests, blobs }
    }

    it.each([
      [400, 'MANIFEST_INVALID'],
      [415, 'UNSUPPORTED'],
      [404, 'MANIFEST_UNKNOWN'],
      [405, 'UNSUPPORTED'],
      [403, 'DENIED'],
      [422, 'UNPROCESSABLE'],
      [501, 'NOT_IMPLEMENTED'],
    ])('is read back byte for byte, and is pushed once in the refused form (%i)', async (status, code) => {
      const registry = await server(imagesOnly(status, code).handler)
      const registryClient = client()
      const bytes = Buffer.from(`{"plan": "${'ä'.repeat(1000)}"}\n`)
      const first = await putArtifact(registryClient, at(registry), 'plan-1', { type, bytes, created })
      const again = await putArtifact(registryClient, at(registry), 'plan-2', { type, bytes, created })
      expect(again).toBe(first)
      expect(
        registry.seen.filter(({ method, path }) => method === 'PUT' && path.includes('/plan-')),
      ).toHaveLength(3)
      expect(await getArtifact(client(), at(registry), 'plan-1', { type, limit })).toEqual(bytes)
      expect(
        await getArtifact(client(), at(registry), 'plan-1', { type: 'text/plain', limit }),
      ).toBeUndefined()
    })

    it('is read back for any bytes', async () => {
      const registry = await server(imagesOnly(400, 'MANIFEST_INVALID').handler)
      const registryClient = client()
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 1500 }), async (bytes) => {
          await putArtifact(registryClient, at(registry), 'a', { type, bytes, created })
          const found = await getArtifact(registryClient, at(registry), 'a', { type, limit: bytes.length })
          expect(found?.equals(bytes)).toBe(true)
        }),
        { numRuns: 20 },
      )
    })

    it('names its subject and describes its layer', async () => {
      const { handler, manifests, blobs } = imagesOnly(400, 'MANIFEST_INVALID')
      const registry = await server(handler)
      const artifact = { type, bytes: Buffer.from('{"gates":[]}'), created, subject: image }
      await putArtifact(client(), at(registry), 'report-1-amd64', artifact)
      const { annotations, config, layers } = JSON.parse(
        manifests.get('report-1-amd64') ?? '',
      ) as ImageManifest
      expect(annotations).toEqual({
        'io.aibrix.image-action.kind': type,
        'io.aibrix.image-action.subject': image.digest,
        'org.opencontainers.image.created': created.toISOString(),
      })
      const layer = gunzipSync(blobs.get(layers[0]?.digest ?? '') ?? '')
      const written = parseImageConfig(blobs.get(config.digest) ?? Buffer.alloc(0), 'x')
      expect(written).toMatchObject({ os: 'linux', architecture: 'amd64', diffIds: [digestOf(layer)] })
    })

    it('above the limit is an error', async () => {
      const registry = await server(imagesOnly(400, 'MANIFEST_INVALID').handler)
      const registryClient = client()
      for (const length of [100, 100_000]) {
        await putArtifact(registryClient, at(registry), 'a', {
          type,
          bytes: Buffer.alloc(length, ' '),
          created,
        })
        const work = getArtifact(registryClient, at(registry), 'a', { type, limit: 99 })
        expect(await sentence(work)).toMatch(/more than 99 bytes|is broken/)
      }
    })

    it.each([
      ['missing', []],
      ['not compressed', [Buffer.from('{}')]],
      ['not an archive', [gzipSync('{}'.repeat(600))]],
      ['empty', [gzipSync('')]],
    ])('is broken if its layer is %s', async (_, layers) => {
      const registry = await server(keeping().handler)
      const registryClient = client()
      const stored = await Promise.all(
        layers.map(async (layer) => ({
          mediaType: mediaTypes.ociLayerGzip,
          digest: await registryClient.putBlob(at(registry), layer),
          size: layer.length,
        })),
      )
      const { config } = JSON.parse(image.bytes.toString()) as ImageManifest
      const annotations = { 'io.aibrix.image-action.kind': type }
      const manifest = { schemaVersion: 2, config, layers: stored, annotations }
      const bytes = Buffer.from(JSON.stringify(manifest))
      await registryClient.putManifest(at(registry), 'a', bytes, mediaTypes.ociManifest)
      const work = getArtifact(registryClient, at(registry), 'a', { type, limit })
      expect(await sentence(work)).toContain('a document that is stored as an image is broken')
    })
  })

  it('that is refused in both forms is an error that names both refusals', async () => {
    const { handler } = keeping()
    const registry = await server((request, response) => {
      const isImage = !request.body.includes('artifactType')
      if (request.method !== 'PUT' || !request.path.includes('/manifests/')) handler(request, response)
      else if (isImage) sendJson(response, 400, { errors: [{ code: 'TAG_INVALID', message: 'immutable' }] })
      else sendJson(response, 415, { errors: [{ code: 'UNSUPPORTED', message: 'unknown media type' }] })
    })
    const work = putArtifact(client(), at(registry), 'a', { type, bytes: Buffer.from('{}'), created })
    const refused = `registry ${registry.host} refused the push to aibrix/x`
    expect(await sentence(work)).toBe(
      `${refused}: 415 unsupported media type (unknown media type); and in the form of an image: ${refused}: 400 bad request (immutable); check the name of the repository and what the registry supports.`,
    )
  })

  it.each([
    [403, true],
    [503, false],
  ])('that a registry refuses with %i is denied: %s', async (status, expected) => {
    const registry = await server((_, response) => {
      sendJson(response, status, {})
    })
    const work = putArtifact(client(), at(registry), 'a', { type, bytes: Buffer.from('{}'), created })
    const error: unknown = await work.catch((error: unknown) => error)
    expect(isDenied(error)).toBe(expected)
  })
})
