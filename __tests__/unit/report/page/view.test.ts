import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { fewImages } from '../../../../script/page-samples.ts'
import type { Inventory, ListedPlatform } from '../../../../src/inventory/inventory.ts'
import { pageDataOf } from '../../../support/page-data.ts'
import { factsOf } from '../../../../src/report/page/view/facts.ts'
import { choicesOf, type Filter, filtered, noFilter } from '../../../../src/report/page/view/filter.ts'
import { fromHash, toHash } from '../../../../src/report/page/view/hash.ts'
import { matricesOf } from '../../../../src/report/page/view/matrix.ts'
import { type Row, rowsOf } from '../../../../src/report/page/view/row.ts'
import { byAge, type Column, columns, sorted } from '../../../../src/report/page/view/sort.ts'
import { standingText } from '../../../../src/report/page/view/standing.ts'

const data = pageDataOf(fewImages())
const rows = rowsOf(data)

/** The rows as `vllm 0.23.0 0.7.0` */
function names(some: readonly Row[]): string[] {
  return some.map(({ engine, version, aibrix }) => [engine, ...version, ...aibrix].join(' '))
}

/** The rows of images whose first one is changed on each platform */
function rowOfChanged(changes: Partial<ListedPlatform>): Row {
  const inventory: Inventory = fewImages()
  for (const platform of inventory.images[1]?.platforms ?? []) Object.assign(platform, changes)
  const row = rowsOf(pageDataOf(inventory))[1]
  if (row === undefined) throw new Error('There is no second image.')
  return row
}

describe('a filter', () => {
  it.each<[string, Partial<Filter>, number]>([
    ['nothing', {}, rows.length],
    ['an engine', { engine: 'sglang' }, 4],
    ['a version', { version: '0.14.0' }, 2],
    ['an AIBrix', { aibrix: '0.6.0' }, 3],
    ['a NIXL', { nixl: '1.1.0' }, 3],
    ['a base that moved', { base: 'moved' }, 2],
    ['a base that is gone', { base: 'gone' }, 1],
    ['two values', { engine: 'sglang', base: 'moved' }, 1],
    ['a value that no image has', { nixl: '9.9.9' }, 0],
    ['a tag', { text: 'stable' }, 1],
    ['a date in the tag', { text: '20251123' }, 2],
    ['several words, in any order and case', { text: ' SGLANG   v0.5.9 ' }, 1],
    ['a digest', { text: rows[3]?.image.digest ?? '' }, 1],
    ['a condition', { text: 'ucx-tools' }, 1],
    ['the reason of a waiver', { text: 'network device' }, 1],
    ['an added package with its version', { text: 'xxhash==3.6.1' }, 3],
    ['a mirror', { text: 'ghcr.io' }, 2],
    ['text of no image', { text: 'nothing has this' }, 0],
  ])('by %s finds what has it', (_, filter, count) => {
    expect(filtered(rows, { ...noFilter, ...filter })).toHaveLength(count)
  })

  it('offers versions from the newest on', () => {
    expect(choicesOf(rows, 'nixl', data.versions)).toEqual([
      '1.1.0',
      '0.10.1',
      '0.9.0',
      '0.7.1',
      '0.6.1',
      '0.5.1',
    ])
    expect(choicesOf(rows, 'engine', data.versions)).toEqual(['sglang', 'vllm'])
  })
})

describe('an order', () => {
  it.each<[Column, string, string]>([
    ['image', 'sglang 0.5.5.post3 0.6.0', 'vllm 0.23.0 0.7.0'],
    ['aibrix', 'vllm 0.10.2 0.5.0', 'vllm 0.23.0 0.7.0'],
    ['nixl', 'vllm 0.8.5 0.5.0', 'vllm 0.23.0 0.7.0'],
    ['base', 'vllm 0.9.1 0.5.0', 'vllm 0.23.0 0.7.0'],
    ['gates', 'vllm 0.8.5 0.5.0', 'sglang 0.5.11 0.7.0'],
    ['created', 'vllm 0.8.5 0.5.0', 'vllm 0.23.0 0.7.0'],
  ])('by %s begins with %s, and the other way round with %s', (column, first, last) => {
    expect(names(sorted(rows, { column, descending: false }, data.versions))[0]).toBe(first)
    expect(names(sorted(rows, { column, descending: true }, data.versions))[0]).toBe(last)
  })

  it('has 0.10 after 0.9', () => {
    const versions = sorted(rows, { column: 'nixl', descending: false }, data.versions).map(
      ({ nixl }) => nixl[0],
    )
    expect([...new Set(versions)]).toEqual(['0.5.1', '0.6.1', '0.7.1', '0.9.0', '0.10.1', '1.1.0'])
  })

  it.each([true, false])('has what is unknown at its end (descending: %j)', (descending) => {
    expect(sorted(rows, { column: 'added', descending }, data.versions).at(-1)?.addedBytes).toBeNull()
  })

  it.each(columns)('by %s loses no row', (column) => {
    const all = sorted(rows, { column, descending: true }, data.versions).map(({ key }) => key)
    expect(all.sort()).toEqual(rows.map(({ key }) => key).sort())
  })
})

