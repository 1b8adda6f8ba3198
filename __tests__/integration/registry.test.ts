import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { composeImage, type StoredLeg } from '../../src/promote/compose.ts'
import { getArtifact, putArtifact } from '../../src/registry/artifact.ts'
import { createRegistryClient } from '../../src/registry/client.ts'
import { copyManifest } from '../../src/registry/copy.ts'
import { digestOf } from '../../src/registry/content/digest.ts'
import { putImageForm } from '../../src/registry/content/image-form.ts'
import { mediaTypes } from '../../src/registry/content/media-types.ts'
import { getPlatformImage } from '../../src/registry/platform-image.ts'
import { formatReference } from '../../src/registry/content/reference.ts'

const created = new Date('2025-11-23T00:00:00Z')

const registry = process.env.REGISTRY ?? '127.0.0.1:5000'
const run = randomBytes(4).toString('hex')
const staging = { registry, path: `test-${run}/staging` }
const published = { registry, path: `test-${run}/published` }
/**
 * The same registry under another name. To the client it is another registry, from which nothing
 * can be mounted.
 */
const otherName = registry.startsWith('localhost') ? '127.0.0.1' : 'localhost'
const elsewhere = { registry: registry.replace(/^[^:]+/, otherName), path: `test-${run}/elsewhere` }

const requests: string[] = []
const client = createRegistryClient({
  credentials: () => Promise.resolve(undefined),
  timeouts: { request: 10_000, stall: 10_000 },
  onRequest: ({ method, url }) => requests.push(`${method} ${new URL(url).pathname}`),
})

const json = (content: unknown) => Buffer.from(JSON.stringify(content))

