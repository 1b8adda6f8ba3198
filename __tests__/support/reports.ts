import {
  choosers,
  type Excluded,
  type Leg,
  type Plan,
  type PlannedImage,
  type PlannedLeg,
} from '../../src/plan/plan.ts'
import { type LegReport, type StepTime } from '../../src/store/leg-report.ts'
import { type LegResult, makeReport } from '../../src/report/make-report.ts'
import type { ImageOutcome, ImageState, LegState, Run } from '../../src/report/outcome.ts'
import type { LegFacts } from '../../src/verify/facts.ts'
import { judgeFacts } from '../../src/verify/judge.ts'
import { judgeManifest } from '../../src/verify/manifest.ts'
import { makeCandidate, makeFacts, makeLeg } from './verified-leg.ts'

export const digest = `sha256:${'e'.repeat(64)}` as const
const start = Date.UTC(2025, 10, 23, 12)

export function makeStep(
  name: string,
  offset: number,
  duration: number,
  changes: Partial<StepTime> = {},
): StepTime {
  return { name, started: start + offset, duration, cached: false, failed: false, ...changes }
}

export const steps = [
  makeStep('[base 1/1] FROM docker.io/vllm/vllm-openai:v0.21.0', 0, 400),
  makeStep('[wheel 2/3] RUN build-wheel; echo "a,b: c" # done', 400, 171_000),
  makeStep('[ucx 2/2] RUN build-ucx', 500, 130_000),
  makeStep('[image 2/4] COPY a', 171_400, 100, { cached: true }),
  makeStep('[image 3/4] RUN install', 171_500, 24_000),
]

/** The facts of a valid leg. */
export function factsOf(leg: Leg): LegFacts {
  const facts = makeFacts()
  for (const some of [facts.base, facts.image])
    for (const engine of some.engines)
      Object.assign(engine, { name: leg.engine, version: leg.version.release })
  if (leg.engine === 'sglang') facts.image.hooks = null
  return facts
}

/** The facts of a leg that is valid on one condition. */
export function conditionalFacts(leg: Leg): LegFacts {
  const facts = factsOf(leg)
  const reason = "AIBrix acts on vLLM's model runner V1 alone"
  facts.image.conditions = [{ kind: 'environment', name: 'VLLM_USE_V2_MODEL_RUNNER=0', reason, set: null }]
  Object.assign(facts.image.demands?.vllm?.runners ?? {}, { v2Default: true })
  return facts
}

export function makeOutcomeReport(
  leg = makeLeg(),
  facts = factsOf(leg),
  changes: Partial<LegResult> = {},
): LegReport {
  const candidate = makeCandidate()
  const gates = [...judgeFacts(leg, facts), ...judgeManifest(leg, candidate, { addedBytes: 100_000_000 })]
  return makeReport(leg, { facts, candidate, digest, gates, steps, warnings: [], ...changes })
}

export function sglang(): Leg {
  const leg = makeLeg({ engine: 'sglang', version: { tag: 'v0.5.11', release: '0.5.11' } })
  leg.base.repository = { registry: 'docker.io', path: 'lmsysorg/sglang' }
  leg.base.tag = 'v0.5.11'
  return leg
}

/** Returns a leg for each platform of an image, as in a plan. */
export function makePlannedImage(
  leg = makeLeg(),
  platforms: readonly [string, ...string[]] = ['linux/amd64'],
  changes: Partial<PlannedImage> = {},
): PlannedImage {
  const id = `${leg.engine}-${leg.version.tag}-aibrix-${leg.aibrix.ref}-nixl-${leg.nixl}`
  const [first, ...others] = platforms
  const planned = (platform: string): PlannedLeg => {
    const architecture = platform.split('/')[1] ?? ''
    const known = {
      existing: 'nothing',
      newerThan: null,
      feasibility: 'possible',
    } as const
    const named = [...choosers]
    return { ...leg, id: `${id}-${architecture}`, platform, architecture, ...known, named }
  }
  return {
    id,
    engine: leg.engine,
    version: leg.version,
    why: 'versions default, aibrix-version default, nixl-version default',
    legs: [planned(first), ...others.map(planned)],
    repository: {
      registry: 'docker.io',
      path: `aibrix/${leg.engine === 'vllm' ? 'vllm-openai' : 'sglang'}`,
    },
    tags: [`${leg.version.tag}-aibrix-${leg.aibrix.ref}-nixl-${leg.nixl}-20251123`],
    published: { kind: 'absent' },
    cause: { kind: 'first' },
    mirrors: [],
    ...changes,
  }
}

export const published: ImageState = { state: 'published', digest }

export const command = 'docker buildx build \\\n  --file Dockerfile.vllm \\\n  .'

/** @param legs results in the order of the image's legs. Default: built without a failure */
export function makeOutcome(
  state = published,
  legs: readonly LegState[] = [],
  image = makePlannedImage(),
): ImageOutcome {
  return {
    image,
    legs: image.legs.map((leg, index) => ({
      leg,
      command,
      ...(legs[index] ?? { state: 'built', report: makeOutcomeReport(leg) }),
    })),
    ...state,
  }
}

export function makeRun(outcomes: ImageOutcome[], changes: Partial<Run> = {}): Run {
  return { command: 'run', outcomes, excluded: [], duration: 421_000, ...changes }
}

/** An image with a failed leg. */
export function makeFailure(error: string, report?: LegReport): ImageOutcome {
  return makeOutcome({ state: 'failed' }, [{ state: 'failed', error, report }])
}

export function makeExcluded(changes: Partial<Excluded> = {}): Excluded {
  return {
    engine: 'vllm',
    version: 'v0.9.2',
    aibrix: 'v0.5.0',
    nixl: '0.7.1',
    platform: 'linux/arm64',
    why: 'versions ~0.9',
    reason: 'AIBrix v0.5.0 has no patch for it.',
    ...changes,
  }
}

export function makePlan(images: PlannedImage[], changes: Partial<Plan> = {}): Plan {
  const cacheRepository = { registry: 'docker.io', path: 'aibrix/image-cache' }
  return { images, excluded: [], cacheRepository, date: '20251123', publicTags: 'look', ...changes }
}

/**
 * Returns images of this many engine versions, `v0.1.0` to `v0.<count>.0`, each with its own id,
 * title and tag.
 */
export function makePlannedImages(
  count: number,
  platforms: readonly [string, ...string[]] = ['linux/amd64'],
): PlannedImage[] {
  return Array.from({ length: count }, (_, index) => {
    const release = `0.${index + 1}.0`
    return makePlannedImage(makeLeg({ version: { tag: `v${release}`, release } }), platforms)
  })
}
