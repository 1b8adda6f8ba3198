import { describe, expect, it } from '@jest/globals'
import { UserError } from '../../../src/errors.ts'
import { promote } from '../../../src/promote/promote.ts'
import { cache, createMemory, putImage, vllm } from '../../support/memory-client.ts'
import { makeLeg } from '../../support/verified-leg.ts'

/** Promotes an image with two tags, of which the registry refuses one. */
async function promoted(refused?: string, signal = new AbortController().signal) {
  const memory = createMemory((request) => request === `put aibrix/vllm-openai:${refused}`)
  const digest = await putImage(memory, cache, 'candidate', makeLeg())
  const image = { from: cache, digest, to: vllm, tags: ['dated', 'latest'], check: () => Promise.resolve() }
  const log: string[] = []
  const error = await promote(memory.client, [image], (line) => log.push(line), signal).catch(
    (thrown: unknown) => thrown,
  )
  return { digest, error, log, tags: Object.keys(memory.tagsOf(vllm)) }
}

describe('promotion', () => {
  it('creates the tags in their order, and logs each with its digest', async () => {
    const { digest, error, log, tags } = await promoted()
    expect(error).toBeUndefined()
    expect(tags).toEqual(['dated', 'latest'])
    expect(log).toEqual(tags.map((tag) => `docker.io/aibrix/vllm-openai:${tag} → ${digest}`))
  })

  it('that stops names the tags that it created', async () => {
    expect((await promoted('latest')).error).toMatchObject({
      message:
        'Promotion stopped at docker.io/aibrix/vllm-openai:latest: registry docker.io refused "put aibrix/vllm-openai:latest". These tags were created: docker.io/aibrix/vllm-openai:dated; run it again to complete it.',
    })
  })

  it('creates no tag after a cancel', async () => {
    const cancelled = AbortSignal.abort(new UserError('The run was cancelled.'))
    const { error, tags } = await promoted(undefined, cancelled)
    expect(error).toMatchObject({
      message: expect.stringContaining('No public tag was created before it; run it again'),
    })
    expect(tags).toEqual([])
  })
})
