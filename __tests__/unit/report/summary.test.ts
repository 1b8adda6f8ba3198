import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { ImageOutcome } from '../../../src/report/outcome.ts'
import { renderSummary } from '../../../src/report/summary/summary.ts'
import { gateNames, waive } from '../../../src/verify/gate.ts'
import { makeFacts, makeLeg } from '../../support/verified-leg.ts'
import {
  conditionalFacts,
  digest,
  makeExcluded,
  makeFailure,
  makeOutcome,
  makeOutcomeReport,
  makePlannedImage,
  makePlannedImages,
  makeRun,
  makeStep,
  published,
  sglang,
  steps,
} from '../../support/reports.ts'

function both(): ImageOutcome[] {
  const leg = sglang()
  const report = makeOutcomeReport(leg)
  return [makeOutcome(), makeOutcome(published, [{ state: 'built', report }], makePlannedImage(leg))]
}

const tag = 'aibrix/vllm-openai:v0.21.0-aibrix-v0.7.0-nixl-0.7.1-20251123'

describe('conditions', () => {
  const leg = makeLeg()
  const report = makeOutcomeReport(leg, conditionalFacts(leg))
  const conditional = renderSummary(makeRun([makeOutcome(published, [{ state: 'built', report }])]))
  const name = 'VLLM_USE_V2_MODEL_RUNNER=0'

  it.each([
    [
      'how to get the image',
      `- ⚠️ **vLLM v0.21.0**: start it with <code>docker run --env ${name} …</code>, because AIBrix acts on`,
    ],
    ['how to use it', `\n${name} vllm serve <model> --kv-transfer-config`],
    ['its details', `- Condition: <code>${name}</code>, because AIBrix acts on`],
  ])('are shown next to %s', (_, expected) => {
    expect(conditional).toContain(expected)
  })

  it('are not mentioned if there are none', () => {
    expect(renderSummary(makeRun([makeOutcome()]))).not.toMatch(/condition|--env|VLLM_USE/i)
  })
})

it("names the engine's commit if the base does", () => {
  const { base } = makeLeg()
  const commit = '1'.repeat(40)
  const leg = makeLeg({
    base: { ...base, config: { ...base.config, labels: { 'ai.vllm.build.commit': commit } } },
  })
  const report = makeOutcomeReport(leg)
  const text = (some: typeof report) =>
    renderSummary(makeRun([makeOutcome(published, [{ state: 'built', report: some }])]))
  expect(text(report)).toContain(`- Commit of vLLM, by the labels of the base: <code>${commit}</code>`)
  expect(text(makeOutcomeReport())).not.toContain('Commit of vLLM')
})

