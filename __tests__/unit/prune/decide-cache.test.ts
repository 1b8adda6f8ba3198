import { describe, expect, it } from '@jest/globals'
import { type CacheRoots, decidePrune } from '../../../src/prune/decide-cache.ts'
import type { PruneSettings } from '../../../src/prune/settings.ts'
import type { PrunePlan } from '../../../src/prune/model.ts'
import {
  contentOf,
  daysAgo,
  digestFor,
  type Given,
  now,
  settings,
  tagFor,
} from '../../support/prune-content.ts'

type Store = Readonly<Record<string, Given>>
type Case = {
  store: Store
  settings?: Partial<PruneSettings>
  /** Names of what is published */
  published?: readonly string[]
  inventories?: readonly string[]
  referred?: readonly string[]
}

function decided({ store, published = [], inventories = [], referred, ...changes }: Case): PrunePlan {
  const roots: CacheRoots = {
    published: new Set(published.map(digestFor)),
    inventories: new Set(inventories),
  }
  return decidePrune(contentOf(store, referred), roots, { ...settings, ...changes.settings }, now)
}

/** The names of what goes, in the order of deletion. */
function goneOf(plan: PrunePlan, store: Store): string[] {
  const names = new Map(Object.keys(store).map((name) => [digestFor(name), name]))
  return plan.gone.map(({ digest }) => names.get(digest) ?? digest)
}

const build = (key: string, more: Given = {}): Given => ({
  tags: [tagFor('build', key)],
  needs: [tagFor('report', key)],
  ...more,
})
const report = (key: string, more: Given = {}): Given => ({ tags: [tagFor('report', key)], ...more })
const leg = { leg: build('a'), report: report('a') }
const young = { days: 29 }

describe('what is old and serves nothing', () => {
  it('goes, a leg before its report, and says by what it is old', () => {
    const plan = decided({ store: leg })
    expect(plan.repository).toBe('docker.io/aibrix/image-cache')
    expect(plan.gone).toEqual([
      {
        digest: digestFor('leg'),
        kind: 'build',
        tags: [tagFor('build', 'a')],
        relies: [{ tag: tagFor('report', 'a'), digest: digestFor('report') }],
        neededBy: [],
        created: daysAgo(100),
        bytes: 1,
      },
      {
        digest: digestFor('report'),
        kind: 'report',
        tags: [tagFor('report', 'a')],
        relies: [],
        neededBy: [digestFor('leg')],
        created: daysAgo(100),
        bytes: 1,
      },
    ])
    expect(plan.kept).toEqual([])
    expect(plan.bytes).toEqual({ before: 2, gone: 2 })
  })

  it('goes of each kind', () => {
    const kinds = ['plan', 'candidate', 'build', 'report', 'layers', 'wheel', 'extension', 'ucx', 'facts']
    const all = [...kinds, 'base-named', 'base', 'inventory']
    const store = Object.fromEntries(all.map((kind) => [kind, { tags: [tagFor(kind, 'a')] }]))
    expect(goneOf(decided({ store }), store)).toEqual(all)
  })

  it('goes with all of its tags, or not at all', () => {
    const tags = [tagFor('build', 'a'), tagFor('candidate', 'a')]
    const plan = decided({ store: { leg: { tags } } })
    expect(plan.gone).toMatchObject([{ kind: 'build', tags }])
  })

  it('relies on a report that is missing', () => {
    const plan = decided({ store: { leg: build('a', { days: null }) }, settings: { undated: true } })
    expect(plan.gone[0]?.relies).toEqual([{ tag: tagFor('report', 'a'), digest: null }])
  })

  it('is empty in an empty repository', () => {
    expect(decided({ store: {} })).toMatchObject({ gone: [], kept: [], bytes: { before: 0, gone: 0 } })
  })
})

describe('a verification', () => {
  const tagOf = (image: string, scripts = 'a') =>
    `verified-${digestFor(image).replace('sha256:', '')}-${scripts.repeat(12)}`
  const ofLeg = { tags: [tagOf('leg')] }

  it.each<[string, Case, string[]]>([
    ['goes after its image', { store: { ofLeg, ...leg } }, ['leg', 'report', 'ofLeg']],
    ['stays with its image', { store: { ofLeg, leg: build('a', young), report: report('a') } }, []],
    [
      'stays with an image that is part of an index',
      { store: { ofLeg, index: build('a', { ...young, parts: ['leg'] }), leg: {}, report: report('a') } },
      [],
    ],
    ['stays with a published image', { store: { ofLeg }, published: ['leg'] }, []],
    ['stays while it is young', { store: { ofLeg: { ...ofLeg, ...young } } }, []],
    ['goes without its image', { store: { ofLeg } }, ['ofLeg']],
    [
      'of other scripts has the same image',
      { store: { ofLeg, older: { tags: [tagOf('leg', 'b')] }, leg: build('a', young), report: report('a') } },
      [],
    ],
  ])('%s', (_, given, gone) => {
    expect(goneOf(decided(given), given.store)).toEqual(gone)
  })
})