describe('a link', () => {
  it('is empty for the page as it opens', () => {
    expect(toHash(fromHash(''))).toBe('')
  })

  it('is short and readable', () => {
    const filter = { ...noFilter, engine: 'vllm', nixl: '0.7.1' }
    const sort = { column: 'added', descending: true } as const
    expect(toHash({ filter, sort, shown: undefined })).toBe('engine=vllm&nixl=0.7.1&sort=-added')
  })

  it('brings back any filter, order and image', () => {
    const text = fc.string({ unit: 'grapheme' })
    const state = fc.record({
      filter: fc.record({ text, engine: text, version: text, aibrix: text, nixl: text, base: text }),
      sort: fc.record({ column: fc.constantFrom(...columns), descending: fc.boolean() }),
      shown: fc.option(text, { nil: undefined }),
    })
    fc.assert(fc.property(state, (linked) => expect(fromHash(`#${toHash(linked)}`)).toEqual(linked)))
  })

  it.each(['#sort=nothing', '#sort=-', '#sort', '#%', '#a=b&c'])('that says %s is the usual page', (hash) => {
    expect(fromHash(hash)).toEqual({ filter: noFilter, sort: byAge, shown: undefined })
  })
})

describe('the state of an image', () => {
  const gates = { passed: 20, waived: 0, blocking: [] }

  it.each<[string, Partial<ListedPlatform>, string, string]>([
    ['that passed', {}, 'passed', 'All passed'],
    ['with conditions', { conditions: ['a', 'b'] }, 'conditional', '2 conditions'],
    ['with a waiver', { waivers: [{ gate: 'g', reason: 'r' }] }, 'conditional', '1 waived'],
    [
      'with both',
      { waivers: [{ gate: 'g', reason: 'r' }], conditions: ['a'] },
      'conditional',
      '1 waived, 1 condition',
    ],
    ['whose report alone knows of a waiver', { gates: { ...gates, waived: 2 } }, 'conditional', '2 waived'],
    ['without a report', { gates: null, why: 'None.' }, 'unjudged', 'No report'],
    ['without a report, with a condition', { gates: null, conditions: ['a'] }, 'unjudged', 'No report'],
    ['with a blocking gate', { gates: { ...gates, blocking: ['torch'] } }, 'blocked', '1 blocking'],
  ])('%s', (_, changes, standing, text) => {
    const row = rowOfChanged(changes)
    expect([row.standing, standingText(row.image)]).toEqual([standing, text])
  })

  it('is that of its worst platform', () => {
    const inventory = fewImages()
    const [, second] = inventory.images[1]?.platforms ?? []
    Object.assign(second ?? {}, { gates: null, base: null })
    expect(rowsOf(pageDataOf(inventory))[1]).toMatchObject({ standing: 'unjudged', base: 'unknown' })
  })

  it('without a platform is unknown', () => {
    const inventory = fewImages()
    Object.assign(inventory.images[0] ?? {}, { platforms: [], engine: null })
    expect(rowsOf(pageDataOf(inventory))[0]).toMatchObject({
      ...{ engine: 'other', standing: 'unjudged', base: 'unknown', addedBytes: null, version: [] },
    })
  })
})

describe('the matrix', () => {
  const matrices = matricesOf(rows, data.versions)

  it('has a line for each engine version and a column for each AIBrix, the newest first', () => {
    expect(matrices.map(({ title, aibrix }) => [title, ...aibrix])).toEqual([
      ['vLLM', '0.7.0', '0.6.0', '0.5.0'],
      ['SGLang', '0.7.0', '0.6.0', '0.5.0'],
    ])
    expect(matrices[0]?.lines.map(({ version }) => version)).toEqual([
      '0.23.0',
      '0.22.1',
      '0.21.0',
      '0.14.0',
      '0.10.2',
      '0.9.1',
      '0.8.5',
    ])
  })

  it('shows the state of the newest image', () => {
    const symbols = matrices[0]?.lines.map(({ cells }) =>
      cells.map((cell) => cell?.look.symbol ?? '').join('|'),
    )
    expect(symbols).toEqual(['!||', '↻||', '✓||', '!|!|', '✓|✓|✓', '||↻', '||?'])
  })
})

it('the facts of a platform without a report, base and CUDA say what is unknown', () => {
  const { image } = rowOfChanged({
    ...{
      gates: null,
      why: 'It has no report.',
      addedBytes: null,
      minimumDriver: null,
      base: null,
      buildId: null,
    },
  })
  const [platform] = image.platforms
  const facts = platform ? factsOf(platform).map(({ name, value }) => [name, value]) : []
  expect(facts).toEqual(
    expect.arrayContaining([
      ['Gates', 'It has no report.'],
      ['Added', 'unknown'],
      ['Minimum driver', 'unknown'],
      ['Image', 'unknown'],
    ]),
  )
})
