import { beforeEach, describe, expect, it } from '@jest/globals'
import { UserError } from '../../../src/errors.ts'
import type { Leg } from '../../../src/plan/plan.ts'
import type { Entry } from '../../../src/prune/content.ts'
import { storedKinds } from '../../../src/prune/model.ts'
import { planPrune } from '../../../src/prune/plan-prune.ts'
import { readForPrune } from '../../../src/prune/read.ts'
import type { PruneRequest } from '../../../src/prune/world.ts'
import { putArtifact } from '../../../src/registry/artifact.ts'
import type { RegistryClient } from '../../../src/registry/client.ts'
import type { Digest } from '../../../src/registry/content/digest.ts'
import { Damaged } from '../../../src/registry/http/damage.ts'
import { RegistryRefusal } from '../../../src/registry/http/failure.ts'
import {
  candidateTag,
  copyTag,
  documents,
  factsTag,
  layersTag,
  namedCopiesTag,
  reportTag,
  stagedTag,
} from '../../../src/store/contents.ts'
import { createStore } from '../../../src/store/store.ts'
import { putImage, run, stageWithAttestations } from '../../support/memory-client.ts'
import { makeRecord } from '../../support/records.ts'
import { daysAgo, now, settings, tagFor } from '../../support/prune-content.ts'
import {
  artifactsOf,
  legOnBase,
  longAgo,
  putIndex,
  putPlan,
  restage,
  runLeg,
} from '../../support/prune-store.ts'
import {
  cache,
  createMemory,
  legOf,
  type Memory,
  publishIndex,
  vllm,
} from '../../support/published-images.ts'

const yesterday = new Date(daysAgo(1))
const mirror = { registry: 'ghcr.io', path: 'mirror/vllm-openai' }

type Changes = Partial<PruneRequest> & { client?: Partial<RegistryClient> }

function read(memory: Memory, { client = {}, ...changes }: Changes = {}) {
  const request = { ...settings, cacheRepository: cache, published: [vllm], prunePublic: [], ...changes }
  const registry = { ...memory.client, ...client }
  return readForPrune(request, { registry, signal: new AbortController().signal, now })
}

/** The tags of what goes, of each repository. */
async function goneOf(memory: Memory, changes: Changes = {}): Promise<string[][]> {
  const plans = planPrune(await read(memory, changes), { ...settings, ...changes }, now)
  return plans.map(({ gone }) => gone.flatMap(({ tags }) => tags).sort())
}

async function entryOf(memory: Memory, tag: string, changes: Changes = {}): Promise<Entry | undefined> {
  const { entries, tags } = (await read(memory, changes)).cache
  const digest = tags.get(tag)
  return digest && entries.get(digest)
}

/** All tags that a run leaves of a leg. */
const tagsOf = (leg: Leg): string[] =>
  [
    ...[stagedTag(leg), candidateTag(leg, run), reportTag(leg), ...artifactsOf(leg)],
    ...[factsTag(leg.base), layersTag(leg.base), copyTag(leg.base)],
    namedCopiesTag(`docker.io/vllm/vllm-openai:${leg.version.tag}`),
  ].sort()

const refused = (status: number) =>
  new RegistryRefusal(`docker.io refused it: ${status}`, 'check it', {
    ...{ status, code: undefined, retryAfter: undefined },
  })

/** A memory like a registry that accepts only images. */
function acceptingImages(): Memory {
  const memory = createMemory()
  const { putManifest } = memory.client
  const client: RegistryClient = {
    ...memory.client,
    putManifest: (...all) =>
      Buffer.from(all[2]).includes('"artifactType"') ? Promise.reject(refused(400)) : putManifest(...all),
  }
  return { ...memory, client }
}

let memory: Memory
let old: Leg
let young: Leg

async function fill(given: Memory): Promise<void> {
  memory = given
  old = await legOnBase(memory, legOf('0.20.0'))
  young = await legOnBase(memory, legOf('0.21.0'))
  await runLeg(memory, old)
  await runLeg(memory, young, { at: yesterday })
}

