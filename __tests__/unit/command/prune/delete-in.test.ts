import { beforeEach, describe, expect, it } from '@jest/globals'
import { deleteIn } from '../../../../src/command/prune/delete-in.ts'
import { createLedger } from '../../../../src/command/prune/ledger.ts'
import { UserError } from '../../../../src/errors.ts'
import type { Gone, PrunePlan } from '../../../../src/prune/model.ts'
import type { Digest } from '../../../../src/registry/content/digest.ts'
import { digestOf } from '../../../../src/registry/content/digest.ts'
import { mediaTypes } from '../../../../src/registry/content/media-types.ts'
import type { Deleter, Removal } from '../../../../src/registry/deletion/deleter.ts'
import { cache, createMemory, type Memory, putImage } from '../../../support/memory-client.ts'
import { makePruned } from '../../../support/prune-runs.ts'

let memory: Memory
let digests: Record<'leg' | 'report' | 'wheel', Digest>

beforeEach(async () => {
  memory = createMemory()
  const put = (tag: string) => putImage(memory, cache, tag, { buildId: tag, platform: 'linux/amd64' })
  digests = { leg: await put('leg'), report: await put('report'), wheel: await put('wheel') }
})

const goneOf = (name: keyof typeof digests, changes: Partial<Gone> = {}): Gone => {
  const { fate: _, ...gone } = makePruned({ digest: digests[name], tags: [name], ...changes })
  return gone
}

const order = ['leg', 'report', 'wheel'] as const

/** A pinned leg needs its report. */
function planFor(pinned: ReadonlySet<Digest>): PrunePlan[] {
  const needed = pinned.has(digests.leg) ? [digests.leg, digests.report] : [...pinned]
  const gone = order.map((name) => goneOf(name)).filter(({ digest }) => !needed.includes(digest))
  return [{ repository: 'docker.io/aibrix/image-cache', gone, kept: [], bytes: { before: 0, gone: 0 } }]
}

/**
 * Deletes what goes while other things happen.
 * @param meanwhile called before each request to delete, with the digest
 */
async function run(meanwhile: (digest: Digest) => Removal | undefined = () => undefined) {
  const tags = new Map(Object.entries(memory.tagsOf(cache)))
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
  const ledger = createLedger([{ repository: cache, tags }], planFor)
  const [place] = ledger.places
  if (!place) throw new Error('there is no place')
  const world = {
    registry: memory.client,
    signal: new AbortController().signal,
    log: (line: string) => void lines.push(line),
  }
  const work = (): Promise<void> => deleteIn(place, deleter, ledger, world)
  return { work, removed, lines, fates: () => fatesOf(ledger.repositories()[0]?.gone ?? []), ledger }
}

const fatesOf = (gone: readonly { digest: Digest; fate: { state: string; why?: string } }[]) =>
  Object.fromEntries(
    gone.map(({ digest, fate }) => [order.find((name) => digests[name] === digest), fate.why ?? fate.state]),
  )

describe('what goes is deleted', () => {
  it('in order, with a line for each', async () => {
    const { work, removed, lines, fates } = await run()
    await work()
    expect(removed).toEqual([digests.leg, digests.report, digests.wheel])
    expect(fates()).toEqual({ leg: 'deleted', report: 'deleted', wheel: 'deleted' })
    expect(lines).toEqual(
      order.map((name) => `deleted  docker.io/aibrix/image-cache@${digests[name]}  ${name}`),
    )
  })

  it('unless its tag names something else by now; then what it needs stays, too', async () => {
    const { work, removed, lines, fates } = await run()
    memory.tag(cache, 'leg', digests.wheel)
    await work()
    expect(removed).toEqual([digests.wheel])
    expect(fates()).toEqual({ leg: `leg names ${digests.wheel} now`, wheel: 'deleted' })
    expect(lines[0]).toMatch(/^stays {2}docker\.io\/aibrix\/image-cache@sha256:\w+ {2}leg: leg names/)
  })

  it('unless the registry never deletes it; then what it needs stays, too', async () => {
    const reason = 'it has more than 5,000 downloads'
    const { work, removed, fates } = await run((digest) =>
      digest === digests.leg ? { state: 'stays', reason } : undefined,
    )
    await work()
    expect(removed).toEqual([digests.wheel])
    expect(fates()).toEqual({ leg: reason, wheel: 'deleted' })
  })

  it('if it is still there: what another prune has deleted is noted', async () => {
    const { work, removed, fates } = await run()
    memory.remove(cache, 'leg')
    await work()
    expect(removed).toEqual([digests.report, digests.wheel])
    expect(fates()).toEqual({ leg: 'vanished', report: 'deleted', wheel: 'deleted' })
  })

  it('until a failure; what was deleted is noted, and the rest is left', async () => {
    const { work, fates } = await run((digest) => {
      if (digest === digests.report) throw new UserError('It failed.')
      return undefined
    })
    await expect(work()).rejects.toThrow('It failed.')
    expect(fates()).toEqual({ leg: 'deleted', report: 'left', wheel: 'left' })
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
    const { work, removed, lines, fates } = await run()
    await change()
    await work()
    expect(removed).toEqual([digests.wheel])
    expect(fates()).toEqual({ wheel: 'deleted' })
    expect(lines[0]).toMatch(/^stays .*: \w+ is new and needs it$/)
  })

  it('or nothing is deleted, if what is new cannot be read', async () => {
    const { work, removed } = await run()
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
  const { ledger, fates } = await run()
  const [place] = ledger.places
  const cancelled = AbortSignal.abort(new UserError('The run was cancelled.'))
  const deleter: Deleter = {
    check: () => Promise.resolve(),
    remove: () => Promise.reject(new Error('it must not be called')),
  }
  const world = { registry: memory.client, signal: cancelled, log: () => undefined }
  await expect(place && deleteIn(place, deleter, ledger, world)).rejects.toThrow('cancelled')
  expect(fates()).toEqual({ leg: 'left', report: 'left', wheel: 'left' })
})
