import { mediaTypes } from '../../../src/registry/content/media-types.ts'
import { describe, expect, it } from '@jest/globals'
import { UserError } from '../../../src/errors.ts'
import { promote } from '../../../src/promote/promote.ts'
import type { RegistryClient } from '../../../src/registry/client.ts'
import { digestOf } from '../../../src/registry/content/digest.ts'
import { parseManifest } from '../../../src/registry/content/manifest.ts'

const from = { registry: '127.0.0.1:5000', path: 'me/image-cache' }
const to = { registry: '127.0.0.1:5000', path: 'me/vllm-openai' }
const bytes = Buffer.from(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, digest: digestOf(Buffer.from('{}')), size: 2 },
    layers: [],
  }),
)
const digest = digestOf(bytes)

/** A registry that records its tags, and refuses one of them. */
function registryThatRefuses(refused: string | undefined, made: string[]): RegistryClient {
  const unused = () => Promise.reject(new Error('not used here'))
  return {
    getManifest: () =>
      Promise.resolve({
        bytes,
        digest,
        mediaType: mediaTypes.ociManifest,
        parsed: parseManifest(bytes, mediaTypes.ociManifest, 'x'),
      }),
    putManifest: (_, tag) => {
      if (tag === refused)
        return Promise.reject(new UserError('registry 127.0.0.1:5000 refused the push: 503.'))
      made.push(tag)
      return Promise.resolve(digest)
    },
    confirmManifest: () => Promise.resolve(),
    mountBlob: () => Promise.resolve('mounted'),
    getImageConfig: unused,
    getBlob: unused,
    hasBlob: unused,
    putBlob: unused,
    listTags: unused,
    pushesTo: () => undefined,
    close: () => undefined,
  }
}

const image = { from, digest, to, tags: ['dated', 'latest'], check: () => Promise.resolve() }
const never = new AbortController().signal

describe('promotion', () => {
  it('creates the tags in their order, and logs each with its digest', async () => {
    const made: string[] = []
    const log: string[] = []
    await promote(registryThatRefuses(undefined, made), [image], (line) => log.push(line), never)
    expect(made).toEqual(['dated', 'latest'])
    expect(log).toEqual([
      `127.0.0.1:5000/me/vllm-openai:dated → ${digest}`,
      `127.0.0.1:5000/me/vllm-openai:latest → ${digest}`,
    ])
  })

  it('that stops names the tags that it created', async () => {
    const work = promote(registryThatRefuses('latest', []), [image], () => undefined, never)
    await expect(work).rejects.toThrow(
      'Promotion stopped at 127.0.0.1:5000/me/vllm-openai:latest: registry 127.0.0.1:5000 refused the push: 503. These tags were created: 127.0.0.1:5000/me/vllm-openai:dated; run it again to complete it.',
    )
  })

  it('creates no tag after a cancel', async () => {
    const made: string[] = []
    const cancelled = AbortSignal.abort(new UserError('The run was cancelled.'))
    await expect(
      promote(registryThatRefuses(undefined, made), [image], () => undefined, cancelled),
    ).rejects.toThrow('No public tag was created before it; run it again')
    expect(made).toEqual([])
  })
})