beforeEach(() => fill(createMemory()))

describe('a store', () => {
  it('keeps the legs of an engine that is not selected, of which nothing public was read', async () => {
    expect(await goneOf(memory, { engines: ['sglang'], undated: true })).toEqual([[]])
  })

  it('keeps a leg that somebody gave a tag of theirs, and all that it needs to be skipped', async () => {
    memory.tag(cache, 'mine', memory.tagsOf(cache)[stagedTag(old)] ?? young.base.digest)
    expect(await goneOf(memory, { undated: true })).toEqual([[]])
  })

  it.each([
    ['artifacts', createMemory],
    ['images only', acceptingImages],
  ])('in a registry that accepts %s is known by all that runs leave in it', async (_, create) => {
    await fill(create())
    await putPlan(memory, [young], yesterday)
    const store = createStore(memory.client, cache, () => longAgo)
    await store.inventories.write(vllm, 'of earlier lists')
    const digest = memory.tagsOf(cache)[stagedTag(young)] ?? young.base.digest
    const image = { name: 'its staged leg', digest, platform: 'linux/amd64' }
    await store.verified.write(makeRecord({ image }))
    const candidate = candidateTag(legOf('0.22.0'), run)
    await putImage(memory, cache, candidate, legOf('0.22.0'))
    const { entries } = (await read(memory)).cache
    expect(new Set([...entries.values()].map(({ kind }) => kind))).toEqual(new Set(storedKinds))
    expect(await goneOf(memory, { undated: true })).toEqual([[...tagsOf(old), candidate].sort()])
  })

  it('is read with one request for each tag and one for each manifest', async () => {
    memory.seen.length = 0
    const { cache: content } = await read(memory)
    const requests = memory.seen.filter((request) => request.includes(cache.path))
    expect(requests.filter((request) => request.startsWith('head'))).toHaveLength(content.tags.size)
    expect(requests.filter((request) => request.startsWith('get'))).toHaveLength(content.entries.size)
    expect(new Set(requests).size).toBe(requests.length)
  })

  it('may be empty, and nothing may be published', async () => {
    expect(await goneOf(createMemory())).toEqual([[]])
  })

  it('keeps what has no date, unless that may go', async () => {
    const gone = new Set((await goneOf(memory)).flat())
    expect(tagsOf(old).filter((tag) => !gone.has(tag))).toEqual(
      // The name of a copy is kept with it, though it has a date.
      [copyTag(old.base), layersTag(old.base), namedCopiesTag('docker.io/vllm/vllm-openai:v0.20.0')].sort(),
    )
  })
})

describe('a leg', () => {
  it('is of a family by its report, and as old as that', async () => {
    expect(await entryOf(memory, stagedTag(old))).toMatchObject({
      families: ['build vllm v0.20.0 linux/amd64', 'candidate'],
      created: '2025-08-01T00:00:00.000Z',
      needs: [
        reportTag(old),
        ...artifactsOf(old),
        ...[factsTag, layersTag, copyTag].map((tagOf) => tagOf(old.base)),
      ],
    })
  })

  it('has no date if its report is about another build', async () => {
    await restage(memory, old, { digest: `sha256:${'1'.repeat(64)}` })
    expect(await entryOf(memory, stagedTag(old))).toMatchObject({ created: null })
  })

  it.each([
    ['without a report', undefined],
    ['with a report that is none', 'no report'],
  ])('%s has no date, and is in one family with all others of this kind', async (_, text) => {
    memory.remove(cache, reportTag(old))
    const document = { type: documents.report.type, created: longAgo }
    if (text)
      await putArtifact(memory.client, cache, reportTag(old), { ...document, bytes: Buffer.from(text) })
    expect(await entryOf(memory, stagedTag(old))).toMatchObject({
      families: ['build', 'candidate'],
      created: null,
    })
  })
})

