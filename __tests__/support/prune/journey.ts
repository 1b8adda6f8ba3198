import { expect } from '@jest/globals'
import type { Ended } from '../in-process/act.ts'
import { type Content, fingerprintOf, withTags } from '../registry-in-memory.ts'
import { brokenTags, cache, collected, type Place, published, pruning, type Settings } from './place.ts'
import { setDay } from './time.ts'

/** An image that a prune deletes with all that it was made of, one that stays, and one that is new. */
export const images = {
  old: { environment: 'IMAGE=old', tags: 'old-{{engine-version}}-{{date}}' },
  recent: { environment: 'IMAGE=recent', tags: 'recent-{{engine-version}}-{{date}}\nstable' },
  fresh: { environment: 'IMAGE=fresh', tags: 'fresh-{{engine-version}}-{{date}}' },
} as const

/** The release of the base upstream that each is on */
const releases = { old: 0, recent: 1, fresh: 1 } as const

export type Image = keyof typeof images

export type Tags = Record<typeof cache | typeof published, string[]>

/**
 * A registry with something to prune, and the tags that an undisturbed prune leaves. `staged`: the same,
 * but the old image is not published
 */
export type Journey = { begin: Content; staged: Content; left: Tags }

export const settings: Settings = { 'keep-days': '30', keep: '0', undated: 'true', 'prune-public': published }

const today = 100

/** Returns the tags of both repositories. */
export function tagsIn(content: Content): Tags {
  const of = (path: string): string[] => [...(content.get(path)?.tags.keys() ?? [])].sort()
  return { [cache]: of(cache), [published]: of(published) }
}

/** Builds and publishes an image on its base, through the proxy if it is to be disturbed. */
export async function build(place: Place, image: Image, disturbed = false): Promise<Ended> {
  await place.moveBase(releases[image])
  return place.run({ ...images[image], 'keep-base': 'true', 'overwrite-tags': 'true' }, { disturbed })
}

/** Prunes through the proxy. */
export function prune(place: Place, signal?: AbortSignal): Promise<Ended> {
  return place.run(pruning(settings, place.proxy.host), { disturbed: true, ...(signal && { signal }) })
}

/** Publishes an image on an old base, and later one on a newer base, and prunes undisturbed. */
export async function prepare(place: Place): Promise<Journey> {
  setDay(0)
  expectRight(await build(place, 'old'))
  expectRight(await place.run({ ...images.old, command: 'plan' }))
  setDay(today - 10)
  expectRight(await build(place, 'recent'))
  setDay(today)
  const begin = place.registry.content()
  expectRight(await prune(place))
  const left = tagsIn(place.registry.content())
  place.registry.become(begin)
  return { begin, staged: withTags(begin, published, /^(?!old-)/), left }
}

export function expectRight({ errors }: Ended): void {
  expect(errors).toEqual([])
}

/** Asserts that everything with a tag is complete, even if the registry collects its garbage now. */
export function expectWhole({ registry }: Pick<Place, 'registry'>): void {
  expect(brokenTags(collected(registry.content()))).toEqual([])
}

/** Asserts that nothing was deleted that an undisturbed prune leaves. */
export function expectNothingLost({ registry }: Pick<Place, 'registry'>, { left }: Journey): void {
  const now = tagsIn(registry.content())
  for (const path of [cache, published] as const)
    expect(now[path]).toEqual(expect.arrayContaining(left[path]))
}

/** What an undisturbed command has made of a content */
const outcomes = new Map<string, Content>()

/**
 * Asserts that a command succeeds that nothing disturbs. Repeats what it did before with the same
 * content, since it depends on nothing else: most moments at which a prune is disturbed leave the same.
 * @param name of the command and its inputs
 */
export async function undisturbed(
  { registry }: Pick<Place, 'registry'>,
  name: string,
  command: () => Promise<Ended>,
): Promise<void> {
  const key = `${name} ${fingerprintOf(registry.content())}`
  const known = outcomes.get(key)
  if (known) {
    registry.become(known)
    return
  }
  expectRight(await command())
  outcomes.set(key, registry.content())
}

/** Asserts that an image is built and published, or is already. */
export function expectBuilt(place: Place, image: Image): Promise<void> {
  return undisturbed(place, `build ${image}`, () => build(place, image))
}

/** Asserts that a prune succeeds. */
export function expectPruned(place: Place): Promise<void> {
  return undisturbed(place, 'prune', () => prune(place))
}

/** Asserts that a second prune ends as an undisturbed one, and that what stays is still skipped. */
export async function expectCompleted(place: Place, journey: Journey): Promise<void> {
  const { registry } = place
  expectWhole(place)
  expectNothingLost(place, journey)
  await expectPruned(place)
  expect(tagsIn(registry.content())).toEqual(journey.left)
  registry.become(collected(registry.content()))
  await expectSkipped(place, 'recent')
}

/** Asserts that an image that is published is not built again. */
export async function expectSkipped(place: Place, image: Image): Promise<void> {
  const before = tagsIn(place.registry.content())
  await expectBuilt(place, image)
  const now = tagsIn(place.registry.content())
  const isBuilt = (tag: string): boolean => tag.startsWith('candidate-')
  expect(now[cache].filter(isBuilt)).toEqual(before[cache].filter(isBuilt))
  expectWhole(place)
}
