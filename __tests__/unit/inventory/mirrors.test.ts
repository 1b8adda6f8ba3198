import { expect, it } from '@jest/globals'
import { copyManifest } from '../../../src/registry/copy.ts'
import {
  createMemory,
  legOf,
  listIn,
  type Memory,
  publishImage,
  vllm,
} from '../../support/published-images.ts'

const mirror = { registry: 'ghcr.io', path: 'acme/vllm-openai' }
const mirrors = [{ engine: 'vllm' as const, repository: mirror }]

/** @returns tags of an image → mirrors that have it */
async function mirrored(memory: Memory) {
  const { images, warnings } = await listIn(memory, { mirrors })
  return { found: Object.fromEntries(images.map((image) => [image.tags.join(), image.mirrors])), warnings }
}

async function withTwoImages(refuses?: (request: string) => boolean) {
  const memory = createMemory(refuses)
  const first = await publishImage(memory, legOf('0.10.2'), { tags: ['one', 'stable'] })
  const second = await publishImage(memory, legOf('0.11.0'), { tags: ['two'] })
  return { memory, first, second }
}

it('tells which mirrors have the digest of an image, under which tags', async () => {
  const { memory, first, second } = await withTwoImages()
  await copyManifest(memory.client, { from: vllm, to: mirror, digest: first, tag: 'one' })
  // Another image under the same tag, and the same image under a tag that is not public
  await copyManifest(memory.client, { from: vllm, to: mirror, digest: second, tag: 'stable' })
  await copyManifest(memory.client, { from: vllm, to: mirror, digest: second, tag: 'own' })
  const { found, warnings } = await mirrored(memory)
  expect(found).toEqual({
    'one,stable': [{ repository: 'ghcr.io/acme/vllm-openai', tags: ['one'] }],
    two: [{ repository: 'ghcr.io/acme/vllm-openai', tags: ['stable'] }],
  })
  expect(warnings).toEqual([])
})

it('warns about a mirror that cannot be read, and lists the images', async () => {
  const { memory } = await withTwoImages((request) => request === 'list acme/vllm-openai')
  const { found, warnings } = await mirrored(memory)
  expect(Object.values(found)).toEqual([[], []])
  expect(warnings).toEqual([
    expect.stringMatching(/^ghcr\.io\/acme\/vllm-openai: registry docker\.io refused/),
  ])
})
