import { expect } from '@jest/globals'
import fc from 'fast-check'
import { createRegistryClient } from '../../../src/registry/client.ts'
import type { Digest } from '../../../src/registry/content/digest.ts'
import type { Ended } from '../in-process/act.ts'
import { killAt, type Moment } from '../in-process/kill.ts'
import { putSignature } from '../referrers.ts'
import { withTags } from '../registry-in-memory.ts'
import { mustStay, verifiedLegs } from './oracle.ts'
import {
  brokenTags,
  cache,
  collected,
  openPlace,
  type Place,
  published,
  pruning,
  type Settings,
} from './place.ts'
import { setDay } from './time.ts'

/** What is built: one of three images. The second has a waived gate, the third is for two platforms. */
type Wanted = { variant: number; keepsBase: boolean }

/** What happens in a history. */
export type Event =
  | ({ kind: 'run' } & Wanted)
  | ({ kind: 'killed run'; moment: Moment } & Wanted)
  | ({ kind: 'plan' } & Wanted)
  | { kind: 'build' }
  | { kind: 'promote' }
  | { kind: 'tag'; nth: number; name: 'stable' | 'preview' }
  | { kind: 'sign'; nth: number; where: 'public' | 'cache' }
  | { kind: 'name'; nth: number }
  /** Somebody deletes the public tags of a variant */
  | { kind: 'retire'; variant: number }
  | { kind: 'base' }
  | { kind: 'list' }
  | { kind: 'days'; days: number }
  | ({ kind: 'prune' } & Settings)

const wanted = {
  variant: fc.nat(2),
  keepsBase: fc.boolean(),
}
const moment = fc.record({
  nth: fc.integer({ min: 1, max: 60 }),
  when: fc.constantFrom('before' as const, 'after' as const),
})
const settings = {
  'keep-days': fc.constantFrom('1', '7', '30'),
  keep: fc.constantFrom('0', '0', '1', '3'),
  undated: fc.constantFrom('true' as const, 'false' as const),
  'prune-public': fc.constantFrom(undefined, published),
}
const nth = fc.nat(20)

export const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('run' as const), ...wanted }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('killed run' as const), moment, ...wanted }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('plan' as const), ...wanted }) },
  { weight: 1, arbitrary: fc.constantFrom({ kind: 'build' as const }, { kind: 'promote' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      ...{ kind: fc.constant('tag' as const), nth },
      name: fc.constantFrom('stable' as const, 'preview' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      ...{ kind: fc.constant('sign' as const), nth },
      where: fc.constantFrom('public' as const, 'cache' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('name' as const), nth }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('retire' as const), variant: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.constantFrom({ kind: 'base' as const }, { kind: 'list' as const }) },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('days' as const), days: fc.integer({ min: 1, max: 40 }) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('prune' as const), ...settings }) },
)

const client = createRegistryClient({ credentials: () => Promise.resolve(undefined) })

/** How often what happened; the sums of all histories. */
export type Counts = { prunes: number; digests: number; runs: number }

type World = {
  place: Place
  day: number
  releases: number
  plans: { tag: string; legs: string[]; inputs: Record<string, string> }[]
  /** The run that was last, to be repeated after a prune */
  last: Record<string, string> | undefined
  counts: Counts
}

const platformsOf = ['linux/amd64', 'linux/amd64', 'linux/amd64,linux/arm64']

/** Days after which an image changes, as by another AIBrix */
const daysOfARevision = 10

/** With a smaller limit than any image keeps, so that the gate fails */
const waiver = { 'added-bytes-limit': '1 B', 'allow-failed': 'added-bytes=It is a test' }