describe('the job summary', () => {
  const text = renderSummary(makeRun(both()))

  it('begins with the verdict', () => {
    expect(text.split('\n')[0]).toBe('## ✅ 2 images published')
  })
  it('has the measured components of each image', () => {
    for (const line of [
      '| Component | vLLM Image | SGLang Image |',
      '| Engine version | v0.21.0 | v0.5.11 |',
      '| CUDA | 13.0 | 13.0 |',
      '| Torch version | 2.11.0+cu130 | 2.11.0+cu130 |',
      '| aibrix_kvcache | v0.7.0+cu130 | v0.7.0+cu130 |',
      '| NIXL / CUDA plugin | 0.7.1 / cu13 | 0.7.1 / cu13 |',
      '| UCX | 1.19.0 | 1.19.0 |',
    ])
      expect(text).toContain(`${line}\n`)
    expect(text).not.toContain('declared')
  })
  it.each([
    [
      'the whole time and all gates',
      `\n7 min 1 s · ${2 * gateNames.length} of ${2 * gateNames.length} gates passed\n`,
    ],
    ['tags with short digests', `| <code>${tag}</code> | <code>sha256:eeeeeeeeeeee</code> | ✅ published |`],
    ['a pull command to copy', `\`\`\`sh\ndocker pull ${tag}\n\`\`\``],
    ['the whole digest', `- Image: <code>aibrix/vllm-openai&#64;${digest}</code>`],
    ['sizes', '| Size, compressed | 8.1 GB, 58.1 MB added | 8.1 GB, 58.1 MB added |'],
    ['a timing chart', '```mermaid\n%%{init: {"gantt":{"leftPadding":98}}}%%\ngantt\n'],
    [
      'how to use AIBrix',
      `vllm serve <model> --kv-transfer-config '{\n  "kv_connector": "AIBrixPDReuseConnector",\n`,
    ],
    [
      'a fold for each image',
      `<details><summary><b>vLLM v0.21.0</b>: ${gateNames.length} of ${gateNames.length} gates passed</summary>`,
    ],
    ['passed gates', '| <code>second-libucp</code> | none in the loader path | none |'],
    ['added packages', '- Added with apt: <code>perftest:amd64 4.5+0.17-1</code>'],
    ['UCX modules', '<code>cma cuda ib ib_mlx5 rdmacm</code>'],
    ['a command to reproduce', 'docker buildx build \\\n  --file Dockerfile.vllm'],
  ])('has %s', (_, part) => {
    expect(text).toContain(part)
  })

  it('shows first what was published, then what it contains, then why it was built', () => {
    const parts = [
      '| Tag |',
      'docker pull',
      '### Components',
      '### Why it was built',
      '### Time',
      '### Details',
    ]
    const places = parts.map((part) => text.indexOf(part))
    expect(places).toEqual(places.toSorted((left, right) => left - right))
    expect(places).not.toContain(-1)
  })

  it('has one pull command and one fold for each image, however many there are', () => {
    expect(text.match(/docker pull/g)).toHaveLength(1)
    expect(text.match(/<details>/g)).toHaveLength(2)
  })

  it.each([
    ['two lines', 'registry.example.com/'.padEnd(62, 'x'), /```sh\ndocker pull \\\n {2}registry/],
    ['a text that wraps', 'registry.example.com/'.padEnd(120, 'x'), /<code>docker pull registry/],
  ])('has a pull command that is too wide for the page as %s', (_, path, expected) => {
    const image = makePlannedImage(undefined, undefined, { repository: { registry: 'docker.io', path } })
    expect(renderSummary(makeRun([makeOutcome(published, [], image)]))).toMatch(expected)
  })

  it('shows the declared version if another one was measured', () => {
    const facts = makeFacts()
    facts.image.nixl.distributions = { nixl: '0.7.0', 'nixl-cu13': '0.7.0' }
    const report = makeOutcomeReport(makeLeg(), facts)
    const failed = renderSummary(makeRun([makeFailure('Gate nixl-variant failed.', report)]))
    expect(failed).toContain('| NIXL / CUDA plugin | 0.7.0 / cu13 ⚠️ declared 0.7.1 |')
  })

  it('puts blocking gates first, then waived ones and those that follow, with what to do', () => {
    const facts = makeFacts()
    facts.image.loaderUcx = ['/usr/lib/libucp.so.0']
    facts.image.pip.numpy = '2.3.0'
    facts.image.pipCheck = ['vllm 0.21.0 has requirement numpy<2.3, but you have numpy 2.3.0.']
    facts.image.cudaLinks.nixl = null
    const report = makeOutcomeReport(makeLeg(), facts)
    report.gates = waive(report.gates, new Map([['second-libucp', 'nothing loads it']]))
    const failed = renderSummary(makeRun([makeFailure('A gate failed.', report)]))
    expect(failed).toContain(
      `7 min 1 s · ${gateNames.length - 4} of ${gateNames.length} gates passed, 1 failed, 1 undetermined, 1 waived, 1 following from another\n`,
    )
    expect(failed).toMatch(
      /❓ \| <code>cuda-major[^\n]*\n\| ❌ \| <code>environment-untouched[^\n]*\n\| ⚠️ \| <code>second-libucp[^\n]*nothing loads it[^\n]*\n\n- ⏭️ \*\*vLLM v0.21.0\*\*: <code>pip-check<\/code> follows from <code>environment-untouched<\/code>: the new complaints/,
    )
    expect(failed.indexOf('### Gates')).toBeLessThan(failed.indexOf('### Components'))
    for (const part of ['docker pull', '### Why', '### Use AIBrix']) expect(failed).not.toContain(part)
  })

  it('says once why several gates of several images do not apply', () => {
    const [first, second] = both().map((outcome) => {
      const [leg] = outcome.legs
      if (leg?.state === 'built')
        leg.report.gates = leg.report.gates.map((gate) =>
          ['added-bytes', 'media-types'].includes(gate.name)
            ? { ...gate, state: 'not applicable', reason: 'it was not pushed' }
            : gate,
        )
      return { ...outcome, state: 'built' } as const
    })
    const unpushed = renderSummary(makeRun(first && second ? [first, second] : []))
    expect(unpushed).toContain(
      '### Gates\n\n- ⏭️ **vLLM v0.21.0, SGLang v0.5.11**: <code>added-bytes</code>, <code>media-types</code> not applicable: it was not pushed\n\n',
    )
  })

  it('has no table without measurements, and none for a single image that failed', () => {
    const report = {
      ...makeOutcomeReport(makeLeg(), undefined, { facts: undefined, gates: [] }),
      sizes: null,
    }
    const broken = renderSummary(makeRun([makeFailure('It does not compile.', report)]))
    expect(broken).not.toMatch(/^\|/m)
    expect(broken).not.toContain('–')
    const one = both()[1]
    const beside = renderSummary(
      makeRun([makeFailure('It does not compile.', report), ...(one ? [one] : [])]),
    )
    expect(beside).toContain('| Component | SGLang Image |\n')
    expect(beside).not.toContain('### Why')
  })

  it('says that an image is published even if it lacks a new tag', () => {
    const image = makePlannedImage(undefined, undefined, {
      published: { kind: 'same', digest, tags: ['v1'], missingTags: ['v2'] },
      cause: { kind: 'unchanged', tag: 'v1' },
    })
    const waiting = makeOutcome(
      { state: 'staged' },
      [{ state: 'staged', report: makeOutcomeReport() }],
      image,
    )
    const text = renderSummary(makeRun([waiting, makeFailure('It does not compile.')]))
    expect(text).toContain(
      [
        '| <code>aibrix/vllm-openai:v1</code> | <code>sha256:eeeeeeeeeeee</code> | ✅ unchanged |',
        '| <code>aibrix/vllm-openai:v2</code> | – | ⏸️ published, not yet under this tag |',
      ].join('\n'),
    )
    expect(text.split('\n')[0]).toBe('## ❌ 1 of 2 images failed, 1 verified')
  })

  it('shows an image that was already published as unchanged or tagged, and not how it was built', () => {
    const origins = {
      wheel: { state: 'built', duration: 6700 },
      ucx: { state: 'built', duration: 1 },
    } as const
    const report = makeOutcomeReport(makeLeg(), undefined, { origins })
    const image = makePlannedImage(undefined, undefined, { cause: { kind: 'unchanged', tag: 'v1-20251101' } })
    const unchanged = (state: 'unchanged' | 'published') =>
      renderSummary(makeRun([makeOutcome({ state, digest }, [{ state: 'staged', report }], image)]))
    expect(unchanged('unchanged')).toContain(' | ✅ unchanged |\n')
    expect(unchanged('published')).toContain(' | ✅ tagged, unchanged since <code>v1-20251101</code> |\n')
    for (const state of ['unchanged', 'published'] as const)
      for (const part of ['built in', '### Why', '### Time']) expect(unchanged(state)).not.toContain(part)
    const built = renderSummary(makeRun([makeOutcome(published, [{ state: 'built', report }])]))
    expect(built).toContain('- Wheel: built in 6.7 s\n')
  })

  it('shows each error, of the run, of an image and of a leg', () => {
    const broken = makeOutcome({ state: 'failed', error: 'Promotion stopped.' })
    const leg = sglang()
    const failed = makeOutcome(
      { state: 'failed' },
      [{ state: 'failed', error: 'no space left', report: undefined }],
      makePlannedImage(leg),
    )
    expect(renderSummary(makeRun([broken, failed], { error: 'The registry refuses: 401' }))).toContain(
      [
        '> [!CAUTION]',
        '> The registry refuses: 401',
        '>',
        '> **vLLM v0.21.0**: Promotion stopped.',
        '>',
        '> **SGLang v0.5.11**: no space left',
      ].join('\n'),
    )
    expect(renderSummary(makeRun([], { error: 'x' }))).toBe(
      '## ❌ The run failed\n\n7 min 1 s\n\n> [!CAUTION]\n> x\n',
    )
  })

  it('does not show the times of an earlier run', () => {
    const stored = makeOutcome({ state: 'unchanged', digest }, [
      { state: 'staged', report: makeOutcomeReport() },
    ])
    expect(renderSummary(makeRun([stored]))).not.toContain('mermaid')
  })

  it('lists what is not built, with the reason', () => {
    const excluded = [makeExcluded(), makeExcluded({ engine: 'sglang', version: 'v0.4.0' })]
    expect(renderSummary(makeRun(both(), { excluded }))).toContain(
      [
        '### Not built',
        '',
        '| Image | AIBrix | NIXL | Platform | Why it is not built | Chosen by |',
        '| --- | --- | --- | --- | --- | --- |',
        '| **vLLM v0.9.2** | v0.5.0 | 0.7.1 | linux/arm64 | AIBrix v0.5.0 has no patch for it. | versions &#126;0.9 |',
        '| **SGLang v0.4.0** | v0.5.0',
      ].join('\n'),
    )
  })
})

describe('the summary of images with several platforms', () => {
  const image = makePlannedImage(makeLeg(), ['linux/amd64', 'linux/arm64'])

  it('shows the digest of each platform and that of the tag', () => {
    const legs = [
      { state: 'staged', report: { ...makeOutcomeReport(image.legs[0]), digest: 'sha256:1' } },
      { state: 'staged', report: { ...makeOutcomeReport(image.legs[1]), digest: 'sha256:2' } },
    ] as const
    const text = renderSummary(makeRun([makeOutcome(published, legs, image)], { command: 'promote' }))
    for (const part of [
      `| <code>${tag}</code> | <code>sha256:eeeeeeeeeeee</code> | ✅ published |\n`,
      '#### linux/amd64\n\n- Image: <code>aibrix/vllm-openai&#64;sha256:1</code>\n',
      '#### linux/arm64\n\n- Image: <code>aibrix/vllm-openai&#64;sha256:2</code>\n',
      // Both are equal, so one column is enough.
      '| Component | vLLM Image |\n',
    ])
      expect(text).toContain(part)
    expect(text.match(/<details>/g)).toHaveLength(1)
  })

  it('shows platforms separately if their contents differ', () => {
    const facts = makeFacts()
    facts.image.python.version = '3.11.9'
    const legs = [
      { state: 'staged', report: makeOutcomeReport(image.legs[0]) },
      { state: 'staged', report: makeOutcomeReport(image.legs[1], facts) },
    ] as const
    const text = renderSummary(makeRun([makeOutcome(published, legs, image)]))
    expect(text).toContain('| Component | vLLM v0.21.0 linux/amd64 | vLLM v0.21.0 linux/arm64 |\n')
    expect(text).toContain('| Python | 3.12.12 | 3.11.9 |\n')
  })

  it('names each missing leg of a promotion, and does not show its image as published', () => {
    const legs = [
      { state: 'staged', report: makeOutcomeReport(image.legs[0]) },
      { state: 'failed', error: 'No runner has built it.', report: undefined },
    ] as const
    const text = renderSummary(
      makeRun([makeOutcome({ state: 'failed' }, legs, image)], { command: 'promote' }),
    )
    expect(text.split('\n')[0]).toBe('## ❌ vLLM v0.21.0 failed, no tag was published')
    expect(text).toContain('> **vLLM v0.21.0 linux/arm64**: No runner has built it.')
    expect(text).toContain('<summary><b>vLLM v0.21.0</b>')
    expect(text).not.toContain('docker pull')
  })

  it('of a build shows its legs, and how they are published', () => {
    const outcome = makeOutcome({ state: 'staged' }, [], image)
    const others: ImageOutcome[] = [
      { ...outcome, legs: outcome.legs.slice(1) },
      { ...makeOutcome({ state: 'skipped' }, [{ state: 'skipped' }], makePlannedImage(sglang())) },
    ]
    const text = renderSummary(makeRun(others, { command: 'build' }))
    expect(text.split('\n')[0]).toBe(
      '## ✅ vLLM v0.21.0 linux/arm64 verified and staged, to be published by promote',
    )
    expect(text).toContain('`command: promote` with the same plan publishes each image')
    expect(text).toContain('| **vLLM v0.21.0** | linux/arm64 |')
    expect(text).not.toContain('SGLang')
    expect(text).not.toContain('linux/amd64')
  })

  it('of a promotion shows when other runners built for it, except on another day', () => {
    const day = 24 * 60 * 60 * 1000
    const old = { steps: [makeStep('old step', -day, 60_000)] }
    const legs = [
      { state: 'staged', report: makeOutcomeReport(image.legs[0], makeFacts(), old) },
      { state: 'staged', report: makeOutcomeReport(image.legs[1], makeFacts(), { steps }) },
    ] as const
    const outcome = makeOutcome(published, legs, image)
    const text = renderSummary(makeRun([outcome], { command: 'promote' }))
    expect(text).toContain('### When it was built\n\n```mermaid')
    expect(text).toContain('section vLLM v0.21.0 linux/arm64')
    expect(text).not.toContain('old step')
    expect(renderSummary(makeRun([outcome]))).not.toContain('mermaid')
  })
})

describe('the summary of many images', () => {
  const images = makePlannedImages(100, ['linux/amd64', 'linux/arm64'])
  const outcomes = images.map((image) =>
    makeOutcome(
      published,
      image.legs.map((leg) => ({ state: 'built', report: makeOutcomeReport(leg) })),
      image,
    ),
  )
  const text = renderSummary(
    makeRun(outcomes, { excluded: Array.from({ length: 60 }, () => makeExcluded()) }),
  )

  it('has a row for each image, and components as columns', () => {
    expect(text).toContain(
      '| Image | Engine version | CUDA | Torch version | Python | aibrix_kvcache | NIXL / CUDA plugin | UCX |',
    )
    for (const version of ['v0.1.0', 'v0.100.0'])
      expect(text).toMatch(
        new RegExp(`^\\| \\*\\*vLLM ${version}\\*\\* \\|[^\\n]* 13\\.0 \\| 2\\.11\\.0\\+cu130 `, 'm'),
      )
  })
  it('has every tag, and folds the details', () => {
    expect(text.match(/✅ published \|/g)).toHaveLength(100)
    for (const fold of [
      '60 images',
      'Details of images 1 to 25 of 100',
      'Details of images 76 to 100 of 100',
    ])
      expect(text).toContain(`<details><summary>${fold}</summary>`)
  })
  it('charts the legs that took longest', () => {
    const slow = outcomes.map((outcome, index) => {
      const report = makeOutcomeReport(outcome.image.legs[0], undefined, {
        steps: [makeStep('RUN build', 0, 1000 * (index === 70 ? 900 : 100))],
      })
      return makeOutcome(published, [{ state: 'built', report }], makePlannedImages(100)[index])
    })
    const chart = renderSummary(makeRun(slow))
    expect(chart).toContain('### Time, the 50 slowest of 100 legs\n')
    expect(chart.match(/^section /gm)).toHaveLength(50)
    expect(chart).toContain('section vLLM v0.71.0\n')
  })
  it('has few lines outside its folds', () => {
    let visible = text.replace(/```mermaid[^]*?```/g, '')
    const innermost = /<details>(?:(?!<details>)[^])*?<\/details>/
    while (innermost.test(visible)) visible = visible.replace(innermost, '')
    const lines = visible.split('\n')
    // The rows of the two tables, and headings.
    expect(lines.filter((line) => line.startsWith('|'))).toHaveLength(2 * (100 + 2))
    expect(lines.filter((line) => !line.startsWith('|') && line !== '').length).toBeLessThan(30)
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1024 * 1024)
  })
})

