// Samples of summaries for script/render-summary.ts, built from the parts of the tests.
import { renderPlanSummary } from '../src/report/summary/plan-summary.ts'
import type { ImageOutcome, LegState, Run } from '../src/report/outcome.ts'
import { renderSummary } from '../src/report/summary/summary.ts'
import { waive } from '../src/verify/gate.ts'
import type { Cause, PlannedImage } from '../src/plan/plan.ts'
import {
  digest,
  makeExcluded,
  makeFailure,
  makeOutcome,
  makeOutcomeReport,
  makePlan,
  makePlannedImage,
  makePlannedImages,
  makeRun,
  makeStep,
  published,
  sglang,
} from '../__tests__/support/reports.ts'
import { listSamples } from './list-samples.ts'
import { pruneSamples } from './prune-sample.ts'
import { tagSample } from './tag-sample.ts'
import { verifySamples } from './verify-sample.ts'
import { makeFacts, makeLeg } from '../__tests__/support/verified-leg.ts'

const vllm = makePlannedImage()
const other = makePlannedImage(sglang(), ['linux/amd64'], {
  cause: {
    kind: 'changed',
    since: 'v0.5.11-aibrix-v0.6.0-nixl-0.7.1-20251101',
    changes: [{ what: 'aibrixTag', from: 'v0.6.0', to: 'v0.7.0', platforms: ['linux/amd64'] }],
  },
})
const both = ['linux/amd64', 'linux/arm64'] as const

function unchanged(image: PlannedImage): ImageOutcome {
  const tag = image.tags[0]?.replace('20251123', '20251101') ?? ''
  const kept = { ...image, cause: { kind: 'unchanged', tag } as const }
  const legs: LegState[] = image.legs.map((leg) => ({ state: 'staged', report: reportWithArtifacts(leg) }))
  return makeOutcome({ state: 'unchanged', digest, tags: [tag] }, legs, kept)
}

function reportWithArtifacts(leg = makeLeg()) {
  const wheel = { state: 'built', duration: 171_000 } as const
  const ucx = { state: 'reused', from: 'the registry (ucx-1.19.0)' } as const
  return makeOutcomeReport(leg, undefined, { origins: { wheel, ucx } })
}

function built(image: PlannedImage): ImageOutcome {
  return makeOutcome(
    published,
    image.legs.map((leg) => ({ state: 'built', report: reportWithArtifacts(leg) })),
    image,
  )
}

/** Two images whose platforms differ: the maximum number of columns. */
function fourColumns(): ImageOutcome[] {
  return [vllm, makePlannedImage(makeLeg({ nixl: '0.7.0' }))].map(({ legs: [leg] }) => {
    const image = makePlannedImage(leg, both)
    const legs = image.legs.map((one, index): LegState => {
      const facts = makeFacts()
      facts.image.python.version = `3.12.${index}`
      facts.image.nixl.distributions = { nixl: leg.nixl, 'nixl-cu13': leg.nixl }
      return { state: 'built', report: makeOutcomeReport(one, facts) }
    })
    return makeOutcome(published, legs, image)
  })
}

function failedGate(): Run {
  const facts = makeFacts()
  facts.image.pip.numpy = '2.3.0'
  facts.image.pipCheck = null
  const report = makeOutcomeReport(makeLeg(), facts)
  return makeRun([makeFailure('Gate environment-untouched failed.', report), skipped(other)])
}

function skipped(image: PlannedImage): ImageOutcome {
  return { image, state: 'skipped', legs: image.legs.map((leg) => ({ leg, state: 'skipped' })) }
}

function waived(): Run {
  const facts = makeFacts()
  facts.image.loaderUcx = ['/usr/lib/libucp.so.0']
  const report = makeOutcomeReport(makeLeg(), facts)
  report.gates = waive(report.gates, new Map([['second-libucp', 'nothing in this base loads it']]))
  report.warnings = ['AIBrix is installed but not integrated into vllm 0.21.0.']
  return makeRun([makeOutcome(published, [{ state: 'built', report }])])
}

