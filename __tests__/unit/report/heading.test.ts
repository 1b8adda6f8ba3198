import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { headingOf } from '../../../src/report/summary/heading.ts'
import { rejudge } from '../../../src/verify/gate.ts'
import type { LegReport } from '../../../src/store/leg-report.ts'
import type { ImageOutcome, ImageState, LegState, MirrorOutcome, Run } from '../../../src/report/outcome.ts'
import { titlesOf } from '../../../src/report/titles.ts'
import { makeLeg } from '../../support/verified-leg.ts'
import {
  digest,
  makeExcluded,
  makeOutcome,
  makeOutcomeReport,
  makePlannedImage,
  makePlannedImages,
  makeRun,
} from '../../support/reports.ts'

function heading(run: Run): string {
  return headingOf(run, titlesOf(run.outcomes.map(({ image }) => image)))
}

const report = makeOutcomeReport()
const unpushed = { ...report, digest: null }
const unjudged: LegReport = {
  ...unpushed,
  gates: report.gates.map((gate) => rejudge(gate).notApplicable('verify is false')),
}
const broken: LegState = { state: 'failed', error: 'no space left', report: undefined }

function mirrorWith(tags: string[], added: string[]): MirrorOutcome {
  return { repository: { registry: 'ghcr.io', path: 'acme/vllm-openai' }, tags, added }
}

const ends = {
  published: [
    { state: 'published', digest },
    { state: 'built', report },
  ],
  unchanged: [
    { state: 'unchanged', digest },
    { state: 'staged', report },
  ],
  mirrored: [
    { state: 'unchanged', digest, tags: ['a', 'b'], mirrors: [mirrorWith(['b', 'a'], ['a'])] },
    { state: 'staged', report },
  ],
  mirroredBefore: [
    { state: 'unchanged', digest, tags: ['a', 'b'], mirrors: [mirrorWith(['a', 'b'], [])] },
    { state: 'staged', report },
  ],
  partlyMirrored: [
    { state: 'unchanged', digest, tags: ['a', 'b'], mirrors: [mirrorWith(['a'], ['a'])] },
    { state: 'staged', report },
  ],
  built: [{ state: 'built' }, { state: 'built', report: unpushed }],
  unjudged: [{ state: 'built' }, { state: 'built', report: unjudged }],
  staged: [{ state: 'staged' }, { state: 'built', report }],
  found: [{ state: 'staged' }, { state: 'staged', report }],
  failed: [{ state: 'failed' }, broken],
  broken: [
    { state: 'failed', error: 'Promotion stopped.' },
    { state: 'built', report },
  ],
  skipped: [{ state: 'skipped' }, { state: 'skipped' }],
} satisfies Record<string, [ImageState, LegState]>

type End = keyof typeof ends

function run(names: readonly End[], changes: Partial<Run> = {}): Run {
  const images = makePlannedImages(names.length)
  const outcomes = names.flatMap((name, index): ImageOutcome[] => {
    const [state, leg] = ends[name]
    return [makeOutcome(state, [leg], images[index])]
  })
  return makeRun(outcomes, changes)
}