describe('a leg with a tag of others', () => {
  it('is foreign, and keeps what runs find with it', async () => {
    const digest = (await memory.client.getManifest(cache, stagedTag(old)))?.digest
    if (!digest) throw new Error('the leg is not staged')
    memory.tag(cache, 'mine', digest)
    expect(await entryOf(memory, 'mine')).toMatchObject({ kind: null })
    expect(await goneOf(memory, { undated: true })).toEqual([[]])
  })
})

describe('a candidate that was never staged', () => {
  it('has no date; if what has none may go, its configuration tells that it may be young', async () => {
    const leg = legOf('0.22.0')
    const tag = candidateTag(leg, run)
    await putImage(memory, cache, tag, leg)
    expect(await entryOf(memory, tag)).toMatchObject({ created: null, configured: null })
    expect((await goneOf(memory, { undated: true })).flat()).toContain(tag)
  })
})

describe('a plan', () => {
  it('keeps its legs and what is known of their bases while it is young', async () => {
    await putPlan(memory, [old], yesterday)
    const gone = (await goneOf(memory, { undated: true })).flat()
    expect(gone).toEqual([])
  })

  it('keeps nothing when it is old, and is not read', async () => {
    const tag = await putPlan(memory, [old], longAgo)
    const asked: string[] = []
    const getBlob: RegistryClient['getBlob'] = (repository, digest, limit) => {
      asked.push(digest)
      return memory.client.getBlob(repository, digest, limit)
    }
    expect(await goneOf(memory, { undated: true, client: { getBlob } })).toEqual([
      [...tagsOf(old), tag].sort(),
    ])
    // The two reports
    expect(asked).toHaveLength(2)
  })
})

describe('content that is not what its tag says', () => {
  const wrong = (tag: string, put: () => Promise<unknown>): [string, () => Promise<unknown>] => [tag, put]
  const document = (tag: string, { type }: { type: string }) => {
    const bytes = Buffer.from('{}')
    return wrong(tag, () => putArtifact(memory.client, cache, tag, { type, bytes, created: longAgo }))
  }
  const image = (tag: string) => wrong(tag, () => putImage(memory, cache, tag, legOf('0.1.0')))
  it.each([
    document(tagFor('build', 'a'), documents.report),
    document(tagFor('candidate', 'a'), documents.artifact),
    document(tagFor('report', 'a'), documents.plan),
    document(tagFor('plan', 'a'), documents.facts),
    document(tagFor('layers', 'a'), documents.artifact),
    document(tagFor('base-named', 'a'), documents.artifact),
    document(tagFor('wheel', 'a'), { type: 'application/x-tar' }),
    image(tagFor('facts', 'a')),
    image(tagFor('layers', 'a')),
    image(tagFor('ucx', 'a')),
    image(tagFor('base', 'a')),
    image('latest'),
  ])('is foreign: %s', async (tag, put) => {
    await put()
    expect(await entryOf(memory, tag)).toMatchObject({ kind: null })
    expect((await goneOf(memory, { undated: true })).flat()).not.toContain(tag)
  })
})

