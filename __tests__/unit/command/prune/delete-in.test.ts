import { beforeEach, describe, expect, it } from '@jest/globals'
import { deleteIn } from '../../../../src/command/prune/delete-in.ts'
import { type Held, placesOf, resultOf } from '../../../../src/command/prune/place.ts'
import { UserError } from '../../../../src/errors.ts'
import type { Content } from '../../../../src/prune/content.ts'
import type { Gone, PrunePlan } from '../../../../src/prune/model.ts'
import type { Digest } from '../../../../src/registry/content/digest.ts'
import { digestOf } from '../../../../src/registry/content/digest.ts'
import { mediaTypes } from '../../../../src/registry/content/media-types.ts'
import { RegistryRefusal } from '../../../../src/registry/http/failure.ts'
import type { Deleter, Removal } from '../../../../src/registry/deletion/deleter.ts'
import type { Pruned } from '../../../../src/report/prune/prune-run.ts'
import { layersTag } from '../../../../src/store/contents.ts'
import { cache, createMemory, type Memory, putImage, stageLeg } from '../../../support/memory-client.ts'
import { makePruned } from '../../../support/prune-runs.ts'
import { makeLeg } from '../../../support/verified-leg.ts'
import { sha256 } from '../../../../src/plan/canonical.ts'

const refused = new RegistryRefusal('docker.io refused it', 'wait', {
  status: 403,
  code: undefined,
  retryAfter: undefined,
})

let memory: Memory
let digests: Record<'leg' | 'report' | 'wheel' | 'stays', Digest>

beforeEach(async () => {
  memory = createMemory()
  const put = (tag: string) => putImage(memory, cache, tag, { buildId: tag, platform: 'linux/amd64' })
  digests = {
    leg: await put('leg'),
    report: await put('report'),
    wheel: await put('wheel'),
    stays: await put('stays'),
  }
})

const goneOf = (name: keyof typeof digests, changes: Partial<Gone> = {}): Gone => {
  const { fate: _, ...gone } = makePruned({ digest: digests[name], tags: [name], ...changes })
  return gone
}

const order = ['leg', 'report', 'wheel'] as const

const plan = (): PrunePlan => ({
  repository: 'docker.io/aibrix/image-cache',
  // A leg needs its report.
  gone: [goneOf('leg'), goneOf('report', { neededBy: [digests.leg] }), goneOf('wheel')],
  kept: [],
  bytes: { before: 0, gone: 0 },
})

/**
 * Deletes what goes while other things happen.
 * @param meanwhile called before each request to delete, with the digest
 */
function run(
  meanwhile: (digest: Digest) => Removal | undefined = () => undefined,
  gone: readonly Gone[] = plan().gone,
) {
  const tags = new Map(Object.entries(memory.tagsOf(cache)))
  const content: Content = { repository: cache, tags, entries: new Map(), blobs: [], referred: new Set() }
  const removed: Digest[] = []
  const lines: string[] = []
  const deleter: Deleter = {
    check: () => Promise.resolve(),
    remove: async ({ digest }) => {
      const instead = meanwhile(digest)
      if (instead) return instead
      removed.push(digest)
      return { state: (await memory.client.deleteManifest(cache, digest)) ? 'removed' : 'gone' }
    },
  }
  const [place] = placesOf([content], [{ ...plan(), gone }])
  if (!place) throw new Error('there is no place')
  const held: Held = new Map()
  const work = (signal = new AbortController().signal): Promise<void> =>
    deleteIn(place, deleter, held, { registry: memory.client, signal, log: (line) => void lines.push(line) })
  return { work, removed, lines, held, fates: () => fatesOf(resultOf(place).gone) }
}

function fatesOf(gone: readonly Pruned[]): Record<string, string> {
  return Object.fromEntries(
    gone.map(({ tags, fate }) => [tags[0] ?? '', fate.state === 'stays' ? fate.why : fate.state]),
  )
}

describe('what goes is deleted', () => {
  it('in order, with a line for each', async () => {
    const { work, removed, lines, fates } = run()
    await work()
    expect(removed).toEqual([digests.leg, digests.report, digests.wheel])
    expect(fates()).toEqual({ leg: 'deleted', report: 'deleted', wheel: 'deleted' })
    expect(lines).toEqual(
      order.map((name) => `deleted  docker.io/aibrix/image-cache@${digests[name]}  ${name}`),
    )
  })

  it('unless its tag names something else by now; then what it needs stays, too', async () => {
    const { work, removed, lines, fates } = run()
    memory.tag(cache, 'leg', digests.stays)
    await work()
    expect(removed).toEqual([digests.wheel])
    expect(fates()).toEqual({
      leg: `leg names ${digests.stays} now`,
      report: `${digests.leg} stays and needs it`,
      wheel: 'deleted',
    })
    expect(lines[0]).toMatch(/^stays {2}docker\.io\/aibrix\/image-cache@sha256:\w+ {2}leg: leg names/)
  })

  it('unless the registry never deletes it; then what it needs stays, too', async () => {
    const reason = 'it has more than 5,000 downloads'
    const { work, removed, fates } = run((digest) =>
      digest === digests.leg ? { state: 'stays', reason } : undefined,
    )
    await work()
    expect(removed).toEqual([digests.wheel])
    expect(fates()).toMatchObject({ leg: reason, wheel: 'deleted' })
  })

  it('if it is still there: what another prune has deleted is noted', async () => {
    const { work, removed, fates } = run()
    memory.remove(cache, 'leg')
    await work()
    expect(removed).toEqual([digests.report, digests.wheel])
    expect(fates()).toEqual({ leg: 'vanished', report: 'deleted', wheel: 'deleted' })
  })

  it.each([
    ['without an answer, which may have done it', new UserError('It failed.'), 'undetermined'],
    ['that is a refusal', refused, 'left'],
  ])('until a failure %s; what was deleted is noted, and the rest is left', async (_, failure, state) => {
    const { work, fates } = run((digest) => {
      if (digest === digests.report) throw failure
      return undefined
    })
    await expect(work()).rejects.toBe(failure)
    expect(fates()).toEqual({ leg: 'deleted', report: state, wheel: 'left' })
  })
})

