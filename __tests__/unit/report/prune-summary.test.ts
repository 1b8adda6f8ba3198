import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { keptBecause, storedKinds } from '../../../src/prune/model.ts'
import { pruneJson } from '../../../src/report/prune/prune-json.ts'
import { pruneOutputs } from '../../../src/report/prune/prune-outputs.ts'
import type { PruneRun } from '../../../src/report/prune/prune-run.ts'
import { renderPruneSummary } from '../../../src/report/prune/prune-summary.ts'
import { makePruned, makePrunedRepository, makePruneRun } from '../../support/prune-runs.ts'

const render = (changes: Partial<PruneRun> = {}, limit?: number) =>
  renderPruneSummary(makePruneRun(changes), limit)

const old = makePruned({ tags: [`build-${'a'.repeat(64)}-amd64`], bytes: 1_500_000 })
const report = makePruned({ kind: 'report', tags: [`report-${'a'.repeat(64)}-amd64`], bytes: 50_000 })
const one = makePrunedRepository({ gone: [old, report] })
const done = (fate: PruneRun['repositories'][number]['gone'][number]['fate']) =>
  makePrunedRepository({ gone: [{ ...old, fate }] })

describe('the summary of a prune', () => {
  it.each<[string, Partial<PruneRun>, string]>([
    ['a dry run', { repositories: [one] }, '🧹 Dry run: 2 digests would be deleted, 1.6 MB'],
    [
      'a dry run without anything',
      { repositories: [makePrunedRepository()] },
      '✅ Dry run: nothing would be deleted',
    ],
    ['a prune', { apply: true, repositories: [done({ state: 'deleted' })] }, '🧹 1 digest deleted, 1.5 MB'],
    [
      'a prune without anything',
      { apply: true, repositories: [makePrunedRepository()] },
      '✅ Nothing was deleted',
    ],
    [
      'a prune that broke off',
      {
        apply: true,
        error: 'It failed.',
        repositories: [makePrunedRepository({ gone: [{ ...old, fate: { state: 'deleted' } }, report] })],
      },
      '❌ Deleted 1 of 2 digests',
    ],
    ['a prune that could not begin', { apply: true, error: 'It failed.' }, '❌ Nothing was deleted'],
    ['a dry run that failed', { error: 'It failed.' }, '❌ It could not be determined what may be deleted'],
  ])('of %s begins with its result', (_, changes, expected) => {
    expect(render(changes).split('\n')[0]).toBe(`## ${expected}`)
  })

  it('has a row for each kind, with what goes, and what stays and why', () => {
    const text = render({
      repositories: [
        makePrunedRepository({
          gone: [old, report],
          kept: [
            { kind: 'build', because: 'public', digests: 10 },
            { kind: 'build', because: 'young', digests: 20 },
            { kind: null, because: 'foreign', digests: 1 },
          ],
          bytes: { before: 12_300_000_000, gone: 1_550_000 },
        }),
      ],
    })
    expect(text).toContain('### <code>acme/image-cache</code>')
    expect(text).toContain(
      '| <code>build-…</code> verified builds | 1 | 1 | 1.5 MB | 30 | 10 published<br>20 young or without a date |',
    )
    expect(text).toContain('| <code>report-…</code> their reports | 1 | 1 | 50.0 KB | – | – |')
    expect(text).toContain('| others | – | – | – | 1 | 1 not of this action |')
    expect(text).toContain('| **all** | 2 | 2 | 1.6 MB | 31 | 12.3 GB in all |')
  })

  it('has a row for each kind and a word for each reason', () => {
    const kept = storedKinds.flatMap((kind) => keptBecause.map((because) => ({ kind, because, digests: 7 })))
    const text = render({ repositories: [makePrunedRepository({ kept })] })
    for (const kind of storedKinds) expect(text).toContain(`| <code>${kind}-…</code> `)
    expect(text).not.toContain('undefined')
  })

  it('lists what would go, without a state', () => {
    const text = render({ repositories: [one] })
    expect(text).toContain('### What would be deleted')
    expect(text).toMatch(
      /\| <code>build-[^|]+\| 2025-10-01 \| 1\.5 MB \| <code>sha256:aaaaaaaaaaaa<\/code> \|/,
    )
  })

  it.each([
    [{ state: 'deleted' }, '🗑️ deleted'],
    [{ state: 'vanished' }, '🗑️ gone already'],
    [{ state: 'left' }, '⏸️ still there'],
    [{ state: 'stays', why: 'x names | now' }, '✅ stays: x names &#124; now'],
  ] as const)('says of what was to be deleted that it is %j', (fate, expected) => {
    expect(render({ apply: true, repositories: [done(fate)] })).toContain(`| ${expected} |`)
  })

  it('has the inputs that delete what a dry run has shown', () => {
    const publicOnes = [{ registry: 'docker.io', path: 'acme/vllm-openai' }]
    const text = render({ repositories: [one], undated: true, keep: 0, keepDays: 7, publicOnes })
    expect(text).toContain(
      '```yaml\ncommand: prune\napply: true\nkeep-days: 7\nkeep: 0\nundated: true\nprune-public: |-\n  acme/vllm-openai\n```',
    )
    for (const changes of [
      { apply: true },
      { error: 'It failed.' },
      { repositories: [makePrunedRepository()] },
    ])
      expect(render({ repositories: [one], ...changes })).not.toContain('```yaml')
  })

  it('folds a long list, and counts what is only in the file', () => {
    const gone = Array.from({ length: 250 }, (_, index) => makePruned({ tags: [`wheel-${index}`] }))
    const text = render({ repositories: [makePrunedRepository({ gone })] })
    expect(text).toContain('<details><summary>250 digests</summary>')
    expect(text).toContain('and 50 more digests, in the file of the output `prune-path`')
  })

  it('fits its limit, and begins with the result, whatever tags and errors say', () => {
    const text = fc.string({ maxLength: 200, unit: 'binary' })
    fc.assert(
      fc.property(fc.array(text, { maxLength: 50 }), text, (tags, error) => {
        const gone = tags.map((tag) => makePruned({ tags: [tag], fate: { state: 'stays', why: tag } }))
        const summary = render({ apply: true, error, repositories: [makePrunedRepository({ gone })] }, 8000)
        expect(Buffer.byteLength(summary)).toBeLessThanOrEqual(8000)
        expect(summary).toMatch(/^## ❌ /)
      }),
      { numRuns: 50 },
    )
  })
})

describe('the JSON file of a prune', () => {
  it('has the inputs, and for each repository what stays and what became of the rest', () => {
    const run = makePruneRun({
      apply: true,
      repositories: [
        makePrunedRepository({
          gone: [
            { ...old, fate: { state: 'deleted' } },
            { ...report, fate: { state: 'stays', why: 'it changed' } },
          ],
          kept: [{ kind: 'build', because: 'public', digests: 1 }],
        }),
        makePrunedRepository(),
      ],
    })
    const text = [...pruneJson(run, new Date('2025-11-23T12:00:00Z'))].join('')
    expect(JSON.parse(text)).toEqual({
      ...{ format: 1, made: '2025-11-23T12:00:00.000Z', apply: true, keepDays: 30, keep: 3, undated: false },
      error: null,
      repositories: [
        {
          repository: 'docker.io/acme/image-cache',
          bytes: { before: 0, gone: 0 },
          kept: [{ kind: 'build', because: 'public', digests: 1 }],
          gone: [
            {
              ...{ digest: old.digest, kind: 'build', tags: old.tags, created: '2025-10-01T00:00:00.000Z' },
              ...{ bytes: 1_500_000, state: 'deleted' },
            },
            expect.objectContaining({ kind: 'report', state: 'stays', why: 'it changed' }),
          ],
        },
        { repository: 'docker.io/acme/image-cache', bytes: { before: 0, gone: 0 }, kept: [], gone: [] },
      ],
    })
  })

  it('has the error', () => {
    const text = [...pruneJson(makePruneRun({ error: 'It failed.' }), new Date(0))].join('')
    expect(JSON.parse(text)).toMatchObject({ error: 'It failed.', repositories: [] })
  })
})

describe('the output pruned', () => {
  it.each<[string, Partial<PruneRun>, string]>([
    ['what would be deleted', { repositories: [one] }, '2'],
    ['only what was deleted', { apply: true, repositories: [done({ state: 'vanished' })] }, '0'],
    ['what was deleted', { apply: true, repositories: [done({ state: 'deleted' }), one] }, '1'],
  ])('counts %s', (_, changes, pruned) => {
    expect(pruneOutputs(makePruneRun(changes), 'a', 'b')).toEqual({
      ...{ pruned, 'prune-path': 'a', 'summary-path': 'b' },
    })
  })
})
