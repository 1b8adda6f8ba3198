import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { Content, Contents } from '../../../src/prune/content.ts'
import type { PrunePlan } from '../../../src/prune/model.ts'
import { planPrune } from '../../../src/prune/plan-prune.ts'
import type { Digest } from '../../../src/registry/content/digest.ts'
import { vllm } from '../../support/memory-client.ts'
import { contentOf, digestFor, type Given, now, tagFor } from '../../support/prune-content.ts'

type Store = Record<string, Given>

const one = fc.integer({ min: 0, max: 3 })
const several = fc.uniqueArray(one, { maxLength: 2 })
/** In days; null: undated */
const age = fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 0, max: 60 }) }, fc.constant(null))
const blobs = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.constant(100), { maxKeys: 3 })

/** What a run leaves of a leg; legs share bases, stage artifacts and attestations. */
const leg = fc
  .record({ id: fc.integer({ min: 0, max: 7 }), base: one, artifact: one, attestations: several, days: age })
  .chain((known) =>
    fc.record({
      ...{
        known: fc.constant(known),
        isIndex: fc.boolean(),
        hasCandidate: fc.boolean(),
        blobs,
        version: one,
      },
    }),
  )
  .map(({ known: { id, base, artifact, attestations, days }, isIndex, hasCandidate, ...more }): Store => {
    const key = String(id)
    const tags = [tagFor('build', key), ...(hasCandidate ? [tagFor('candidate', key)] : [])]
    const needs = [
      tagFor('report', key),
      ...['facts', 'layers', 'base'].map((kind) => tagFor(kind, String(base))),
      ...['wheel', 'ucx'].map((kind) => tagFor(kind, String(artifact))),
    ]
    const parts = isIndex ? [`image ${id}`, ...attestations.map((part) => `attestation ${part}`)] : []
    return {
      [`leg ${id}`]: { tags, days, needs, parts, families: [`build ${more.version}`], blobs: more.blobs },
      ...Object.fromEntries(parts.map((part) => [part, { days: null, blobs: more.blobs }])),
      ...(days !== null && { [`report ${id}`]: { tags: [tagFor('report', key)], days } }),
    }
  })

/** A document or a copy of some kind */
const document = fc
  .record({
    kind: fc.constantFrom('facts', 'layers', 'base', 'wheel', 'ucx', 'extension', 'inventory', 'report'),
    ...{ key: one, days: age, blobs },
  })
  .map(({ kind, key, ...given }): Store => ({
    [`${kind} ${key}`]: { tags: [tagFor(kind, String(key))], ...given },
  }))

/** What names others: an index of copies, a plan, something foreign with or without a subject */
const naming = fc
  .record({
    kind: fc.constantFrom('base-named', 'plan', 'foreign', 'signature'),
    key: one,
    days: age,
    of: several,
  })
  .map(({ kind, key, days, of }): Store => {
    const tags = [tagFor(kind, String(key))]
    if (kind === 'base-named')
      return { [`named ${key}`]: { tags, days, parts: of.map((base) => `base ${base}`) } }
    if (kind === 'plan')
      return { [`plan ${key}`]: { tags, days, needs: of.map((id) => tagFor('build', String(id))) } }
    if (kind === 'foreign')
      return { [`foreign ${key}`]: { tags: [`v${key}`], parts: of.map((id) => `leg ${id}`) } }
    const [subject = 0] = of
    return { [`signature ${key}`]: { tags: [`x${key}`], subject: `leg ${subject}` } }
  })

/** A public image of a leg, or of its image for a platform; one that is pruned may have other tags */
const publicImage = fc
  .record({
    id: one,
    isIndex: fc.boolean(),
    tag: fc.constantFrom('stable', 'v1-20251101', 'v1-20251130', 'v2-20250101'),
  })
  .map(({ id, isIndex, tag }): Store => {
    const part = isIndex ? `image ${id}` : `leg ${id}`
    return {
      [`public ${id} ${tag}`]: { tags: [tag], kind: 'image', days: null, configured: 50, parts: [part] },
      [part]: { days: null },
    }
  })

const stores = (part: fc.Arbitrary<Store>, maxLength: number) =>
  fc.array(part, { maxLength }).map((parts) => Object.assign({}, ...parts) as Store)

const world = fc.record({
  cache: fc
    .tuple(stores(document, 12), stores(naming, 5), stores(leg, 8))
    .map(([documents, names, legs]): Store => ({ ...documents, ...names, ...legs })),
  pruned: stores(publicImage, 4),
  published: several,
  referred: several,
  settings: fc.record({
    engines: fc.constant(['vllm' as const]),
    keepDays: fc.integer({ min: 1, max: 40 }),
    keep: fc.integer({ min: 0, max: 2 }),
    undated: fc.boolean(),
  }),
})

/** Leaves out what names parts that a store does not have: the reader refuses it. */
function complete(store: Store): Store {
  const entries = Object.entries(store).map(([name, given]): [string, Given] => [
    name,
    { ...given, parts: (given.parts ?? []).filter((part) => part in store) },
  ])
  return Object.fromEntries(entries)
}

