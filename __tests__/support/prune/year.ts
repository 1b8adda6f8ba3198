import { expect } from '@jest/globals'
import type { Content } from '../registry-in-memory.ts'
import { cache, collected, openPlace, type Place, published, pruning, type Settings } from './place.ts'
import { setDay } from './time.ts'

/** What the repositories have; bytes of all blobs, each counted once */
export type Size = { digests: number; tags: number; bytes: number }

/** Days after which AIBrix, the base and the settings of the image change */
const changes = { aibrix: 9, base: 14, image: 60 }

const nights = 365

/** What an image adds to its base (docs/cost.md); in these tests it is a layer of 100 bytes. */
const added = { real: 58_100_000, here: 100 }

/**
 * Runs the action every night of a year, for one image on two platforms that changes now and then, and each
 * week a plan for many runners. Then it prunes.
 * @param settings of prunes, each of which begins with what the year has left
 * @returns what the year leaves, and what each prune leaves of it
 */
export async function liveAYear(settings: readonly Settings[]): Promise<[Size, ...Size[]]> {
  const place = await openPlace(['linux/amd64', 'linux/arm64'])
  try {
    for (let night = 0; night < nights; night += 1) {
      setDay(night)
      await runNight(place, night)
    }
    const year = collected(place.registry.content())
    const sizes: Size[] = []
    for (const one of settings) {
      place.registry.become(year)
      expect((await place.run(pruning(one, place.registry.host))).errors).toEqual([])
      sizes.push(sizeOf(collected(place.registry.content())))
    }
    return [sizeOf(year), ...sizes]
  } finally {
    await place.close()
  }
}

async function runNight(place: Place, night: number): Promise<void> {
  const releaseOf = (days: number): number => Math.floor(night / days)
  if (night > 0 && night % changes.base === 0) await place.moveBase(releaseOf(changes.base))
  // Other values of a variable are other images, as another AIBrix is.
  const environment = `AIBRIX=${releaseOf(changes.aibrix)}\nIMAGE=${releaseOf(changes.image)}`
  const tags = '{{engine-version}}-{{date}}\nnightly'
  const inputs = { environment, tags, 'overwrite-tags': 'nightly' }
  if (night % 7 === 0) expect((await place.run({ ...inputs, command: 'plan' })).errors).toEqual([])
  const ended = await place.run(inputs)
  expect(ended.errors).toEqual([])
}

/** Returns what the cache repository and the public one have. */
function sizeOf(content: Content): Size {
  const blobs = new Map<string, number>()
  const sum = { digests: 0, tags: 0 }
  for (const path of [cache, published]) {
    const repository = content.get(path)
    sum.digests += repository?.manifests.size ?? 0
    sum.tags += repository?.tags.size ?? 0
    for (const [digest, { length }] of repository?.blobs ?? [])
      blobs.set(digest, length === added.here ? added.real : length)
    for (const [digest, { bytes }] of repository?.manifests ?? []) blobs.set(digest, bytes.length)
  }
  return { ...sum, bytes: [...blobs.values()].reduce((all, one) => all + one, 0) }
}