describe('what was named since it was read stays, and what it needs', () => {
  it.each([
    ['by another tag', async () => Promise.resolve(memory.tag(cache, 'stable', digests.leg))],
    [
      'in a new index',
      async () => {
        const entry = { mediaType: mediaTypes.ociManifest, digest: digests.leg, size: 1 }
        await putContent('index', { mediaType: mediaTypes.ociIndex, manifests: [entry] })
      },
    ],
    [
      'as the subject of something new',
      async () => {
        const bytes = Buffer.from('{}')
        const config = {
          mediaType: mediaTypes.ociEmpty,
          digest: await memory.client.putBlob(cache, bytes),
          size: 2,
        }
        const subject = { mediaType: mediaTypes.ociManifest, digest: digests.leg, size: 1 }
        await putContent('signature', { mediaType: mediaTypes.ociManifest, config, layers: [], subject })
      },
    ],
  ])('%s', async (_, change) => {
    const { work, removed, lines, fates } = run()
    await change()
    await work()
    expect(removed).toEqual([digests.wheel])
    expect(fates()).toMatchObject({ leg: expect.stringMatching(/ is new and needs it$/), wheel: 'deleted' })
    expect(lines[0]).toMatch(/^stays .*: \w+ is new and needs it$/)
  })

  it.each([
    [
      'by a tag that named another image',
      'stays was moved and needs it',
      () => memory.tag(cache, 'stays', digests.leg),
    ],
    [
      'by a signature, whose tag alone says what it is about',
      'is new and needs it',
      () => memory.tag(cache, `${digests.leg.replace(':', '-')}.sig`, digests.stays),
    ],
    [
      'by attestations that are found by a tag',
      'is new and needs it',
      () => memory.tag(cache, digests.leg.replace(':', '-'), digests.stays),
    ],
  ])('%s', async (_, why, change) => {
    const { work, removed, fates } = run()
    change()
    await work()
    expect(removed).toEqual([digests.wheel])
    expect(fates()).toMatchObject({ leg: expect.stringContaining(why), wheel: 'deleted' })
  })

  it('also if it happens while others are deleted', async () => {
    const gone = [goneOf('wheel'), goneOf('leg', { kind: 'image' }), goneOf('report', { kind: 'image' })]
    const { work, removed, fates } = run((digest) => {
      if (digest === digests.wheel) memory.tag(cache, 'stays', digests.leg)
      return undefined
    }, gone)
    await work()
    expect(removed).toEqual([digests.wheel, digests.report])
    expect(fates()).toMatchObject({ leg: 'stays was moved and needs it' })
    expect(memory.tagsOf(cache).stays).toBe(digests.leg)
  })

  it('with the stage artifacts and the base of a leg that was staged since', async () => {
    const leg = makeLeg()
    const needed = [`wheel-${sha256('x')}`, layersTag(leg.base)]
    const gone: Gone[] = []
    for (const tag of needed) {
      const digest = await putImage(memory, cache, tag, { buildId: tag, platform: 'linux/amd64' })
      gone.push(goneOf('wheel', { tags: [tag], digest }))
    }
    const { work, removed } = run(undefined, [...gone, goneOf('leg')])
    const labels = { 'org.opencontainers.image.base.digest': leg.base.manifestDigest }
    await stageLeg(memory, leg, labels, { needs: needed.slice(0, 1) })
    await work()
    expect(removed).toEqual([digests.leg])
  })

  it('or nothing is deleted, if what is new cannot be read', async () => {
    const { work, removed } = run()
    memory.tag(cache, 'new', digests.leg)
    memory.client.getManifest = () => Promise.reject(new UserError('It is damaged.'))
    await expect(work()).rejects.toThrow('It is damaged.')
    expect(removed).toEqual([])
  })
})

async function putContent(
  tag: string,
  content: { mediaType: string; [key: string]: unknown },
): Promise<void> {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, ...content }))
  await memory.client.putManifest(cache, tag, bytes, content.mediaType)
  expect(digestOf(bytes)).toMatch(/^sha256:/)
}

it('a run that was cancelled deletes nothing more', async () => {
  const { work, removed, fates } = run()
  await expect(work(AbortSignal.abort(new UserError('The run was cancelled.')))).rejects.toThrow('cancelled')
  expect(removed).toEqual([])
  expect(fates()).toEqual({ leg: 'left', report: 'left', wheel: 'left' })
})

it('what stays in a public repository stays in the cache repository, too', async () => {
  const { work, removed, held, fates } = run()
  held.set(digests.leg, 'stable names it now')
  await work()
  expect(removed).toEqual([digests.wheel])
  expect(fates()).toMatchObject({ leg: 'stable names it now', report: `${digests.leg} stays and needs it` })
})
