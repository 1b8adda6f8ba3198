// The sample of a summary of command: prune for script/render-summary.ts.
import { storedKinds } from '../src/prune/model.ts'
import type { Pruned } from '../src/report/prune/prune-run.ts'
import { renderPruneSummary } from '../src/report/prune/prune-summary.ts'
import { makePruned, makePrunedRepository, makePruneRun } from '../__tests__/support/prune-runs.ts'

const hex = (digit: string): string => digit.repeat(64)

function going(): Pruned[] {
  const build = `build-${hex('a')}-amd64`
  const candidate = `candidate-${hex('a')}-amd64-0123abcd`
  return [
    makePruned({ kind: 'build', tags: [build, candidate], bytes: 58_100_000 }),
    makePruned({ kind: 'report', tags: [build.replace('build', 'report')], bytes: 51_000 }),
    makePruned({ kind: 'base', tags: [`base-${hex('b')}`], created: null, bytes: 12_000_000_000 }),
    makePruned({ kind: 'plan', tags: [`plan-${hex('c')}`], bytes: 80_000 }),
  ]
}

/** Returns the summaries of a dry run, and of a prune that broke off. */
export function pruneSamples(): Record<'prune' | 'prune-failed', string> {
  const [first, second, third, ...rest] = going()
  const kept = storedKinds.map((kind) => ({ kind, because: 'young', digests: 12 }) as const)
  const cache = { kept, bytes: { before: 61_000_000_000, gone: 12_058_000_000 } }
  const dry = makePrunedRepository({ ...cache, gone: going() })
  const gone: Pruned[] = [
    ...(first ? [{ ...first, fate: { state: 'deleted' } as const }] : []),
    ...(second ? [{ ...second, fate: { state: 'vanished' } as const }] : []),
    ...(third
      ? [{ ...third, fate: { state: 'stays', why: 'base-x names something else now' } as const }]
      : []),
    ...rest,
  ]
  const error = 'registry docker.io refused the deletion from acme/image-cache: 429 too many requests.'
  const failed = makePrunedRepository({ ...cache, gone })
  return {
    prune: renderPruneSummary(makePruneRun({ repositories: [dry] })),
    'prune-failed': renderPruneSummary(makePruneRun({ apply: true, error, repositories: [failed] })),
  }
}
