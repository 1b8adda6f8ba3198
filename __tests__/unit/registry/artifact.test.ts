import { describe, expect, it } from '@jest/globals'
import { getArtifact, putArtifact } from '../../../src/registry/artifact.ts'
import { isDenied } from '../../../src/registry/failure.ts'
import { digestOf } from '../../../src/registry/digest.ts'
import { mediaTypes, parseManifest } from '../../../src/registry/manifest.ts'
import { at, type Handler, sendJson, sentence, useOpened } from '../../support/web-server.ts'

const { server, client } = useOpened()

const type = 'application/vnd.aibrix.image-action.report.v1+json'
const limit = 1024 * 1024

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

/** A registry that keeps what it is given. */
function keeping(): { handler: Handler; manifests: Map<string, string> } {
  const [blobs, manifests] = [new Map<string, string>(), new Map<string, string>()]
  const handler: Handler = ({ method, path, body }, response) => {
    const url = new URL(path, 'http://x')
    const last = url.pathname.split('/').at(-1) ?? ''
    const kept = path.includes('/manifests/') ? manifests : blobs
    if (method === 'POST') response.writeHead(202, { location: '/upload' }).end()
    else if (method === 'PUT') {
      kept.set(url.searchParams.get('digest') ?? last, body)
      response.writeHead(201, { 'docker-content-digest': digestOf(Buffer.from(body)) }).end()
    } else if (kept.has(last)) {
      response.writeHead(200, kept === manifests ? { 'content-type': mediaTypes.ociManifest } : {})
      response.end(method === 'HEAD' ? undefined : kept.get(last))
    } else response.writeHead(404).end()
  }
  return { handler, manifests }
}

describe('a document in a registry', () => {
  it('comes back as it was, byte for byte', async () => {
    const registry = await server(keeping().handler)
    const bytes = Buffer.from(`{"plan": "${'ä'.repeat(400_000)}"}\n`)
    const registryClient = client()
    await putArtifact(registryClient, at(registry), 'plan-1', { type, bytes })
    const found = await getArtifact(registryClient, at(registry), 'plan-1', { type, limit })
    expect(found?.equals(bytes)).toBe(true)
  })

  it('has the manifest that reports always had', async () => {
    const { handler, manifests } = keeping()
    const registry = await server(handler)
    const bytes = Buffer.from('{"gates":[]}')
    const artifact = { type, bytes, subject: image }
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
    })
    // Of what the first version stored: another order of the properties would be another digest.
    expect(digest).toBe('sha256:02af42ad4b995c33c8573038bbbe0c484d12a9d7a471421543c5ab18e6f93597')
  })

  it('has the same digest whenever and under whatever tag it is stored', async () => {
    const registry = await server(keeping().handler)
    const registryClient = client()
    const store = (tag: string, text: string) =>
      putArtifact(registryClient, at(registry), tag, { type, bytes: Buffer.from(text) })
    const first = await store('a', '{}')
    expect(await store('a', '{}')).toBe(first)
    expect(await store('b', '{}')).toBe(first)
    expect(await store('b', '{ }')).not.toBe(first)
  })

  it('is not there under a tag that is not there, or that names something else', async () => {
    const registry = await server(keeping().handler)
    const registryClient = client()
    await registryClient.putManifest(at(registry), 'image', image.bytes, image.mediaType)
    await putArtifact(registryClient, at(registry), 'other', { type: 'text/plain', bytes: Buffer.from('{}') })
    for (const tag of ['image', 'other', 'nothing'])
      expect(await getArtifact(registryClient, at(registry), tag, { type, limit })).toBeUndefined()
  })

  it('that is too long is an error', async () => {
    const registry = await server(keeping().handler)
    const registryClient = client()
    await putArtifact(registryClient, at(registry), 'a', { type, bytes: Buffer.alloc(100, ' ') })
    const work = getArtifact(registryClient, at(registry), 'a', { type, limit: 99 })
    expect(await sentence(work)).toContain('more than 99 bytes')
  })

  it.each([
    [403, true],
    [503, false],
  ])('that a registry does not take with %i can be done without: %s', async (status, expected) => {
    const registry = await server((_, response) => {
      sendJson(response, status, {})
    })
    const work = putArtifact(client(), at(registry), 'a', { type, bytes: Buffer.from('{}') })
    const error: unknown = await work.catch((error: unknown) => error)
    expect(isDenied(error)).toBe(expected)
  })
})
