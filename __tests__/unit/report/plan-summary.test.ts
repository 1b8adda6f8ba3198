import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { Plan, PlannedImage, PlannedLeg } from '../../../src/plan/plan.ts'
import { renderPlanSummary } from '../../../src/report/summary/plan-summary.ts'
import { makeLeg } from '../../support/verified-leg.ts'
import {
  digest,
  makeExcluded,
  makePlan,
  makePlannedImage,
  makePlannedImages,
  sglang,
} from '../../support/reports.ts'

const reference = `aibrix/image-cache:plan-${'c'.repeat(64)}`
const both = ['linux/amd64', 'linux/arm64'] as const

function render(images: PlannedImage[], changes: Partial<Plan> = {}): string {
  return renderPlanSummary(makePlan(images, changes), reference)
}

/** @param changes to the legs, in order */
function image(published: PlannedImage['published'], ...changes: Partial<PlannedLeg>[]): PlannedImage {
  const made = makePlannedImage(makeLeg(), changes.length > 1 ? both : ['linux/amd64'], { published })
  for (const [index, leg] of made.legs.entries()) Object.assign(leg, changes[index])
  return made
}

const absent = { kind: 'absent' } as const
const staged = { existing: 'staged' } as const
const unknown = { feasibility: 'unknown' } as const

