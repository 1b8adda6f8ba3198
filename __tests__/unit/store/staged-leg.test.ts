import { describe, expect, it } from '@jest/globals'
import { candidateTag, reportTag, stagedTag } from '../../../src/store/contents.ts'
import { readStaged } from '../../../src/store/staged-leg.ts'
import { copyManifest } from '../../../src/registry/copy.ts'
import { mediaTypes } from '../../../src/registry/content/media-types.ts'
import { cache, createMemory, type Memory, putImage, stageLeg, run } from '../../support/memory-client.ts'
import { makeLeg } from '../../support/verified-leg.ts'

const leg = makeLeg()
const arm64 = makeLeg({ platform: 'linux/arm64', architecture: 'arm64', buildId: 'e'.repeat(64) })
const name = `docker.io/aibrix/image-cache:build-${'d'.repeat(64)}-amd64`
const label = 'io.aibrix.image.build-id'

describe('a leg is verified', () => {
  it('if its tag holds an image with its build id', async () => {
    const memory = createMemory()
    const digest = await stageLeg(memory, leg)
    expect(await readStaged(memory.client, cache, leg)).toMatchObject({
      state: 'staged',
      digest,
      labels: { [label]: leg.buildId },
    })
  })

  it.each<[string, 'missing' | 'other', string, (memory: Memory) => Promise<unknown>]>([
    ['nothing', 'missing', 'does not exist: no runner has built', () => Promise.resolve()],
    [
      'nothing, although there is a candidate',
      'missing',
      'does not exist',
      (memory) => putImage(memory, cache, candidateTag(leg, run), leg),
    ],
    [
      'an image with another build id',
      'other',
      'was built from something else than planned: its build id is e',
      (memory) => putImage(memory, cache, stagedTag(leg), leg, { labels: { [label]: 'e'.repeat(64) } }),
    ],
    [
      'an image without a build id',
      'other',
      'its build id is not there',
      (memory) => putImage(memory, cache, stagedTag(leg), leg, { labels: {} }),
    ],
    [
      'an image of another platform',
      'other',
      'is for linux/arm64, and linux/amd64 was planned',
      (memory) => putImage(memory, cache, stagedTag(leg), leg, { platform: 'linux/arm64' }),
    ],
    [
      'an index without an image for the platform',
      'other',
      'holds no image for linux/amd64',
      async ({ client, ...memory }) => {
        const digest = await putImage({ client, ...memory }, cache, 'x', arm64)
        const platform = { os: 'linux', architecture: 'arm64' }
        const manifests = [{ mediaType: mediaTypes.ociManifest, digest, size: 1, platform }]
        const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }
        await client.putManifest(
          cache,
          stagedTag(leg),
          Buffer.from(JSON.stringify(index)),
          mediaTypes.ociIndex,
        )
      },
    ],
    [
      'a report, which is not an image',
      'other',
      'holds no image for linux/amd64',
      async (memory) => {
        await stageLeg(memory, arm64)
        const digest = memory.tagsOf(cache)[reportTag(arm64)] ?? ''
        await copyManifest(memory.client, { from: cache, to: cache, digest, tag: stagedTag(leg) })
      },
    ],
  ])('not if its tag holds %s', async (_, state, why, prepare) => {
    const memory = createMemory()
    await prepare(memory)
    const staged = await readStaged(memory.client, cache, leg)
    expect(staged.state).toBe(state)
    expect(staged).toHaveProperty('why', expect.stringContaining(why))
    expect(staged).toHaveProperty('why', expect.stringContaining(name))
  })

  it('not if the registry fails', async () => {
    const memory = createMemory((request) => request.startsWith('get '))
    await expect(readStaged(memory.client, cache, leg)).rejects.toThrow('refused')
  })
})