describe('a digest stays', () => {
  const signed = { tags: ['v1'], subject: 'leg' }
  it.each<[string, Case, PrunePlan['kept']]>([
    [
      'as foreign, with a tag that is not of this action, and keeps all that it names',
      {
        store: {
          index: { tags: ['stable'], parts: ['leg', 'part'] },
          leg: { tags: [tagFor('build', 'a')] },
          part: {},
        },
      },
      [
        { kind: 'build', because: 'needed', digests: 1 },
        { kind: 'part', because: 'needed', digests: 1 },
        { kind: null, because: 'foreign', digests: 1 },
      ],
    ],
    [
      'as foreign, if it shares its digest with such a tag',
      { store: { leg: { tags: [tagFor('build', 'a'), 'stable'], kind: null } } },
      [{ kind: null, because: 'foreign', digests: 1 }],
    ],
    [
      'as public, if a public tag names it',
      { store: leg, published: ['leg'] },
      [
        { kind: 'build', because: 'public', digests: 1 },
        { kind: 'report', because: 'needed', digests: 1 },
      ],
    ],
    [
      'as public, if a public image has its manifest for a platform',
      { store: { leg: build('a', { parts: ['amd64'] }), amd64: {} }, published: ['amd64'] },
      [
        { kind: 'build', because: 'public', digests: 1 },
        { kind: 'part', because: 'needed', digests: 1 },
      ],
    ],
    [
      'as young, if it is younger than keep-days',
      { store: { facts: { tags: [tagFor('facts', 'a')], ...young } } },
      [{ kind: 'facts', because: 'young', digests: 1 }],
    ],
    [
      'as young, if it is of the future',
      { store: { facts: { tags: [tagFor('facts', 'a')], days: -1 } } },
      [{ kind: 'facts', because: 'young', digests: 1 }],
    ],
    [
      'as young, if it has no date',
      { store: { layers: { tags: [tagFor('layers', 'a')], days: null } } },
      [{ kind: 'layers', because: 'young', digests: 1 }],
    ],
    [
      'as young, if it has no date, what has none may go, and its configuration is young',
      {
        store: { one: { tags: [tagFor('candidate', 'a')], days: null, configured: 1 } },
        settings: { undated: true },
      },
      [{ kind: 'candidate', because: 'young', digests: 1 }],
    ],
    [
      'as one of the newest of each family',
      {
        store: {
          old: build('a', { days: 90, families: ['build vllm v0.10.2 linux/amd64'] }),
          other: build('b', { days: 100, families: ['build vllm v0.21.0 linux/amd64'] }),
        },
        settings: { keep: 1 },
      },
      [{ kind: 'build', because: 'newest', digests: 2 }],
    ],
    [
      'as referred to, if the registry lists something that refers to it',
      { store: { leg: build('a') }, referred: ['leg'] },
      [{ kind: 'build', because: 'referred', digests: 1 }],
    ],
    [
      'as referred to, if what refers to it has a tag of its own',
      { store: { leg: build('a'), signature: signed } },
      [
        { kind: 'build', because: 'referred', digests: 1 },
        { kind: null, because: 'foreign', digests: 1 },
      ],
    ],
    [
      'as referred to, if what refers to it is in an index of others',
      { store: { leg: build('a'), list: { tags: ['x'], parts: ['one'] }, one: { subject: 'leg' } } },
      [
        { kind: 'build', because: 'referred', digests: 1 },
        { kind: 'part', because: 'needed', digests: 1 },
        { kind: null, because: 'foreign', digests: 1 },
      ],
    ],
    ...['', '.sig', '.att', '.sbom', '-attest'].map((end): [string, Case, PrunePlan['kept']] => [
      `as referred to, by a tag sha256-…${end}`,
      {
        store: {
          leg: build('a'),
          signature: { tags: [`${digestFor('leg').replace(':', '-')}${end}`] },
        },
      },
      [
        { kind: 'build', because: 'referred', digests: 1 },
        { kind: null, because: 'foreign', digests: 1 },
      ],
    ]),
    [
      'as referred to, with the index that has it',
      { store: { leg: build('a', { parts: ['amd64', 'sbom'] }), amd64: {}, sbom: {} }, referred: ['amd64'] },
      [
        { kind: 'build', because: 'referred', digests: 1 },
        { kind: 'part', because: 'referred', digests: 1 },
        { kind: 'part', because: 'needed', digests: 1 },
      ],
    ],
    [
      'as needed by a leg: its report, its stage artifacts and all about its base',
      {
        store: {
          leg: build('a', {
            ...young,
            needs: ['report', 'facts', 'layers', 'base', 'wheel', 'ucx', 'extension'].map((kind) =>
              tagFor(kind, 'a'),
            ),
          }),
          ...Object.fromEntries(
            ['report', 'facts', 'layers', 'base', 'wheel', 'ucx', 'extension'].map((kind) => [
              kind,
              { tags: [tagFor(kind, 'a')] },
            ]),
          ),
        },
      },
      [
        { kind: 'build', because: 'young', digests: 1 },
        ...(['report', 'facts', 'extension', 'wheel', 'ucx', 'layers', 'base'] as const).map((kind) => ({
          ...{ kind, because: 'needed' as const, digests: 1 },
        })),
      ],
    ],
    [
      'as needed by a copy of a base: the index that finds it, and the copies for other platforms',
      {
        store: {
          leg: build('a', { ...young, needs: [tagFor('base', 'a')] }),
          amd64: { tags: [tagFor('base', 'a')] },
          arm64: { tags: [tagFor('base', 'b')] },
          named: { tags: [tagFor('base-named', 'a')], parts: ['amd64', 'arm64'] },
        },
      },
      [
        { kind: 'build', because: 'young', digests: 1 },
        { kind: 'base', because: 'needed', digests: 2 },
        { kind: 'base-named', because: 'needed', digests: 1 },
      ],
    ],
    [
      'as needed by a young plan',
      { store: { plan: { tags: [tagFor('plan', 'a')], ...young, needs: [tagFor('build', 'a')] }, ...leg } },
      [
        { kind: 'build', because: 'needed', digests: 1 },
        { kind: 'report', because: 'needed', digests: 1 },
        { kind: 'plan', because: 'young', digests: 1 },
      ],
    ],
    [
      'as needed by the lists of a public repository',
      { store: { one: { tags: [tagFor('inventory', 'a')] } }, inventories: [tagFor('inventory', 'a')] },
      [{ kind: 'inventory', because: 'needed', digests: 1 }],
    ],
    [
      'for the first of its reasons',
      { store: { leg: build('a', young) }, published: ['leg'], referred: ['leg'], settings: { keep: 1 } },
      [{ kind: 'build', because: 'public', digests: 1 }],
    ],
  ])('%s', (_, given, kept) => {
    const plan = decided(given)
    expect(plan.kept).toEqual(kept)
    expect(plan.gone).toEqual([])
  })
})