describe('a summary that is too long', () => {
  const whole = renderSummary(makeRun(both()))
  it.each([0.99, 0.8, 0.5])('drops folded parts and never the tables, at %d of its length', (part) => {
    const limit = Math.floor(Buffer.byteLength(whole) * part)
    const text = renderSummary(makeRun(both()), limit)
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(limit)
    for (const kept of ['| Component | vLLM', '| Tag | Digest', 'docker pull']) expect(text).toContain(kept)
    expect(text).toContain('Omitted for its length: ')
  })

  it('drops tables only when nothing else is left, and never the verdict', () => {
    const text = renderSummary(makeRun(both()), 1500)
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1500)
    expect(text).toMatch(/^## ✅ 2 images published\n[^]*Omitted for its length: [^\n]*tables/)
  })

  it('stays within GitHub’s limit with messages of any length in hundreds of legs', () => {
    const report = makeOutcomeReport()
    report.gates = report.gates.map((gate) => ({
      ...gate,
      state: 'fail',
      hint: '|'.repeat(900),
      actual: '<'.repeat(900),
    }))
    const outcomes = makePlannedImages(100).map((image, index) =>
      makeOutcome(
        { state: 'failed' },
        [{ state: 'failed', error: `${index}${'`'.repeat(5000)}`, report }],
        image,
      ),
    )
    const text = renderSummary(makeRun(outcomes))
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1024 * 1024)
    expect(text).toContain('## ❌ 100 images failed')
    expect(text).toContain('| Image | Engine version |')
  })

  it('keeps its tables whole and within the limit, whatever the build printed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (hint, actual) => {
        const report = makeOutcomeReport()
        report.gates = [{ name: 'extension', state: 'fail', expected: 'x', actual, hint }]
        report.warnings = [hint]
        const excluded = [makeExcluded({ reason: hint, why: actual })]
        const text = renderSummary(makeRun([makeFailure(hint, report)], { excluded }), 200_000)
        const cellsOf = (part: string): number | undefined =>
          text
            .split('\n')
            .find((line) => line.includes(part))
            ?.split('|').length
        expect(cellsOf('<code>extension</code>')).toBe(7)
        expect(cellsOf('**vLLM v0.9.2**')).toBe(8)
      }),
      { numRuns: 50 },
    )
  })
})