describe('the summary of a plan', () => {
  it.each<[string, PlannedImage, string]>([
    ['a leg to build', image(absent, {}), '🔨 build'],
    ['all legs to build', image(absent, {}, {}), '🔨 build 2 legs'],
    ['one of two legs to build', image(absent, staged, {}), '🔨 build 1 of 2 legs'],
    ['a forced leg', image(absent, { feasibility: 'forced' }), '🔨 build, forced'],
    ["a leg that can't be decided yet", image(absent, unknown), '❔ build, if its base allows it'],
    ["legs that can't be decided yet", image(absent, {}, unknown), '❔ build 2 legs, if its base allows it'],
    ['legs that wait for promotion', image(absent, staged, staged), '🏷️ promote only'],
    [
      'a tag that is missing',
      image({ kind: 'same', digest, tags: [], missingTags: ['a', 'b'] }, {}),
      '🏷️ add 2 tags',
    ],
    [
      'a tag that mirrors lack',
      {
        ...image({ kind: 'same', digest, tags: ['a'], missingTags: [] }, {}),
        mirrors: [{ repository: { registry: 'ghcr.io', path: 'acme/x' }, missingTags: ['a'] }],
      },
      '🏷️ add 1 tag in mirrors',
    ],
    [
      'tags that it and its mirrors lack',
      {
        ...image({ kind: 'same', digest, tags: ['a'], missingTags: ['b'] }, {}),
        mirrors: [{ repository: { registry: 'ghcr.io', path: 'acme/x' }, missingTags: ['a', 'b'] }],
      },
      '🏷️ add 1 tag, 2 tags in mirrors',
    ],
    ['a published image', image({ kind: 'same', digest, tags: [], missingTags: [] }, {}), '✅ unchanged'],
  ])('reports %s', (_, some, expected) => {
    expect(render([some])).toContain(`| ${expected} | nothing is published yet | `)
  })

  it('names the mirrors of an image to build, and the tags that those of a published one lack', () => {
    const mirrors = [{ repository: { registry: 'ghcr.io', path: 'acme/x' }, missingTags: ['a'] }]
    expect(render([{ ...image(absent, {}), mirrors }])).toContain('also to <code>ghcr.io/acme/x</code>')
    const published = image({ kind: 'same', digest, tags: ['a'], missingTags: [] }, {})
    expect(render([{ ...published, mirrors }])).toContain('add <code>ghcr.io/acme/x:a</code>')
  })

  it('begins with the counts', () => {
    const images = [
      image(absent, {}, {}),
      image(absent, {}),
      image(absent, unknown),
      image(absent, staged),
      image({ kind: 'same', digest, tags: [], missingTags: [] }, {}),
    ]
    expect(
      render(images, { excluded: [makeExcluded()] })
        .split('\n')
        .slice(0, 3),
    ).toEqual([
      '## 📋 Plan for 5 images: 4 legs to build',
      '',
      '🔨 2 to build · ❔ 1 to build if its base allows it · 🏷️ 1 to promote only · ✅ 1 unchanged · 🚫 1 excluded',
    ])
  })

  it('has a table for each engine with its public repository', () => {
    const text = render([makePlannedImage(), makePlannedImage(sglang())])
    expect(text).toContain(
      [
        '### vLLM → <code>aibrix/vllm-openai</code>',
        '',
        '| Version | AIBrix | NIXL | What happens | Why | Tags |',
        '| --- | --- | --- | --- | --- | --- |',
        '| **v0.21.0** | v0.7.0 | 0.7.1 | 🔨 build | nothing is published yet | <code>v0.21.0-aibrix-v0.7.0-nixl-0.7.1-20251123</code> |',
        '',
        '### SGLang → <code>aibrix/sglang</code>',
      ].join('\n'),
    )
  })

  it('names the selectors of the images once, or for each if they differ', () => {
    const why = 'versions ~0.10'
    expect(render([makePlannedImage(makeLeg(), both, { why })])).toContain(
      'Chosen by <code>versions &#126;0.10</code>\n',
    )
    const text = render([makePlannedImage(makeLeg(), both, { why }), makePlannedImage()])
    expect(text).toContain('| Platforms | What happens | Why | Tags |\n')
    expect(text).toContain(
      '### Chosen by\n\n- **vLLM v0.21.0**: <code>versions &#126;0.10</code>\n- **vLLM v0.21.0**: <code>versions default, ',
    )
  })

  it('lists excluded images with the reason', () => {
    expect(render([], { excluded: [makeExcluded()] })).toContain(
      '| **vLLM v0.9.2** | v0.5.0 | 0.7.1 | linux/arm64 | AIBrix v0.5.0 has no patch for it. |',
    )
  })

  it('shows the commands that follow', () => {
    const text = render([makePlannedImage()])
    expect(text).toContain(`command: build\nplan: ${reference}\nleg: \${{ matrix.leg }}\n`)
    expect(text).toContain(`command: promote\nplan: ${reference}\n`)
    expect(text).toContain('1 leg in the output matrix')
    expect(text).toContain('| linux/amd64 | <code>vllm-v0.21.0-aibrix-v0.7.0-nixl-0.7.1-amd64</code> |')
  })

  it.each<[string, Plan, string | undefined, string[], string[]]>([
    [
      'is not in the registry',
      makePlan([makePlannedImage()]),
      undefined,
      ['plan: <the file in the output plan, passed on as an artifact>'],
      [],
    ],
    [
      'has legs to promote only',
      makePlan([image(absent, staged)]),
      reference,
      ['command: promote'],
      ['command: build'],
    ],
    [
      'pushes nothing',
      makePlan([makePlannedImage()], { publicTags: 'ignore' }),
      reference,
      ['command: build', 'Nothing is pushed'],
      ['command: promote'],
    ],
    [
      'overwrites tags',
      makePlan([makePlannedImage()], { publicTags: 'overwrite' }),
      reference,
      ['Tags of other images are overwritten'],
      [],
    ],
    [
      'moves some tags',
      makePlan([makePlannedImage(undefined, undefined, { overwritable: ['stable'] })]),
      reference,
      ['Moved if it names a different image (`overwrite-tags`): <code>stable</code>'],
      ['Tags of other images are overwritten'],
    ],
    [
      'has nothing to do',
      makePlan([image({ kind: 'same', digest, tags: [], missingTags: [] }, {})]),
      reference,
      ['1 image: nothing to build', '✅ 1 unchanged'],
      ['command:'],
    ],
    ['has no image', makePlan([]), reference, ['0 images: nothing to build'], ['command:']],
  ])('that %s says so', (_, plan, some, present, missing) => {
    const text = renderPlanSummary(plan, some)
    for (const part of present) expect(text).toContain(part)
    for (const part of missing) expect(text).not.toContain(part)
  })

  it('contains the warnings', () => {
    const warnings = ['x counts as empty.', 'y counts as empty.']
    const text = renderPlanSummary(makePlan([makePlannedImage()]), reference, undefined, [], warnings)
    expect(text).toContain('> [!WARNING]\n> x counts as empty.\n>\n> y counts as empty.')
    expect(render([makePlannedImage()])).not.toContain('WARNING')
  })

  it('for 100 images on two platforms has a row for each, with unchanged ones folded', () => {
    const images = makePlannedImages(100, both)
    for (const some of images.slice(60)) some.published = { kind: 'same', digest, tags: [], missingTags: [] }
    const excluded = Array.from({ length: 500 }, () => makeExcluded())
    const text = render(images, { excluded })
    expect(Buffer.byteLength(text)).toBeLessThan(256 * 1024)
    expect(text.match(/^\| \*\*v0\.\d+\.0\*\* /gm)).toHaveLength(100)
    for (const fold of ['✅ 40 images unchanged', '120 legs in the output matrix', '500 images'])
      expect(text).toContain(`<details><summary>${fold}</summary>`)
  })

  it('keeps its rows whole and within the limit, whatever a selector or a reason contains', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 5000 }), fc.string(), (reason, why) => {
        const excluded = Array.from({ length: 40 }, () => makeExcluded({ reason, why }))
        const plan = makePlan([makePlannedImage(), makePlannedImage(sglang(), both, { why })], { excluded })
        const text = renderPlanSummary(plan, reference, 20_000)
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(20_000)
        const cells = text
          .split('\n')
          .flatMap((line) => (line.startsWith('| **v0.') ? [line.split('|').length] : []))
        expect(cells).toEqual([9, 9])
      }),
      { numRuns: 50 },
    )
  })
})