describe('what is published', () => {
  it('keeps the legs that it was made of, by their digest or in an index', async () => {
    const other = await legOnBase(memory, legOf('0.19.0'))
    const [digest, another] = [await runLeg(memory, old, { tags: ['v1'] }), await runLeg(memory, other)]
    await publishIndex(memory, 'v2', [{ digest: another, platform: 'linux/amd64' }])
    memory.seen.length = 0
    expect(await goneOf(memory, { undated: true })).toEqual([[]])
    // Not the image in the index
    expect(memory.seen.filter((request) => request.startsWith(`get ${vllm.path}`))).toHaveLength(2)
    memory.remove(vllm, 'v1')
    memory.remove(vllm, 'v2')
    expect(await goneOf(memory, { undated: true })).toEqual([[...tagsOf(old), ...tagsOf(other)].sort()])
    expect(digest).not.toBe(another)
  })

  it('keeps a leg with attestations by its image', async () => {
    const digest = await stageWithAttestations(memory, old, [
      { type: 'https://spdx.dev/Document', text: '{}' },
    ])
    await restage(memory, old, { digest })
    expect((await goneOf(memory)).flat()).toContain(stagedTag(old))
    const manifest = await memory.client.getManifest(cache, digest)
    const [image] = manifest?.parsed.kind === 'index' ? manifest.parsed.manifests : []
    if (!image) throw new Error('the leg has no image')
    await publishIndex(memory, 'v1', [{ digest: image.digest, platform: 'linux/amd64' }])
    expect((await goneOf(memory)).flat()).not.toContain(stagedTag(old))
  })

  it('keeps it in a mirror, too, whose manifests are read once', async () => {
    const digest = await runLeg(memory, old, { tags: ['v1'] })
    const manifest = await memory.client.getManifest(vllm, digest)
    if (!manifest) throw new Error('it is not published')
    for (const part of manifest.parsed.kind === 'image'
      ? [manifest.parsed.config, ...manifest.parsed.layers]
      : [])
      memory.hold(mirror, part.digest)
    await memory.client.putManifest(mirror, 'v1', manifest.bytes, manifest.mediaType)
    memory.seen.length = 0
    expect(await goneOf(memory, { published: [vllm, mirror] })).toEqual([[]])
    expect(memory.seen.filter((request) => request.startsWith(`get ${mirror.path}`))).toEqual([])
    memory.remove(vllm, 'v1')
    expect(await goneOf(memory, { published: [vllm, mirror] })).toEqual([[]])
  })
})

describe('a public repository that is pruned', () => {
  it('loses old images of this action that have dated tags alone, and then their legs go', async () => {
    await runLeg(memory, old, { tags: ['v0.20.0-20250801'] })
    await runLeg(memory, young, { tags: ['v0.21.0-20251130'], at: yesterday })
    await putImage(memory, vllm, 'other-20250801', legOf('0.1.0'), { labels: {} })
    const [images, stored] = await goneOf(memory, { prunePublic: [vllm], undated: true })
    expect(images).toEqual(['v0.20.0-20250801'])
    expect(stored).toEqual(tagsOf(old))
  })

  it('keeps what something refers to, and with it the leg', async () => {
    const digest = await runLeg(memory, old, { tags: ['v0.20.0-20250801'] })
    await putImage(memory, vllm, `${digest.replace(':', '-')}.sig`, legOf('0.1.0'), { labels: {} })
    expect(await goneOf(memory, { prunePublic: [vllm], undated: true })).toEqual([[], []])
  })
})

describe('the referrers of a registry', () => {
  const answer = (artifactType: string, asked: string[] = []): Partial<RegistryClient> => ({
    listReferrers: (_, digest) => {
      asked.push(digest)
      const descriptor = { mediaType: 'x', digest, size: 1, annotations: {}, artifactType }
      return Promise.resolve([descriptor])
    },
  })

  it('are asked for what would go, which then stays', async () => {
    const asked: string[] = []
    expect(
      await goneOf(memory, { undated: true, client: answer('application/vnd.in-toto+json', asked) }),
    ).toEqual([[]])
    expect(asked).toHaveLength(tagsOf(old).length - 1)
  })

  it('do not count if they are reports of this action', async () => {
    const client = answer(documents.report.type)
    expect(await goneOf(memory, { undated: true, client })).toEqual([tagsOf(old)])
  })

  it('are asked for once if the registry has no such list', async () => {
    let asked = 0
    const listReferrers = () => {
      asked += 1
      return Promise.resolve(undefined)
    }
    await goneOf(memory, { undated: true, client: { listReferrers } })
    expect(asked).toBe(1)
  })
})

