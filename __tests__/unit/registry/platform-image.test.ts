import { parseImageConfig } from '../../../src/registry/content/image-config.ts'
import { mediaTypes } from '../../../src/registry/content/media-types.ts'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { RegistryClient } from '../../../src/registry/client.ts'
import { digestOf } from '../../../src/registry/content/digest.ts'
import { parseManifest } from '../../../src/registry/content/manifest.ts'
import { getPlatformImage } from '../../../src/registry/platform-image.ts'
import { type RareImage, rareImages, rightLabel } from '../../support/rare-images.ts'

const here = { registry: 'docker.io', path: 'aibrix/x' }

/** A registry that has the image under the tag `rare`, and counts its requests. */
function holding({
  blobs,
  manifests,
}: RareImage): Pick<RegistryClient, 'getManifest' | 'getImageConfig'> & { asked: () => number } {
  const byDigest = new Map(manifests.map((manifest) => [digestOf(manifest.bytes) as string, manifest]))
  const top = manifests.at(-1)
  if (top) byDigest.set('rare', top)
  const configs = new Map(blobs.map((bytes) => [digestOf(bytes), bytes]))
  let asked = 0
  return {
    asked: () => asked,
    getManifest: (_, reference) => {
      asked += 1
      const found = byDigest.get(reference)
      if (!found) return Promise.resolve(undefined)
      const parsed = parseManifest(found.bytes, found.mediaType, reference)
      return Promise.resolve({ ...found, digest: digestOf(found.bytes), parsed })
    },
    getImageConfig: (_, { config: { digest } }) =>
      Promise.resolve(parseImageConfig(configs.get(digest) ?? Buffer.alloc(0), digest)),
  }
}

describe('the image for a platform', () => {
  it('is found in all rare but valid forms', async () => {
    await fc.assert(
      fc.asyncProperty(rareImages('found by us'), async (rare) => {
        const found = await getPlatformImage(holding(rare), here, 'rare', 'linux/amd64')
        expect(found?.image?.config).toMatchObject({ os: 'linux', architecture: 'amd64', labels: rightLabel })
      }),
      { numRuns: 300 },
    )
  })

  const entryOf = (bytes: Buffer, mediaType: string) => ({
    mediaType,
    digest: digestOf(bytes),
    size: bytes.length,
  })
  const indexOf = (manifests: object[]) => ({
    bytes: Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests })),
    mediaType: mediaTypes.ociIndex,
  })

  it('is not searched deeper than real indexes nest', async () => {
    const [rare] = fc.sample(
      rareImages('found by us').filter(({ manifests }) => manifests.length === 1),
      1,
    )
    if (!rare) throw new Error('no sample')
    const manifests = [...rare.manifests]
    for (let level = 0; level < 5; level++) {
      const below = manifests.at(-1)
      if (below) manifests.push(indexOf([entryOf(below.bytes, below.mediaType)]))
    }
    const registry = holding({ ...rare, manifests })
    expect((await getPlatformImage(registry, here, 'rare', 'linux/amd64'))?.image).toBeUndefined()
  })

  it('is not searched among hundreds of manifests', async () => {
    const config = Buffer.from('{"os":"windows","architecture":"amd64"}')
    const images = Array.from({ length: 200 }, (_, number) =>
      Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          config: entryOf(config, mediaTypes.ociConfig),
          layers: [],
          annotations: { number: String(number) },
        }),
      ),
    )
    const manifests = images.map((bytes) => ({ bytes, mediaType: mediaTypes.ociManifest }))
    const top = indexOf(images.map((bytes) => entryOf(bytes, mediaTypes.ociManifest)))
    const registry = holding({ blobs: [config], manifests: [...manifests, top] })
    await expect(getPlatformImage(registry, here, 'rare', 'linux/amd64')).rejects.toThrow(
      'has more than 100 manifests that may be for linux/amd64',
    )
    expect(registry.asked()).toBe(101)
  })

  it('is read once if the index states its platform', async () => {
    const [rare] = fc.sample(
      rareImages('found by us').filter(({ manifests }) => manifests.length === 1),
      1,
    )
    const image = rare?.manifests[0]
    if (!rare || !image) throw new Error('no sample')
    const entry = entryOf(image.bytes, image.mediaType)
    const platform = { os: 'linux', architecture: 'amd64' }
    const top = indexOf([
      { ...entry, digest: digestOf(Buffer.from('gone')) },
      { ...entry, platform },
    ])
    const registry = holding({ ...rare, manifests: [image, top] })
    expect((await getPlatformImage(registry, here, 'rare', 'linux/amd64'))?.image).toBeDefined()
    expect(registry.asked()).toBe(2)
  })
})