/** Pushes a tiny image by hand; every layer is random, so no other run has it. */
async function pushImage(size: number, architecture = 'amd64') {
  const layer = randomBytes(size)
  const config = json({
    os: 'linux',
    architecture,
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
  it('returns what was pushed', async () => {
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

  it('has no tag and no repository that was not pushed', async () => {
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

  it('mounts a blob without a second way, in a repository that has it or not', async () => {
    const to = { ...published, path: `${published.path}-tried` }
    const blob = { from: staging, to, digest: digestOf(image.layer), size: image.layer.length }
    for (let time = 0; time < 2; time += 1) expect(await client.tryMount(blob)).toBe(true)
    expect(await client.hasBlob(to, blob.digest)).toBe(true)
    expect(await client.tryMount({ ...blob, digest: digestOf(Buffer.from('nowhere')) })).toBe(false)
  })

  it('tags an image in another repository without moving a byte', async () => {
    requests.length = 0
    expect(
      await copyManifest(client, { from: staging, to: published, digest: image.digest, tag: 'v1' }),
    ).toBe(image.digest)
    expect((await client.getManifest(published, 'v1'))?.digest).toBe(image.digest)
    expect(requests.filter((request) => /^(GET|PUT).*\/blobs\//.test(request))).toEqual([])
  })

  it('tags an index with an attestation, in the same and in another registry', async () => {
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

  it('stores a report with the image as its subject, and returns it', async () => {
    const type = 'application/vnd.aibrix.image.report.v1+json'
    const bytes = json({ facts: [] })
    const subject = await client.getManifest(staging, image.digest)
    const digest = await putArtifact(client, staging, 'report-1-amd64', { created, type, bytes, subject })
    const found = await client.getManifest(staging, 'report-1-amd64')
    expect(found?.digest).toBe(digest)
    expect(found?.parsed.subject?.digest).toBe(image.digest)
    expect(await getArtifact(client, staging, 'report-1-amd64', { type, limit: 100 })).toEqual(bytes)
    expect(await putArtifact(client, staging, 'report-1-amd64', { created, type, bytes, subject })).toBe(
      digest,
    )
  })

  it('stores a document of 1 MB', async () => {
    const type = 'application/vnd.aibrix.image.plan.v1+json'
    const bytes = json({ plan: randomBytes(500_000).toString('hex') })
    await putArtifact(client, staging, 'plan-1', { created, type, bytes })
    const found = await getArtifact(client, staging, 'plan-1', { type, limit: 2_000_000 })
    expect(found?.equals(bytes)).toBe(true)
  })

  it('stores a document in the form of an image, which docker pulls', async () => {
    const document = { created, type: 'application/vnd.example+json', bytes: randomBytes(5000) }
    const bytes = await putImageForm(client, staging, document)
    await client.putManifest(staging, 'as-image', bytes, mediaTypes.ociManifest)
    const found = await getArtifact(client, staging, 'as-image', { type: document.type, limit: 5000 })
    expect(found?.equals(document.bytes)).toBe(true)
    const reference = formatReference({ ...staging, tag: 'as-image' })
    execFileSync('docker', ['pull', '--quiet', reference])
    execFileSync('docker', ['rmi', reference])
  })

  it('refuses a manifest whose blobs it does not have, with the reason', async () => {
    const gone = { mediaType: mediaTypes.ociConfig, digest: digestOf(randomBytes(8)), size: 8 }
    const bytes = json({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: gone, layers: [] })
    await expect(client.putManifest(staging, 'broken', bytes, mediaTypes.ociManifest)).rejects.toThrow(
      /refused the push to .*\/staging: 4\d\d .*\(.*unknown.*\)/,
    )
    expect(await client.getManifest(staging, 'broken')).toBeUndefined()
  })
})

describe('the tags of a real repository', () => {
  const tagged = { registry, path: `test-${run}/tagged` }
  const names = Array.from({ length: 30 }, (_, number) => `v0.${number}`)

  it('are all listed, in order', async () => {
    for (const tag of names)
      await copyManifest(client, { from: staging, to: tagged, digest: image.digest, tag })
    expect(await client.listTags(tagged)).toEqual([...names].sort())
  })

  it('are empty after a deletion, and if there is no repository', async () => {
    const url = `http://${registry}/v2/${tagged.path}/manifests/${image.digest}`
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(202)
    expect(await client.listTags(tagged)).toEqual([])
    expect(await client.listTags({ registry, path: `test-${run}/nothing` })).toEqual([])
  })
})

const docker = (...words: string[]) => execFileSync('docker', words, { encoding: 'utf8' })

/** Returns the file in the image that the engine picks for a platform. */
function fileOf(reference: string, platform: string): string {
  docker('pull', '--quiet', '--platform', platform, reference)
  const container = docker('create', '--platform', platform, reference, '/none').trim()
  try {
    // A tar stream of one small file: text padded with zeros
    return docker('cp', `${container}:/platform`, '-')
  } finally {
    docker('rm', container)
    docker('image', 'rm', reference)
  }
}

describe('an image of two platforms', () => {
  const context = mkdtempSync(join(tmpdir(), 'image-action-compose-'))
  const platforms = ['linux/amd64', 'linux/arm64']
  const annotations = { 'org.opencontainers.image.version': 'v1' }
  const to = { registry, path: `test-${run}/composed` }

  /** Returns a leg as promotion receives it. */
  async function read(platform: string, reference: string): Promise<StoredLeg> {
    const found = await getPlatformImage(client, staging, reference, platform)
    if (!found) throw new Error(`${reference} is not there`)
    return { platform, ...found }
  }

  /** Builds a leg with BuildKit. @returns it as promotion receives it */
  async function build(platform: string, tag: string, options: string[], output = 'oci-mediatypes=true') {
    const reference = formatReference({ ...staging, tag })
    writeFileSync(join(context, 'platform'), `${platform} ${run}`)
    writeFileSync(join(context, 'Dockerfile'), 'FROM scratch\nCOPY platform /platform\n')
    const pushed = ['--output', `type=image,name=${reference},push=true,${output}`]
    docker('buildx', 'build', '--quiet', '--platform', platform, ...options, ...pushed, context)
    docker('image', 'rm', reference)
    return read(platform, tag)
  }
  afterAll(() => {
    rmSync(context, { recursive: true })
  })

  it('has the same digest for any order of its legs, however often it is composed', async () => {
    const pushed = [await pushImage(10), await pushImage(20, 'arm64')]
    const legs = await Promise.all(pushed.map(({ digest }, index) => read(platforms[index] ?? '', digest)))
    const made = await composeImage(client, { from: staging, to, legs, annotations })
    const again = await composeImage(client, { from: staging, to, legs: [...legs].reverse(), annotations })
    expect(again.digest).toBe(made.digest)
    const stored = await client.getManifest(to, made.digest)
    expect(stored?.bytes.equals(made.bytes)).toBe(true)
    expect(stored?.parsed).toMatchObject({ kind: 'index', annotations })
  })

  it.each([
    ['attestations', ['--provenance=mode=min'], 'oci-mediatypes=true', mediaTypes.ociManifest, 4],
    ['no attestations', ['--provenance=false'], 'oci-mediatypes=true', mediaTypes.ociManifest, 2],
    ["Docker's media types", ['--provenance=false'], 'oci-mediatypes=false', mediaTypes.dockerManifest, 2],
  ])(
    'with %s is understood by buildx and the engine',
    async (name, options, output, type, count) => {
      const tag = name.replace(/\W/g, '-')
      const [amd64, arm64] = [
        await build('linux/amd64', `${tag}-amd64`, options, output),
        await build('linux/arm64', `${tag}-arm64`, options, output),
      ]
      const { digest, bytes } = await composeImage(client, {
        from: staging,
        to,
        legs: [arm64, amd64],
        annotations,
      })
      await copyManifest(client, { from: to, to, digest, tag })
      const reference = formatReference({ ...to, tag })
      expect(docker('buildx', 'imagetools', 'inspect', '--raw', reference)).toBe(bytes.toString())
      const shown = docker('buildx', 'imagetools', 'inspect', reference)
      expect(shown).toContain(digest)
      expect(shown.match(/Platform: +(.*)/g)?.map((line) => line.replace(/Platform: +/, ''))).toEqual(
        [...platforms, 'unknown/unknown', 'unknown/unknown'].slice(0, count),
      )
      expect(shown.match(/MediaType: +(.*)/g)?.[1]).toContain(type)
      for (const platform of platforms) expect(fileOf(reference, platform)).toContain(`${platform} ${run}`)
    },
    120_000,
  )

  it('keeps the attestations, which buildx finds', async () => {
    const options = ['--provenance=mode=min']
    const legs = [
      await build('linux/amd64', 'found-amd64', options),
      await build('linux/arm64', 'found-arm64', options),
    ]
    const { digest } = await composeImage(client, { from: staging, to, legs, annotations })
    const reference = formatReference({ ...to, digest })
    const format = '{{json .Provenance}}'
    const found: unknown = JSON.parse(
      docker('buildx', 'imagetools', 'inspect', '--format', format, reference),
    )
    expect(Object.keys(found as object).sort()).toEqual(platforms)
  }, 120_000)

  it('of one leg is that leg', async () => {
    const leg = await build('linux/arm64', 'alone', ['--provenance=mode=min'])
    const { digest } = await composeImage(client, { from: staging, to, legs: [leg], annotations })
    expect(digest).toBe(leg.top.digest)
    await copyManifest(client, { from: to, to, digest, tag: 'alone' })
    expect((await client.getManifest(to, 'alone'))?.digest).toBe(leg.top.digest)
  }, 60_000)
})