describe('the heading', () => {
  it.each<[readonly End[], string]>([
    [['published'], '✅ vLLM v0.1.0 published'],
    [['published', 'published'], '✅ 2 images published'],
    [['unchanged', 'unchanged'], '✅ 2 images unchanged, nothing to build'],
    [['mirrored'], '✅ vLLM v0.1.0 mirrored, nothing to build'],
    [['mirrored', 'mirrored'], '✅ 2 images mirrored, nothing to build'],
    [['mirroredBefore'], '✅ vLLM v0.1.0 unchanged, nothing to build'],
    [['unchanged', 'mirrored', 'published'], '✅ 3 images: 1 published, 1 mirrored, 1 unchanged'],
    [['built'], '✅ vLLM v0.1.0 built and verified, not pushed'],
    [['unjudged'], '✅ vLLM v0.1.0 built, neither verified nor pushed'],
    [['published', 'unchanged', 'published'], '✅ 3 images: 2 published, 1 unchanged'],
    [['failed'], '❌ vLLM v0.1.0 failed, no tag was published'],
    [['failed', 'failed'], '❌ 2 images failed, no tag was published'],
    [['failed', 'skipped'], '❌ 1 of 2 images failed, 1 not started, no tag was published'],
    [['failed', 'staged'], '❌ 1 of 2 images failed, 1 verified, no tag was published'],
    [['published', 'failed', 'unchanged'], '❌ 1 of 3 images failed, 1 published, 1 unchanged'],
    // Some of its tags may have been created before it stopped.
    [['broken', 'staged'], '❌ 1 of 2 images failed, 1 verified'],
    [['skipped'], '❌ vLLM v0.1.0 not started, no tag was published'],
    [['published', 'skipped'], '❌ 2 images: 1 published, 1 not started'],
    [[], '✅ Nothing to do'],
  ])('of a run that ends %j is: %s', (names, expected) => {
    expect(heading(run(names))).toBe(expected)
  })

  it.each<[readonly End[], string]>([
    [['staged'], '✅ vLLM v0.1.0 verified and staged, to be published by promote'],
    [['found', 'staged'], '✅ 2 legs verified and staged, to be published by promote'],
    [['built'], '✅ vLLM v0.1.0 built and verified, not pushed'],
    [['unjudged'], '✅ vLLM v0.1.0 built, neither verified nor pushed'],
    [['unchanged'], '✅ vLLM v0.1.0 unchanged, nothing to build'],
    [['failed'], '❌ vLLM v0.1.0 failed'],
    [['failed', 'staged'], '❌ 1 of 2 legs failed, 1 verified and staged'],
  ])('of a build that ends %j is: %s', (names, expected) => {
    expect(heading(run(names, { command: 'build' }))).toBe(expected)
  })

  it('names the platform of the single leg of a build', () => {
    const image = makePlannedImage(makeLeg(), ['linux/amd64', 'linux/arm64'])
    const outcome = makeOutcome({ state: 'staged' }, [], image)
    const one = { ...outcome, legs: outcome.legs.slice(1) }
    expect(heading(makeRun([one], { command: 'build' }))).toBe(
      '✅ vLLM v0.21.0 linux/arm64 verified and staged, to be published by promote',
    )
  })

  it.each<[string, Run, string]>([
    ['an error before the first image', run([], { error: 'x' }), '❌ The run failed'],
    [
      'an error of a promotion',
      run(['staged', 'published'], { error: 'x' }),
      '❌ The run failed: 2 images, 1 published, 1 verified',
    ],
    [
      'an error of a mirror, which has some tags now',
      run(['partlyMirrored', 'mirrored'], { error: 'x' }),
      '❌ The run failed: 2 images, 1 mirrored, 1 unchanged',
    ],
    [
      'excluded images',
      run(['published'], { excluded: [makeExcluded()] }),
      '✅ vLLM v0.1.0 published, 1 excluded',
    ],
    ['only excluded images', run([], { excluded: [makeExcluded()] }), '⚠️ Nothing to do, 1 excluded'],
  ])('reports %s', (_, some, expected) => {
    expect(heading(some)).toBe(expected)
  })

  const green: End[] = [
    'published',
    'mirrored',
    'mirroredBefore',
    'partlyMirrored',
    'unchanged',
    'built',
    'unjudged',
  ]

  it('is green exactly if every image is published, unchanged, or built without a push', () => {
    const names = fc.array(fc.constantFrom(...(Object.keys(ends) as End[])), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(names, fc.option(fc.constant('x')), (some, error) => {
        const good = some.every((name) => green.includes(name))
        const text = heading(run(some, error === null ? {} : { error }))
        expect(text.startsWith('✅')).toBe(good && error === null)
        if (some.includes('published')) expect(text).not.toContain('no tag')
      }),
    )
  })
})
