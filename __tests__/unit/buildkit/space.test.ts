import { describe, expect, it } from '@jest/globals'
import {
  addedBytes,
  type EngineDisk,
  judgeSpace,
  largestNeed,
  type LegLayers,
} from '../../../src/buildkit/engine/space.ts'

const GB = 1e9
const digest = (letter: string) => `sha256:${letter.repeat(64)}` as const
const leg = (name: string, layers: Record<string, number>): LegLayers => ({
  name,
  layers: Object.entries(layers).map(([letter, size]) => ({ digest: digest(letter), size })),
})
const disk = (more: Partial<EngineDisk> = {}): EngineDisk => ({
  path: '/var/lib/docker',
  free: 14 * GB,
  keepsBlobs: true,
  ...more,
})

describe('the parallel legs that need most space', () => {
  const small = leg('small', { a: 1 * GB, b: 1 * GB })
  const large = leg('large', { a: 1 * GB, c: 5 * GB })
  const other = leg('other', { d: 3 * GB })

  it.each<[string, LegLayers[], number, number, string[], number]>([
    ['one leg', [small], 1, 0, ['small'], 2 * GB],
    ['one after another: the largest', [small, large, other], 1, 0, ['large'], 6 * GB],
    ['in parallel: their sum, a shared layer once', [small, large, other], 2, 0, ['large', 'other'], 9 * GB],
    ['all in parallel', [small, large, other], 3, 0, ['small', 'large', 'other'], 10 * GB],
    ['more slots than legs', [small, large], 64, 0, ['small', 'large'], 7 * GB],
    ['the same base twice counts once', [small, small], 2, 0, ['small', 'small'], 2 * GB],
    ['what each of them adds', [small, small], 2, GB, ['small', 'small'], 4 * GB],
    ['bases that the engine has add nothing', [leg('there', {})], 1, 0, [], 0],
    ['no leg', [], 1, GB, [], 0],
  ])('%s', (_, legs, parallel, added, names, compressed) => {
    expect(largestNeed(legs, parallel, added)).toEqual({ legs: names, compressed })
  })

  it('an image adds its limit, unless the limit is so high that it switches the gate off', () => {
    expect(addedBytes(50e6)).toBe(50e6)
    expect(addedBytes(1e12)).toBe(100e6)
  })
})

describe('whether they fit', () => {
  it.each<[string, number, EngineDisk, string]>([
    [
      'does not fit even with the least unpacked size',
      12.4 * GB,
      disk(),
      'short: vllm v1 needs at least 31.0 GB of disk space (12.4 GB compressed, times 2.5), and /var/lib/docker has 14.0 GB free',
    ],
    [
      'does not fit with the usual unpacked size',
      5 * GB,
      disk(),
      'tight: vllm v1 needs about 15.0 GB of disk space (5.0 GB compressed, times 3), and /var/lib/docker has 14.0 GB free',
    ],
    [
      'fits',
      4 * GB,
      disk(),
      'enough: vllm v1 needs about 12.0 GB of disk space (4.0 GB compressed, times 3), and /var/lib/docker has 14.0 GB free',
    ],
    [
      'an engine that removes unpacked blobs needs less',
      9 * GB,
      disk({ keepsBlobs: false }),
      'tight: vllm v1 needs about 18.0 GB of disk space (9.0 GB compressed, times 2), and /var/lib/docker has 14.0 GB free',
    ],
    [
      'its limit',
      9.34 * GB,
      disk({ keepsBlobs: false }),
      'short: vllm v1 needs at least 14.0 GB of disk space (9.3 GB compressed, times 1.5), and /var/lib/docker has 14.0 GB free',
    ],
    [
      'nothing to pull needs nothing, even on a full disk',
      0,
      disk({ free: 0 }),
      'enough: vllm v1 needs about 0 B of disk space (0 B compressed, times 3), and /var/lib/docker has 0 B free',
    ],
  ])('%s', (_, compressed, on, expected) => {
    const { state, reason } = judgeSpace({ legs: ['vllm v1'], compressed }, on)
    expect(`${state}: ${reason}`).toBe(expected)
  })

  it('names legs that are built in parallel', () => {
    const { reason } = judgeSpace({ legs: ['one', 'two', 'three'], compressed: 8 * GB }, disk())
    expect(reason).toMatch(/^one, two and three in parallel need at least 20\.0 GB/)
  })
})