/** The table of gates contains text of other programs. */
function longWords(): Run {
  const report = makeOutcomeReport()
  const path = 'aibrix_kvcache.integration.vllm.kv_connector.aibrix_pd_reuse_connector'
  report.gates = report.gates.map((gate) =>
    gate.name === 'integration'
      ? {
          ...gate,
          state: 'fail',
          actual: `${path} ${'0123456789abcdef'.repeat(8)}`,
          hint: `Install ${path}.`,
        }
      : gate,
  )
  return makeRun([makeFailure('Gate integration failed.', report), skipped(other)])
}

function brokenBuild(): Run {
  const step = makeStep(
    '[wheel 2/3] RUN --network=default build-wheel /src/python/aibrix_kvcache',
    0,
    90_000,
    {
      failed: true,
    },
  )
  const report = {
    ...makeOutcomeReport(makeLeg(), undefined, { facts: undefined, gates: [], steps: [step] }),
    sizes: null,
  }
  const error =
    'The stage wheel failed at "RUN build-wheel" with exit code 1: csrc/cache.cu(12): error: identifier "foo" is undefined.'
  return makeRun([makeFailure(error, report)])
}

/** Twelve images of two engines, with two tags each, as from a nightly workflow. */
function twelve(): PlannedImage[] {
  return makePlannedImages(12).map((image, index) => {
    const [tag = ''] = image.tags
    const change = { what: 'nixl', from: '0.7.0', to: '0.7.1', platforms: ['linux/amd64'] }
    const since = 'v0.4.0-aibrix-v0.7.0-nixl-0.7.0-20251101'
    const cause: Cause = index === 3 ? { kind: 'changed', since, changes: [change] } : image.cause
    return { ...image, tags: [tag, `${image.version.tag}-latest`], cause }
  })
}

function planned(): string {
  const large = makePlannedImage(makeLeg(), both, { why: 'versions latest-2, aibrix-version default' })
  const undecided = makePlannedImages(2).map((image) => ({
    ...image,
    legs: [{ ...image.legs[0], feasibility: 'unknown' as const }] as PlannedImage['legs'],
  }))
  const images = [large, ...undecided, other, unchanged(makePlannedImages(5)[4] ?? vllm).image]
  return renderPlanSummary(
    makePlan(images, { excluded: [makeExcluded()] }),
    'aibrix/image-cache:plan-20251123-1a2b3c4d5e6f',
  )
}

const longHost = {
  registry: '123456789012.dkr.ecr.eu-central-1.amazonaws.com',
  path: 'inference/vllm-openai',
}

/** File name → Markdown */
export const samples: Readonly<Record<string, string>> = {
  one: renderSummary(makeRun([built(vllm)])),
  two: renderSummary(makeRun([built(vllm), built(other)])),
  'four-columns': renderSummary(makeRun(fourColumns())),
  twelve: renderSummary(makeRun(twelve().map(built))),
  'twelve-mixed': renderSummary(
    makeRun(twelve().map((image, index) => (index % 3 === 0 ? built(image) : unchanged(image)))),
  ),
  platforms: renderSummary(makeRun([built(makePlannedImage(makeLeg(), both))], { command: 'promote' })),
  unchanged: renderSummary(makeRun([unchanged(vllm), unchanged(other)], { duration: 1900 })),
  'failed-gate': renderSummary(failedGate()),
  'broken-build': renderSummary(brokenBuild()),
  impossible: renderSummary(
    makeRun([built(vllm)], {
      excluded: [
        makeExcluded({ reason: 'AIBrix v0.5.0 needs Python >=3.9,<3.13, and the base has 3.13.1' }),
        makeExcluded({ engine: 'sglang', version: 'v0.4.0', platform: 'linux/amd64' }),
      ],
    }),
  ),
  waived: renderSummary(waived()),
  'leg-of-many': renderSummary(
    makeRun([{ ...makeOutcome({ state: 'staged' }, [], makePlannedImage(makeLeg(), both)) }], {
      command: 'build',
    }),
  ),
  unpushed: renderSummary(
    makeRun([makeOutcome({ state: 'built' }), makeOutcome({ state: 'built' }, [], other)]),
  ),
  'long-words': renderSummary(longWords()),
  'long-names': renderSummary(
    makeRun([
      built({
        ...vllm,
        repository: longHost,
        tags: ['v0.21.0-aibrix-main-52405d7-nixl-0.7.1-20251123', 'nightly'],
      }),
    ]),
  ),
  plan: planned(),
  tag: tagSample(),
  ...verifySamples(),
  ...pruneSamples(),
  ...listSamples,
}
