import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { RegistryClient } from '../../../src/registry/client.ts'
import type { Digest } from '../../../src/registry/content/digest.ts'
import { mediaTypes } from '../../../src/registry/content/media-types.ts'
import type { Repository } from '../../../src/registry/content/reference.ts'
import { copyManifest } from '../../../src/registry/copy.ts'
import { copyReferrers } from '../../../src/registry/copy-referrers.ts'
import {
  attach,
  putReferrersTag,
  putSignature,
  putSmallImage,
  putSmallIndex,
  referrersTag,
} from '../../support/referrers.ts'
import { openRegistryInMemory, type RegistryInMemory } from '../../support/registry-in-memory.ts'
import { sentence, useOpened } from '../../support/web-server.ts'

const { opened, client: open } = useOpened()

type Place = { registry: RegistryInMemory; repository: Repository }
let client: RegistryClient
let notes: string[]

beforeEach(() => {
  client = open()
  notes = []
})
afterEach(() => {
  expect(places.flatMap(({ registry }) => registry.dangling())).toEqual([])
  places.length = 0
})

const places: Place[] = []

async function openPlace(path: string, referrers: boolean): Promise<Place> {
  const registry = await openRegistryInMemory(new Map(), { referrers })
  opened.push(registry)
  const place = { registry, repository: { registry: registry.host, path } }
  places.push(place)
  return place
}

async function copied(from: Place, to: Place, digest: Digest): Promise<void> {
  await copyManifest(client, { from: from.repository, to: to.repository, digest, tag: 'v1' })
  const tags = await client.listTags(from.repository)
  const note = (line: string) => notes.push(line)
  await copyReferrers(client, { from: from.repository, to: to.repository, digest, tags, note })
}

const listed = async ({ repository }: Place, digest: Digest): Promise<string[]> =>
  ((await client.listReferrers(repository, digest)) ?? []).map((one) => one.digest)

describe('what refers to an image is copied with it', () => {
  it.each([
    [true, true],
    [true, false],
    [false, true],
    [false, false],
  ])('with a referrers API at the source: %s, at the target: %s', async (source, target) => {
    const [from, to] = [await openPlace('a/x', source), await openPlace('b/x', target)]
    const image = await putSmallImage(client, from.repository, 'child', 'one')
    const top = await putSmallIndex(client, from.repository, 'v1', [image])
    const sbom = await attach(client, from.repository, top, 'packages')
    const ofImage = await attach(client, from.repository, image, 'packages of one platform')
    const signed = await attach(client, from.repository, sbom, 'signature of the packages')
    const pairs = [
      [top, sbom],
      [image, ofImage],
      [sbom, signed],
    ] as const
    if (!source)
      for (const [subject, referrer] of pairs)
        await putReferrersTag(client, from.repository, subject.digest, [referrer])
    const signature = await putSignature(client, from.repository, top.digest, 'signature')
    await copied(from, to, top.digest)
    for (const [subject, referrer] of pairs) {
      expect(await client.getManifest(to.repository, referrer.digest)).toBeDefined()
      const names = target
        ? await listed(to, subject.digest)
        : await referrersTag(client, to.repository, subject.digest)
      expect(names).toEqual([referrer.digest])
    }
    const tag = `${top.digest.replace(':', '-')}.sig`
    expect(to.registry.tagsOf('b/x').get(tag)).toBe(signature.digest)
    expect(notes).toEqual([])
    const before = to.registry.content()
    await copied(from, to, top.digest)
    expect(to.registry.content()).toEqual(before)
  })

  it('and is added to what the index of the target has', async () => {
    const [from, to] = [await openPlace('a/x', true), await openPlace('b/x', false)]
    const image = await putSmallImage(client, from.repository, 'v1', 'one')
    const added = await attach(client, from.repository, image, 'from the source')
    await copyManifest(client, { from: from.repository, to: to.repository, digest: image.digest, tag: 'v1' })
    const own = await attach(client, to.repository, image, 'of the target')
    await putReferrersTag(client, to.repository, image.digest, [{ ...own, annotations: { by: 'us' } }])
    await copied(from, to, image.digest)
    expect(to.registry.manifest('b/x', image.digest.replace(':', '-'))).toEqual({
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: [{ ...own, annotations: { by: 'us' } }, added],
    })
  })

  it('but a signature of the target stays', async () => {
    const [from, to] = [await openPlace('a/x', true), await openPlace('b/x', true)]
    const image = await putSmallImage(client, from.repository, 'v1', 'one')
    await putSignature(client, from.repository, image.digest, 'signed at the source')
    const own = await putSignature(client, to.repository, image.digest, 'signed at the target')
    await copied(from, to, image.digest)
    const tag = `${image.digest.replace(':', '-')}.sig`
    expect(to.registry.tagsOf('b/x').get(tag)).toBe(own.digest)
    expect(notes).toEqual([
      `${to.registry.host}/b/x:${tag} differs from that of ${from.registry.host}, and stays as it is.`,
    ])
  })

  it('but not what is missing or of an unknown type', async () => {
    const [from, to] = [await openPlace('a/x', false), await openPlace('b/x', false)]
    const image = await putSmallImage(client, from.repository, 'v1', 'one')
    const gone = { mediaType: mediaTypes.ociManifest, digest: `sha256:${'0'.repeat(64)}`, size: 1 }
    const old = {
      mediaType: 'application/vnd.oci.artifact.manifest.v1+json',
      digest: `sha256:${'1'.repeat(64)}`,
      size: 1,
    }
    const bytes = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [gone, old] }),
    )
    const tag = image.digest.replace(':', '-')
    const fake: RegistryClient = {
      ...client,
      getManifest: (repository, reference) =>
        reference === tag && repository.path === 'a/x'
          ? Promise.resolve({
              bytes,
              digest: `sha256:${'2'.repeat(64)}`,
              mediaType: mediaTypes.ociIndex,
              parsed: {
                kind: 'index',
                mediaType: mediaTypes.ociIndex,
                annotations: {},
                manifests: [gone, old].map((one) => ({
                  ...one,
                  digest: one.digest as Digest,
                  annotations: {},
                })),
              },
            })
          : client.getManifest(repository, reference),
    }
    const note = (line: string) => notes.push(line)
    const { digest } = image
    await copyReferrers(fake, { from: from.repository, to: to.repository, digest, tags: [tag], note })
    expect(notes.map((line) => line.replace(/^.*@sha256:(.).*? is/, '$1 is'))).toEqual([
      '0 is not copied: it is listed, but does not exist.',
      '1 is not copied: it is of a type that the action does not know.',
    ])
    expect(to.registry.content().size).toBe(0)
  })

  it('unless it is too much', async () => {
    const { repository } = await openPlace('a/x', true)
    const { digest } = await putSmallImage(client, repository, 'v1', 'one')
    const endless = Array.from({ length: 200 }, (_, number) => ({
      mediaType: mediaTypes.ociManifest,
      digest: `sha256:${String(number).padStart(64, '0')}` as const,
      size: 1,
      annotations: {},
    }))
    const fake: RegistryClient = { ...client, listReferrers: () => Promise.resolve(endless) }
    const copy = { from: repository, to: repository, digest, tags: [], note: () => undefined }
    expect(await sentence(copyReferrers(fake, copy))).toContain('more than 200 manifests that refer to it')
  })
})
