import { describe, expect, it } from '@jest/globals'
import { inspectImage } from '../../../src/command/inspect-image.ts'
import { keepGpuGates } from '../../../src/command/verify/keep-gpu-gates.ts'
import { verifiedTag } from '../../../src/store/contents.ts'
import { createStore } from '../../../src/store/store.ts'
import type { VerifiedRecord } from '../../../src/store/verified.ts'
import { waive } from '../../../src/verify/gate.ts'
import { cache, createMemory, type Memory, stageLeg } from '../../support/memory-client.ts'
import { makeOutcomeReport, makePlan, makePlannedImage } from '../../support/reports.ts'
import { runWorldOf } from '../../support/run-world.ts'

const scripts = '0123456789ab'
const image = makePlannedImage()
const [leg] = image.legs
const choices = { built: [], failFast: true, lookAgain: true }

type Gates = VerifiedRecord['report']['gates']

async function recordOf(
  memory: Memory,
  changes: (gates: Gates) => Gates = (gates) => gates,
): Promise<VerifiedRecord> {
  const found = await memory.client.getManifest(cache, `build-${leg.buildId}-amd64`)
  if (!found) throw new Error('nothing is staged')
  const report = makeOutcomeReport()
  return {
    ...{ format: 1, actionVersion: '1.0.0', scripts, against: 'labels', gpus: null },
    image: { name: 'docker.io/aibrix/image-cache', digest: found.digest, platform: 'linux/amd64' },
    report: { ...report, gates: changes(report.gates) },
  }
}

async function withStaged(): Promise<Memory> {
  const memory = createMemory()
  await stageLeg(memory, leg)
  return memory
}

async function inspected(memory: Memory, verifiedBy: string | undefined) {
  const world = runWorldOf(memory, { verifiedBy })
  const { outcome } = await inspectImage(image, makePlan([image]), choices, world)
  return { state: outcome.state, ...outcome.legs[0] }
}

const failed = (gates: Gates): Gates =>
  gates.map((gate, index) => (index === 0 ? { ...gate, state: 'fail', hint: 'It is another one.' } : gate))

describe('require-verified', () => {
  it('is not asked for where it is not set', async () => {
    const memory = await withStaged()
    expect((await inspected(memory, undefined)).state).toBe('staged')
    expect(memory.seen.filter((request) => request.includes('verified-'))).toEqual([])
  })

  it('refuses what nobody has verified, and names the record and the command', async () => {
    const memory = await withStaged()
    const { digest } = (await recordOf(memory)).image
    const leaf = await inspected(memory, scripts)
    expect(leaf).toMatchObject({ state: 'failed' })
    const tag = verifiedTag({ digest, scripts })
    expect(leaf).toHaveProperty(
      'error',
      `require-verified: docker.io/aibrix/image-cache:${tag} must say that ${digest} is what it should be. It does not exist. Run command: verify with image: docker.io/aibrix/image-cache:build-${leg.buildId}-amd64 and platforms: linux/amd64, and promote again.`,
    )
  })

  it.each<[string, (gates: Gates) => Gates, string]>([
    ['takes what passed', (gates) => gates, 'staged'],
    ['refuses what failed', failed, 'failed'],
    [
      'takes what was waived',
      (gates) => waive(failed(gates), new Map([[gates[0]?.name ?? 'labels', 'why']])),
      'staged',
    ],
    ['refuses a record without gates', () => [], 'failed'],
  ])('%s', async (_, change, state) => {
    const memory = await withStaged()
    await createStore(memory.client, cache).verified.write(await recordOf(memory, change))
    const leaf = await inspected(memory, scripts)
    expect(leaf.state).toBe(state)
    // Other scripts may find more.
    expect((await inspected(memory, 'ffffffffffff')).state).toBe('failed')
  })

  it('does not take the record of another digest under the same tag', async () => {
    const memory = await withStaged()
    const { verified } = createStore(memory.client, cache)
    const record = await recordOf(memory)
    const other = { ...record, image: { ...record.image, digest: `sha256:${'f'.repeat(64)}` as const } }
    await verified.write(other)
    const found = await memory.client.getManifest(cache, verifiedTag({ ...other.image, scripts }))
    memory.tag(cache, verifiedTag({ ...record.image, scripts }), found?.digest ?? other.image.digest)
    expect((await inspected(memory, scripts)).state).toBe('failed')
  })
})

describe('a verification without GPUs', () => {
  const onGpu = (state: 'pass' | 'fail'): Gates => [
    {
      name: 'gpu-ucx',
      expected: 'cuda_copy',
      actual: state,
      ...(state === 'pass' ? { state } : { state, hint: 'no.' }),
    },
  ]
  const without: Gates = [
    {
      name: 'gpu-ucx',
      expected: 'cuda_copy',
      actual: 'not run',
      state: 'not applicable',
      reason: 'gpus is empty',
    },
  ]

  it.each(['pass', 'fail'] as const)('keeps what an earlier one found on a GPU: %s', async (state) => {
    const memory = await withStaged()
    const store = createStore(memory.client, cache)
    await store.verified.write({ ...(await recordOf(memory, () => onGpu(state))), gpus: 'all' })
    const kept = await keepGpuGates(await recordOf(memory, () => without), store)
    expect(kept).toMatchObject({ gpus: 'all', report: { gates: onGpu(state) } })
  })

  it('has nothing to keep of one without', async () => {
    const memory = await withStaged()
    const store = createStore(memory.client, cache)
    const record = await recordOf(memory, () => without)
    expect(await keepGpuGates(record, store)).toBe(record)
    await store.verified.write(record)
    expect(await keepGpuGates(record, store)).toBe(record)
  })
})
