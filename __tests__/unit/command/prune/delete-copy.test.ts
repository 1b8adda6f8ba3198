import { beforeEach, expect, it } from '@jest/globals'
import { deleteIn } from '../../../../src/command/prune/delete-in.ts'
import { placesOf, resultOf } from '../../../../src/command/prune/place.ts'
import type { PrunePlan } from '../../../../src/prune/model.ts'
import type { Digest } from '../../../../src/registry/content/digest.ts'
import { mediaTypes } from '../../../../src/registry/content/media-types.ts'
import { copyTag, namedCopiesTag } from '../../../../src/store/contents.ts'
import { cache, createMemory, type Memory, putImage } from '../../../support/memory-client.ts'
import { makePruned } from '../../../support/prune-runs.ts'

let memory: Memory
let copy: Digest

beforeEach(async () => {
  memory = createMemory()
  copy = await putImage(memory, cache, 'upstream', { buildId: 'base', platform: 'linux/amd64' })
  memory.tag(cache, copyTag({ manifestDigest: copy }), copy)
  memory.remove(cache, 'upstream')
  await nameCopies('other')
})

/** Writes what a tag upstream named last, as a run does with `keep-base`. */
async function nameCopies(name: string, ...digests: Digest[]): Promise<void> {
  const manifests = digests.map((digest) => ({ mediaType: mediaTypes.ociManifest, digest, size: 1 }))
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }))
  await memory.client.putManifest(cache, namedCopiesTag(name), bytes, mediaTypes.ociIndex)
}

/** Deletes the copy. @param meanwhile called right before or after it is deleted */
async function remove(meanwhile: Partial<Record<'before' | 'after', () => Promise<void>>> = {}) {
  const tags = new Map(Object.entries(memory.tagsOf(cache)))
  const { fate: _, ...gone } = makePruned({
    ...{ kind: 'base', digest: copy, tags: [copyTag({ manifestDigest: copy })] },
  })
  const plan: PrunePlan = { repository: 'x', gone: [gone], kept: [], bytes: { before: 0, gone: 0 } }
  const content = { repository: cache, tags, entries: new Map(), blobs: [], referred: new Set<Digest>() }
  const [place] = placesOf([content], [plan])
  if (!place) throw new Error('there is no place')
  const deleter = {
    check: () => Promise.resolve(),
    remove: async ({ digest }: { digest: Digest }) => {
      await meanwhile.before?.()
      await memory.client.deleteManifest(cache, digest)
      await meanwhile.after?.()
      return { state: 'removed' } as const
    },
  }
  const world = { registry: memory.client, signal: new AbortController().signal, log: () => undefined }
  await deleteIn(place, deleter, new Map(), world)
  return resultOf(place).gone[0]?.fate
}

const isThere = (): boolean => Object.values(memory.tagsOf(cache)).includes(copy)

it('the copy of a base that no name needs is deleted', async () => {
  expect(await remove()).toEqual({ state: 'deleted' })
  expect(isThere()).toBe(false)
})

it('a copy that another run has named since it was read stays', async () => {
  await nameCopies('other', copy)
  expect(await remove()).toEqual({
    state: 'stays',
    why: expect.stringMatching(/^base-named-\w+ names it now$/),
  })
  expect(isThere()).toBe(true)
})

it('a copy that another run names while it is deleted is put back', async () => {
  const fate = await remove({ before: () => nameCopies('new', copy) })
  expect(fate).toEqual({ state: 'stays', why: expect.stringMatching(/so it was put back$/) })
  expect(isThere()).toBe(true)
})
