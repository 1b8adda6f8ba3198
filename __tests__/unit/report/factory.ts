import type { Leg } from '../../../src/plan/plan.ts'
import { type LegReport, type LegResult, makeReport, type StepTime } from '../../../src/report/leg-report.ts'
import type { ImageOutcome, ImageState } from '../../../src/report/outcome.ts'
import type { LegFacts } from '../../../src/verify/facts.ts'
import { judgeFacts } from '../../../src/verify/judge.ts'
import { judgeManifest } from '../../../src/verify/manifest.ts'
import { makeCandidate, makeFacts, makeLeg } from '../verify/factory.ts'

export const digest = `sha256:${'e'.repeat(64)}`
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

export function makeOutcomeReport(
  leg = makeLeg(),
  facts = makeFacts(),
  changes: Partial<LegResult> = {},
): LegReport {
  const candidate = makeCandidate()
  const gates = [...judgeFacts(leg, facts), ...judgeManifest(leg, candidate, { addedBytes: 100_000_000 })]
  return makeReport(leg, { facts, candidate, digest, gates, steps, warnings: [], ...changes })
}

export function sglang(): { leg: Leg; facts: LegFacts } {
  const leg = makeLeg({ engine: 'sglang', version: { tag: 'v0.5.11', release: '0.5.11' } })
  leg.base.repository = { registry: 'docker.io', path: 'lmsysorg/sglang' }
  leg.base.tag = 'v0.5.11'
  const facts = makeFacts()
  for (const some of [facts.base, facts.image])
    if (some.engine) Object.assign(some.engine, { name: 'sglang', version: '0.5.11' })
  return { leg, facts }
}

export function makeOutcome(state?: ImageState, leg = makeLeg()): ImageOutcome {
  const name = leg.engine === 'vllm' ? 'vllm-openai' : 'sglang'
  return {
    image: {
      leg,
      repository: { registry: 'docker.io', path: `aibrix/${name}` },
      tags: [`${leg.version.tag}-aibrix-v0.7.0-nixl-0.7.1-20251123`],
      published: { kind: 'absent' },
    },
    command: 'docker buildx build \\\n  --file Dockerfile.vllm \\\n  .',
    ...(state ?? { state: 'published', digest, report: makeOutcomeReport(leg) }),
  }
}