/** What is left after a deletion. */
function after(content: Content, { gone }: PrunePlan): Content {
  const deleted = new Set(gone.map(({ digest }) => digest))
  const entries = new Map([...content.entries].filter(([digest]) => !deleted.has(digest)))
  const tags = new Map([...content.tags].filter(([, digest]) => !deleted.has(digest)))
  return { ...content, entries, tags }
}

/** The bytes of all that a store has */
function weight({ entries, blobs: sizes }: Content): number {
  const named = new Set([...entries.values()].flatMap((entry) => entry.blobs))
  return entries.size + [...named].reduce((sum, blob) => sum + (sizes[blob] ?? 0), 0)
}

/** Returns what stays and lacks something that it needs, or had to stay and does not. */
function brokenIn(content: Content, left: Content): Digest[] {
  const names = [...content.entries.values()].filter(({ kind }) => kind === 'base-named')
  const broken = [...left.entries.values()].filter(({ parts, needs, kind, digest }) => {
    const needed = [...parts, ...needs.flatMap((tag) => content.tags.get(tag) ?? [])]
    const naming = kind === 'base' ? names.filter((name) => name.parts.includes(digest)) : []
    return [...needed, ...naming.map((name) => name.digest)].some((other) => !left.entries.has(other))
  })
  const lost = [...content.entries.values()].filter(
    ({ kind, digest }) => (kind === null || content.referred.has(digest)) && !left.entries.has(digest),
  )
  return [...broken, ...lost].map(({ digest }) => digest)
}

/** Returns what goes before something that needs it. */
function tooEarlyIn(content: Content, { gone }: PrunePlan): Digest[] {
  const done = new Set<Digest>()
  return gone.flatMap(({ digest, neededBy }) => {
    const { parts = [], needs = [] } = content.entries.get(digest) ?? {}
    const needed = [...parts, ...needs.flatMap((tag) => content.tags.get(tag) ?? [])]
    const early = needed.filter((other) => done.has(other))
    const waiting = neededBy.filter((first) => !done.has(first))
    done.add(digest)
    return [...early, ...waiting]
  })
}

function expectRight(content: Content, plan: PrunePlan): void {
  const left = after(content, plan)
  expect(brokenIn(content, left)).toEqual([])
  expect(tooEarlyIn(content, plan)).toEqual([])
  const bytes = plan.gone.reduce((sum, one) => sum + one.bytes, 0)
  expect({ ...plan.bytes, sum: bytes }).toEqual({
    ...{ before: weight(content), gone: weight(content) - weight(left), sum: plan.bytes.gone },
  })
  expect(plan.kept.reduce((sum, { digests }) => sum + digests, plan.gone.length)).toBe(content.entries.size)
}

/** Returns the legs, and their reports, that are public and do not stay. */
function lostLegs(cache: Content, left: Content, stillPublic: ReadonlySet<Digest>): Digest[] {
  return [...cache.entries.values()].flatMap(({ digest, kind, parts, tags }) => {
    if (kind !== 'build' || ![digest, ...parts].some((part) => stillPublic.has(part))) return []
    const reports = tags.flatMap((tag) => cache.tags.get(tag.replace('build-', 'report-')) ?? [])
    return [digest, ...reports].filter((one) => !left.entries.has(one))
  })
}

describe('a prune of any store', () => {
  it('leaves whole what stays, keeps what is public, and leaves nothing for a second one', () => {
    let deleted = 0
    fc.assert(
      fc.property(world, ({ settings, ...given }) => {
        const cache = contentOf(
          complete(given.cache),
          given.referred.map((id) => `leg ${id}`),
        )
        const pruned = [{ ...contentOf(given.pruned), repository: vllm }]
        const digests = new Set(given.published.map((id) => digestFor(`leg ${id}`)))
        const contents: Contents = { cache, pruned, published: [{ repository: vllm, digests }] }
        const plans = planPrune(contents, settings, now)
        const [publicPlan, cachePlan] = plans
        if (!publicPlan || !cachePlan) throw new Error('a plan is missing')
        for (const one of pruned) expectRight(one, publicPlan)
        expectRight(cache, cachePlan)
        const rest = { cache: after(cache, cachePlan), pruned: pruned.map((one) => after(one, publicPlan)) }
        const stillPublic = new Set([
          ...digests,
          ...rest.pruned.flatMap(({ entries }) => [...entries.keys()]),
        ])
        expect(lostLegs(cache, rest.cache, stillPublic)).toEqual([])
        const second = planPrune({ ...contents, ...rest }, settings, now)
        expect(second.flatMap(({ gone }) => gone)).toEqual([])
        deleted += plans.flatMap(({ gone }) => gone).length
      }),
      { numRuns: 500 },
    )
    expect(deleted).toBeGreaterThan(500)
  })
})
