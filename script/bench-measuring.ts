// How much of a run our own measuring takes, which build-push-action does not do.
import type { StepTime } from '../src/store/index.ts'
import type { ActionRun } from './runner.ts'
import { imagesOf, storedReport } from './stored-report.ts'

type Span = readonly [start: number, end: number]

const measuring = /^\[(?:linux\/\S+ )?(?:measured-base|running-base|measured-image) /

/**
 * Returns the seconds in which measuring steps ran and no other step: what a run would save without
 * them. FROM is not one of them, since the base is pulled in any case.
 */
export function measuringSeconds(steps: readonly StepTime[]): number {
  const spans = (isWanted: (name: string) => boolean): Span[] =>
    joined(
      steps
        .filter(({ name, cached }) => !cached && isWanted(name))
        .map(({ started, duration }) => [started, started + duration] as const),
    )
  const isMeasuring = (name: string): boolean => measuring.test(name) && name.includes(' RUN ')
  const ours = spans(isMeasuring)
  const others = spans((name) => !isMeasuring(name))
  const alone = length(ours) - length(overlaps(ours, others))
  return alone / 1000
}

/** Returns the same for all legs that a run built. */
export async function measuringOf(run: ActionRun, namespace: string): Promise<number> {
  const built = imagesOf(run).flatMap(({ legs }) => legs.filter(({ state }) => state === 'built'))
  const reports = await Promise.all(built.map((leg) => storedReport(leg, namespace)))
  return measuringSeconds(reports.flatMap((report) => report?.steps ?? []))
}

/** Joins spans that overlap. */
function joined(spans: readonly Span[]): Span[] {
  const result: Span[] = []
  for (const [start, end] of spans.toSorted((left, right) => left[0] - right[0])) {
    const last = result.at(-1)
    if (last && start <= last[1]) result.splice(-1, 1, [last[0], Math.max(last[1], end)])
    else result.push([start, end])
  }
  return result
}

/** @param left @param right spans that do not overlap each other */
function overlaps(left: readonly Span[], right: readonly Span[]): Span[] {
  return left.flatMap(([from, until]) =>
    right
      .map(([start, end]) => [Math.max(from, start), Math.min(until, end)] as const)
      .filter(([start, end]) => start < end),
  )
}

function length(spans: readonly Span[]): number {
  return spans.reduce((sum, [start, end]) => sum + end - start, 0)
}
