import { describe, expect, it } from '@jest/globals'
import { buildTimesIn, decidePublic } from '../../../src/prune/decide-public.ts'
import { planPrune } from '../../../src/prune/plan-prune.ts'
import type { PruneSettings } from '../../../src/prune/settings.ts'
import type { PrunePlan } from '../../../src/prune/model.ts'
import { inventoryTag } from '../../../src/store/contents.ts'
import { vllm } from '../../support/memory-client.ts'
import { contentOf, digestFor, type Given, now, settings, tagFor } from '../../support/prune-content.ts'

type Store = Readonly<Record<string, Given>>

const version = 'v0.21.0-aibrix-v0.7.0-nixl-0.7.1'
/** An image that was published on the 23rd of August, 100 days before. */
const image = (more: Given = {}): Given => ({
  ...{ kind: 'image', days: null, configured: 100, tags: [`${version}-20250823`] },
  ...more,
})

type Case = { store: Store; cache?: Store; settings?: Partial<PruneSettings>; referred?: readonly string[] }

function decided({ store, cache = {}, referred, ...changes }: Case): PrunePlan {
  const times = buildTimesIn(contentOf(cache))
  return decidePublic(contentOf(store, referred), times, { ...settings, ...changes.settings }, now)
}

describe('a digest of a public repository', () => {
  it.each<[string, Case]>([
    ['of which each tag ends in a date', { store: { one: image({ tags: ['a-20250823', 'b-20250824'] }) } }],
    ['without a date of its own, by its tags', { store: { one: image({ days: null }) } }],
    [
      'if newer ones have the same tag with other dates',
      {
        store: {
          one: image(),
          two: image({ tags: [`${version}-20250901`], configured: 90 }),
        },
        settings: { keep: 1, keepDays: 92 },
      },
    ],
  ])('goes, %s', (_, given) => {
    expect(decided(given).gone).toMatchObject([{ digest: digestFor('one'), kind: 'image' }])
  })

  it('goes with its parts, unless another image has them', () => {
    const store = {
      one: image({ parts: ['amd64', 'arm64'] }),
      amd64: {},
      arm64: {},
      other: image({ tags: ['stable'], parts: ['arm64'] }),
    }
    const plan = decided({ store })
    expect(plan.gone).toMatchObject([
      { digest: digestFor('one'), kind: 'image' },
      { digest: digestFor('amd64'), kind: 'part', neededBy: [digestFor('one')], tags: [] },
    ])
    expect(plan.kept).toEqual([
      { kind: 'image', because: 'public', digests: 1 },
      { kind: 'part', because: 'needed', digests: 1 },
    ])
  })

  it.each<[string, Case, PrunePlan['kept'][number]['because']]>([
    [
      'that is not an image of this action on all platforms',
      { store: { one: image({ kind: null }) } },
      'foreign',
    ],
    ['with one tag without a date', { store: { one: image({ tags: ['a-20250823', 'stable'] }) } }, 'public'],
    ['with a tag that ends in no day', { store: { one: image({ tags: ['a-20250231'] }) } }, 'public'],
    ['with a tag that is a date alone', { store: { one: image({ tags: ['20250823'] }) } }, 'public'],
    ['with a young configuration', { store: { one: image({ configured: 29 }) } }, 'young'],
    ['with a tag of a young day', { store: { one: image({ tags: ['a-20251102'] }) } }, 'young'],
    [
      'of which a leg has a young report',
      {
        store: { one: image({ parts: ['amd64', 'arm64'] }), amd64: {}, arm64: {} },
        cache: { leg: { tags: [tagFor('build', 'a')], days: 29, parts: ['arm64'] } },
      },
      'young',
    ],
    ['that is one of the newest of its family', { store: { one: image() }, settings: { keep: 1 } }, 'newest'],
    ['that something refers to', { store: { one: image() }, referred: ['one'] }, 'referred'],
    [
      'that a signature refers to by its tag',
      {
        store: {
          one: image(),
          signature: { tags: [`${digestFor('one').replace(':', '-')}.sig`] },
        },
      },
      'referred',
    ],
  ])('stays, %s', (_, given, because) => {
    const plan = decided(given)
    expect(plan.gone).toEqual([])
    expect(plan.kept).toContainEqual({ kind: because === 'foreign' ? null : 'image', because, digests: 1 })
  })
})

describe('the plans of a prune', () => {
  const legs: Store = {
    a: { tags: [tagFor('build', 'a')], needs: [tagFor('report', 'a')] },
    'report a': { tags: [tagFor('report', 'a')] },
    b: { tags: [tagFor('build', 'b')], needs: [tagFor('report', 'b')] },
    'report b': { tags: [tagFor('report', 'b')] },
    inventory: { tags: [inventoryTag(vllm)] },
  }
  const cache = contentOf(legs)
  const old = { ...contentOf({ a: image() }), repository: vllm }
  const gone = (plans: readonly PrunePlan[]) =>
    plans.map((plan) => [plan.repository, plan.gone.map(({ digest }) => digest)])

  it('keep the legs of all that is published', () => {
    const published = [{ repository: vllm, digests: new Set([digestFor('a')]) }]
    expect(gone(planPrune({ cache, pruned: [], published }, settings, now))).toEqual([
      ['docker.io/aibrix/image-cache', [digestFor('b'), digestFor('report b')]],
    ])
  })

  it('begin with what is public, whose legs go then, and what is kept about its images stays', () => {
    const plans = planPrune({ cache, pruned: [old], published: [] }, settings, now)
    const all = ['a', 'b', 'report a', 'report b'].map(digestFor)
    expect(gone(plans)).toEqual([
      ['docker.io/aibrix/vllm-openai', [digestFor('a')]],
      ['docker.io/aibrix/image-cache', all],
    ])
  })

  it('keep the legs of what a mirror still has', () => {
    const mirror = { repository: { registry: 'ghcr.io', path: 'a/b' }, digests: new Set([digestFor('a')]) }
    const plans = planPrune({ cache, pruned: [old], published: [mirror] }, settings, now)
    expect(gone(plans)).toEqual([
      ['docker.io/aibrix/vllm-openai', [digestFor('a')]],
      ['docker.io/aibrix/image-cache', [digestFor('b'), digestFor('report b')]],
    ])
  })
})