function inputsFor({ variant, keepsBase }: Wanted, { day }: Pick<World, 'day'>): Record<string, string> {
  const revision = Math.floor(day / daysOfARevision)
  return {
    platforms: platformsOf[variant] ?? '',
    environment: `VARIANT=${variant}\nREVISION=${revision}`,
    tags: `v${variant}-{{engine-version}}-r${revision}-{{date}}\nv${variant}`,
    'overwrite-tags': `v${variant}`,
    'keep-base': String(keepsBase),
    ...(variant === 1 && waiver),
  }
}

/** Runs a history, and asserts after each prune that nothing is lost. */
export async function live(events: readonly Event[], counts: Counts): Promise<void> {
  const place = await openPlace(['linux/amd64', 'linux/arm64'])
  const world: World = { place, day: 0, releases: 0, plans: [], last: undefined, counts }
  setDay(0)
  try {
    for (const one of events) await happen(one, world)
    await happen({ kind: 'days', days: 40 }, world)
    await happen(
      { kind: 'prune', 'keep-days': '7', keep: '0', undated: 'true', 'prune-public': published },
      world,
    )
  } finally {
    await place.close()
  }
}

async function happen(one: Event, world: World): Promise<void> {
  const { place } = world
  switch (one.kind) {
    case 'run':
      return expectRight(await runWith(inputsFor(one, world), world))
    case 'killed run': {
      const { moment } = one
      const kill = (signal: AbortSignal) => place.run(inputsFor(one, world), { disturbed: true, signal })
      await killAt(place, moment, (seen) => /^PUT .*\/manifests\//.test(seen), kill)
      return
    }
    case 'plan': {
      const inputs = inputsFor(one, world)
      const ended = await place.run({ ...inputs, command: 'plan' })
      expectRight(ended)
      const tag = (ended.plan ?? '').replace(/.*:/, '')
      const legs =
        platformsOf[one.variant]?.split(',').map((platform) => platform.replace('linux/', '')) ?? []
      world.plans.push({ tag, legs, inputs })
      return
    }
    case 'build':
      return buildLast(world)
    case 'promote':
      return promoteLast(world)
    case 'days':
      world.day += one.days
      setDay(world.day)
      return
    case 'base':
      // A day later, so that no dated tag is to name two images
      world.day += 1
      setDay(world.day)
      world.releases += 1
      return place.moveBase(world.releases)
    case 'retire': {
      const others = new RegExp(`^(?!v${one.variant}(?:-|$))`)
      place.registry.become(withTags(place.registry.content(), published, others))
      // A plan may say that an image is published which was deleted here.
      world.plans = []
      return
    }
    case 'list':
      return expectRight(await place.run({ command: 'list', tags: 'x' }))
    case 'prune':
      return pruneAndCheck(one, world)
    default:
      return nameSomething(one, world)
  }
}

function expectRight({ errors }: Ended): void {
  expect(errors).toEqual([])
}

async function runWith(inputs: Record<string, string>, world: World): Promise<Ended> {
  world.last = inputs
  world.counts.runs += 1
  return world.place.run(inputs)
}

const legPrefix = 'vllm-v0.21.0-aibrix-v0.7.0-nixl-0.7.1'

/** A plan that was pruned is missing, which is no loss: it was old. */
async function withPlan(
  { place, plans }: World,
  work: (plan: World['plans'][number]) => Promise<Ended[]>,
): Promise<void> {
  const plan = plans.at(-1)
  if (!plan || !place.registry.tagsOf(cache).has(plan.tag)) return
  for (const ended of await work(plan)) expectRight(ended)
}

function buildLast(world: World): Promise<void> {
  return withPlan(world, async ({ tag, legs, inputs }) => {
    const all = []
    for (const leg of legs)
      all.push(await world.place.run({ ...inputs, command: 'build', plan: tag, leg: `${legPrefix}-${leg}` }))
    return all
  })
}

/** What was not built, or built long ago, cannot be promoted: the plan's legs are built first. */
async function promoteLast(world: World): Promise<void> {
  await buildLast(world)
  await withPlan(world, async ({ tag, inputs }) => [
    await world.place.run({ ...inputs, command: 'promote', plan: tag }),
  ])
}

/** A tag, a signature or another name for what exists. */
async function nameSomething(one: Extract<Event, { nth: number }>, { place }: World): Promise<void> {
  const { registry } = place
  const path = one.kind === 'tag' || (one.kind === 'sign' && one.where === 'public') ? published : cache
  const tags = [...registry.tagsOf(path)].filter(([tag]) => /^(?:v\d-v0|build-)/.test(tag))
  const [tag, digest] = tags[one.nth % Math.max(1, tags.length)] ?? []
  if (tag === undefined || digest === undefined) return
  const repository = { registry: registry.host, path }
  if (one.kind === 'sign') {
    await putSignature(client, repository, digest as Digest, 'signature')
    return
  }
  if (one.kind === 'name') {
    const manifest = await client.getManifest(repository, tag)
    if (manifest) await client.putManifest(repository, `mine-${one.nth}`, manifest.bytes, manifest.mediaType)
    return
  }
  const inputs = { command: 'tag', image: tag, tags: one.name, 'overwrite-tags': one.name, ...waiver }
  expectRight(await place.run({ ...inputs, platforms: 'linux/amd64' }))
}

/** Prunes, collects the garbage, and asserts everything that must be true then. */
async function pruneAndCheck(settings: Settings, world: World): Promise<void> {
  const { place, day, counts, last } = world
  const { registry } = place
  const before = registry.content()
  const isPublicPruned = settings['prune-public'] !== undefined
  const kept = {
    keepDays: Number(settings['keep-days'] ?? 30),
    keep: Number(settings.keep ?? 3),
    ...{ undated: settings.undated === 'true', isPublicPruned },
  }
  const needed = mustStay(before, kept, Date.now())
  const publicTags = Object.fromEntries(registry.tagsOf(published))
  const inputs = pruning(settings, registry.host)
  const ended = await place.run(inputs)
  expectRight(ended)
  counts.prunes += 1
  counts.digests += ended.pruned?.repositories.flatMap(({ gone }) => gone).length ?? 0
  registry.become(collected(registry.content()))
  expect(brokenTags(registry.content())).toEqual([])
  const names = [cache, published].flatMap((path) =>
    [...registry.tagsOf(path).keys()].map((tag) => `${path}:${tag}`),
  )
  expect(names).toEqual(expect.arrayContaining(needed))
  const publicNow = Object.fromEntries(registry.tagsOf(published))
  // A plan may say that an image is published which is deleted here.
  if (isPublicPruned) world.plans = []
  if (isPublicPruned) expect(publicTags).toMatchObject(publicNow)
  else expect(publicNow).toEqual(publicTags)
  const again = await place.run(inputs)
  expectRight(again)
  expect(again.pruned?.repositories.flatMap(({ gone }) => gone)).toEqual([])
  if (last) await expectNothingTwice(last, world)
  setDay(day)
}

/** Asserts that the last run, started again, succeeds, and builds only what is not there. */
async function expectNothingTwice(inputs: Record<string, string>, { place }: World): Promise<void> {
  const { registry } = place
  const before = registry.content()
  const store = before.get(cache)
  const verified = verifiedLegs(store).map(({ tag }) => tag)
  expectRight(await place.run(inputs))
  const now = registry.tagsOf(cache)
  const built = [...now.keys()].filter((tag) => tag.startsWith('candidate-') && !store?.tags.has(tag))
  for (const tag of verified) {
    const leg = tag.replace('build-', 'candidate-')
    expect(built.filter((one) => one.startsWith(leg))).toEqual([])
    expect(now.get(tag)).toBe(store?.tags.get(tag))
  }
  for (const [tag, digest] of store?.tags ?? [])
    if (/^(?:facts|extension|wheel|ucx)-/.test(tag)) expect(now.get(tag)).toBe(digest)
  // What is tried here is no part of the history.
  registry.become(before)
}