describe('a prune refuses', () => {
  const failing = <K extends keyof RegistryClient>(method: K, path: string, error: Error) => ({
    [method]: (...all: Parameters<RegistryClient[K]>) => {
      const [repository] = all as unknown as [{ path: string }]
      const call = memory.client[method] as (...given: unknown[]) => unknown
      return repository.path === path ? Promise.reject(error) : call(...all)
    },
  })
  const damaged = new Damaged('it should have another digest.')
  it.each<[string, () => Changes, RegExp]>([
    [
      'tags that may not be listed',
      () => ({ client: failing('listTags', cache.path, refused(403)) }),
      /refused it: 403/,
    ],
    [
      'a tag that may not be read',
      () => ({ client: failing('resolveTag', cache.path, refused(401)) }),
      /refused it: 401/,
    ],
    [
      'a manifest that may not be read',
      () => ({ client: failing('getManifest', cache.path, refused(403)) }),
      /: 403/,
    ],
    ['a damaged manifest', () => ({ client: failing('getManifest', cache.path, damaged) }), /another digest/],
    [
      'a report that may not be read',
      () => ({ client: failing('getBlob', cache.path, refused(403)) }),
      /: 403/,
    ],
    [
      'a configuration that is damaged',
      () => ({ client: failing('getImageConfig', cache.path, damaged) }),
      /another digest/,
    ],
    [
      'a public repository that may not be read',
      () => ({ client: failing('listTags', vllm.path, refused(403)) }),
      /: 403/,
    ],
    [
      'referrers that may not be read',
      () => ({ client: failing('listReferrers', cache.path, refused(500)) }),
      /: 500/,
    ],
    [
      'a tag that names a manifest which the registry lacks',
      () => ({ client: { resolveTag: () => Promise.resolve(`sha256:${'0'.repeat(64)}` as const) } }),
      /names sha256:0+, which the registry does not have; nothing is deleted/,
    ],
  ])('%s', async (_, changes, message) => {
    const all = { undated: true, ...changes() }
    await expect(read(memory, all)).rejects.toThrow(UserError)
    await expect(read(memory, all)).rejects.toThrow(message)
  })

  it.each([
    ['of the cache repository', cache, {}],
    ['of a public repository that is pruned', vllm, { prunePublic: [vllm] }],
  ])('an index %s that names a manifest which the registry lacks', async (_, repository, changes) => {
    const digest = await putImage(memory, repository, 'one', legOf('0.1.0'))
    await putIndex(memory, repository, 'index', [digest])
    for (const name of ['one', digest]) memory.remove(repository, name)
    await expect(read(memory, changes)).rejects.toThrow(
      new RegExp(`names ${digest}, which the registry does not have; nothing is deleted`),
    )
  })

  it('a young plan that this version cannot read', async () => {
    const { type } = documents.plan
    const plan = { type, bytes: Buffer.from('{"format":9}'), created: yesterday }
    await putArtifact(memory.client, cache, tagFor('plan', 'a'), plan)
    await expect(read(memory)).rejects.toThrow(/is not a plan that this version of the action can read/)
  })
})

describe('a tag that is deleted meanwhile', () => {
  it('is not there any more when it is asked for', async () => {
    const listTags: RegistryClient['listTags'] = async (repository) => [
      ...(await memory.client.listTags(repository)),
      'gone',
    ]
    const { cache: content } = await read(memory, { client: { listTags } })
    expect(content.tags.has('gone')).toBe(false)
  })

  const missing = `sha256:${'0'.repeat(64)}` as const
  /** Answers a first request for a leg with a digest that does not exist */
  const answering = (later: Digest | undefined): RegistryClient['resolveTag'] => {
    let asked = 0
    return (repository, tag) => {
      if (tag !== stagedTag(old)) return memory.client.resolveTag(repository, tag)
      asked += 1
      return Promise.resolve(asked === 1 ? missing : later)
    }
  }

  it('refuses the prune if it was moved before its manifest is read', async () => {
    const resolveTag = answering(`sha256:${'1'.repeat(64)}`)
    await expect(read(memory, { client: { resolveTag } })).rejects.toThrow(
      /was moved while it was read; nothing/,
    )
  })

  it('is left out if it is gone before its manifest is read', async () => {
    const resolveTag = answering(undefined)
    const { cache: content } = await read(memory, { client: { resolveTag } })
    expect(content.tags.has(stagedTag(old))).toBe(false)
    expect(content.entries.has(missing)).toBe(false)
  })
})
