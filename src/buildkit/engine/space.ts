import { humanBytes } from '../../text.ts'
import type { ImageLayer } from '../../registry/index.ts'

/** What a leg pulls. */
export type LegLayers = {
  /** As a person names it: `vllm v0.10.2 for linux/amd64` */
  name: string
  /** Those of the base; sizes in bytes, compressed */
  layers: readonly Pick<ImageLayer, 'digest' | 'size'>[]
}

/**
 * Where the engine keeps what it pulls. `free` in bytes; `keepsBlobs`: the compressed layers stay
 * beside the unpacked ones.
 */
export type EngineDisk = { path: string; free: number; keepsBlobs: boolean }

/** The parallel legs that need most; `compressed` in bytes, a layer that they share once. */
export type SpaceNeed = { legs: string[]; compressed: number }

export type SpaceVerdict = { state: 'enough' | 'tight' | 'short'; reason: string }

/**
 * Unpacked bytes per compressed byte. Measured (docs/disk.md): 1.9 for a layer of torch and CUDA
 * libraries, whose GPU code is compressed already, 2.1 to 4.8 for others. A run is refused by less
 * than the least of them, so that none is refused that would have succeeded.
 */
const unpacked = { least: 1.5, usual: 2 }

/** An image adds its limit or less, and was never measured to add more than this. */
const mostAdded = 100e6

/** @param limit `added-bytes-limit` @returns compressed bytes that a leg adds at most */
export function addedBytes(limit: number): number {
  return Math.min(limit, mostAdded)
}

/**
 * @param legs in the order in which they are built
 * @param parallel BuildKit may remove what earlier legs left
 * @param added compressed bytes that each leg adds to its base
 */
export function largestNeed(legs: readonly LegLayers[], parallel: number, added: number): SpaceNeed {
  return legs
    .slice(0, Math.max(1, legs.length - parallel + 1))
    .map((_, index) => needOf(legs.slice(index, index + parallel), added))
    .reduce((most, need) => (need.compressed > most.compressed ? need : most), needOf([], added))
}

function needOf(legs: readonly LegLayers[], added: number): SpaceNeed {
  const layers = new Map(legs.flatMap((leg) => leg.layers.map(({ digest, size }) => [digest, size] as const)))
  const pulled = [...layers.values()].reduce((sum, size) => sum + size, 0)
  return { legs: legs.map(({ name }) => name), compressed: pulled + legs.length * added }
}

/** `short`: it can't fit. `tight`: it does not fit if the base unpacks as bases usually do. */
export function judgeSpace(
  { legs, compressed }: SpaceNeed,
  { path, free, keepsBlobs }: EngineDisk,
): SpaceVerdict {
  const blobs = keepsBlobs ? 1 : 0
  const least = unpacked.least + blobs
  const usual = unpacked.usual + blobs
  const state = compressed * least > free ? 'short' : compressed * usual > free ? 'tight' : 'enough'
  const factor = state === 'short' ? least : usual
  const needs = `${legs.length > 1 ? 'need' : 'needs'} ${state === 'short' ? 'at least' : 'about'}`
  const reason =
    `${inParallel(legs)} ${needs} ${humanBytes(compressed * factor)} of disk space ` +
    `(${humanBytes(compressed)} compressed, times ${factor}), and ${path} has ${humanBytes(free)} free`
  return { state, reason }
}

function inParallel(names: readonly string[]): string {
  if (names.length < 2) return names[0] ?? ''
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''} in parallel`
}