describe('a digest goes', () => {
  it.each<[string, Case, string[]]>([
    [
      'when it is as old as keep-days',
      { store: { one: { tags: [tagFor('facts', 'a')], days: 30 } } },
      ['one'],
    ],
    [
      'without a date, if what has none may go',
      {
        store: { one: { tags: [tagFor('candidate', 'a')], days: null, configured: 31 } },
        settings: { undated: true },
      },
      ['one'],
    ],
    [
      'if others of its family are newer',
      {
        store: {
          old: { tags: [tagFor('facts', 'a')], days: 91 },
          undated: { tags: [tagFor('facts', 'b')], days: null },
          new: { tags: [tagFor('facts', 'c')], days: 90 },
        },
        settings: { keep: 1, undated: true },
      },
      ['old', 'undated'],
    ],
    [
      'if its leg is young, and the report of another',
      { store: { report: report('b'), leg: build('a', young) } },
      ['report'],
    ],
    [
      'if only an old plan names it',
      { store: { plan: { tags: [tagFor('plan', 'a')], needs: [tagFor('build', 'a')] }, ...leg } },
      ['plan', 'leg', 'report'],
    ],
    [
      'if what refers to it is a report of this action',
      { store: { leg: build('a'), report: report('a', { subject: 'leg' }) } },
      ['leg', 'report'],
    ],
    [
      'after each index that names it, once, if both go',
      {
        store: {
          shared: {},
          b: build('b', { parts: ['shared'] }),
          a: build('a', { parts: ['shared'] }),
        },
      },
      ['a', 'b', 'shared'],
    ],
    [
      'right after the last index that names it',
      {
        store: {
          shared: {},
          first: {},
          a: build('a', { parts: ['first', 'shared'] }),
          b: build('b', { parts: ['shared'] }),
          c: build('c'),
        },
      },
      ['a', 'first', 'b', 'shared', 'c'],
    ],
    [
      'after the index that names it, though it has a tag of its own',
      { store: { one: { tags: [tagFor('candidate', 'a')] }, leg: build('a', { parts: ['one'] }) } },
      ['leg', 'one'],
    ],
    [
      'without what another index needs that stays',
      {
        store: {
          a: build('a', { parts: ['shared', 'own'] }),
          b: build('b', { ...young, parts: ['shared'] }),
          shared: {},
          own: {},
        },
      },
      ['a', 'own'],
    ],
    [
      'after the index of copies that names it',
      {
        store: {
          copy: { tags: [tagFor('base', 'a')] },
          named: { tags: [tagFor('base-named', 'a')], parts: ['copy'] },
        },
      },
      ['named', 'copy'],
    ],
  ])('%s', (_, given, gone) => {
    expect(goneOf(decided(given), given.store)).toEqual(gone)
  })
})

describe('the bytes that are freed', () => {
  it('count a blob once, with the first that names it, and none that something names which stays', () => {
    const store: Store = {
      a: build('a', { blobs: { config: 10, own: 100, base: 1000, common: 10_000 } }),
      b: build('b', { blobs: { config: 10, base: 1000, common: 10_000 } }),
      c: build('c', { ...young, blobs: { common: 10_000 } }),
    }
    const plan = decided({ store })
    expect(plan.gone.map(({ bytes }) => bytes)).toEqual([1111, 1])
    expect(plan.bytes).toEqual({ before: 11_113, gone: 1112 })
  })
})
