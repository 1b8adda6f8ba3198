import { humanBytes } from '../../text.ts'
import type { ImageLayer } from '../../registry/index.ts'

/** A leg, as far as its room on disk goes. */
export type RoomLeg = {
  /** As a person calls it: `vllm v0.10.2 for linux/amd64` */
  name: string
  /** Those of the base; sizes in bytes, compressed */
  layers: readonly Pick<ImageLayer, 'digest' | 'size'>[]
}

/** Where the engine keeps what it pulls. `free` in bytes; `keepsBlobs`: the compressed layers stay beside the unpacked ones. */
export type EngineDisk = { path: string; free: number; keepsBlobs: boolean }

/** The legs that take most room of those that are built at a time; `compressed` in bytes, a layer that they share once. */
export type Need = { legs: string[]; compressed: number }

export type Verdict = { state: 'enough' | 'tight' | 'short'; sentence: string }

/**
 * Unpacked bytes a compressed byte. Measured (docs/disk.md): 1.9 for a layer of torch and CUDA libraries, whose GPU code is
 * compressed already, 2.1 to 4.8 for others. Whether there is too little is judged by less than the least of them, so that
 * no run is refused that would have ended well.
 */
const unpacked = { least: 1.5, usual: 2 }

/** What an image adds is its limit or less; more than this was never measured, however high the limit is. */
const mostAdded = 100e6

/** @param limit `added-bytes-limit` @returns bytes, compressed, that one leg adds to its base at most */
export function addedBytes(limit: number): number {
  return Math.min(limit, mostAdded)
}

/**
 * @param legs in the order in which they are built
 * @param atOnce how many are built at a time; BuildKit may remove what earlier ones left
 * @param added compressed bytes that each leg adds to its base
 */
export function mostAtOnce(legs: readonly RoomLeg[], atOnce: number, added: number): Need {
  const windows = legs
    .slice(0, Math.max(1, legs.length - atOnce + 1))
    .map((_, index) => needOf(legs.slice(index, index + atOnce), added))
  return windows.reduce((most, need) => (need.compressed > most.compressed ? need : most), needOf([], added))
}

function needOf(legs: readonly RoomLeg[], added: number): Need {
  const layers = new Map(legs.flatMap((leg) => leg.layers.map(({ digest, size }) => [digest, size] as const)))
  const pulled = [...layers.values()].reduce((sum, size) => sum + size, 0)
  return { legs: legs.map(({ name }) => name), compressed: pulled + legs.length * added }
}

/** `short`: it can't fit. `tight`: as bases usually unpack, it does not. The sentence has no end. */
export function judgeRoom({ legs, compressed }: Need, { path, free, keepsBlobs }: EngineDisk): Verdict {
  const kept = keepsBlobs ? 1 : 0
  const least = unpacked.least + kept
  const usual = unpacked.usual + kept
  const state = compressed * least > free ? 'short' : compressed * usual > free ? 'tight' : 'enough'
  const factor = state === 'short' ? least : usual
  const needs = `${legs.length > 1 ? 'need' : 'needs'} ${state === 'short' ? 'at least' : 'about'}`
  return {
    state,
    sentence:
      `${listed(legs)} ${needs} ${humanBytes(compressed * factor)} of disk ` +
      `(${humanBytes(compressed)} compressed, times ${factor}), and ${path} has ${humanBytes(free)} free`,
  }
}

function listed(names: readonly string[]): string {
  if (names.length < 2) return names[0] ?? ''
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''} at a time`
}
