import { engineNames, engines, type Excluded } from '../plan/index.ts'
import { acceptedHint, type Gate, isBlocking } from '../verify/index.ts'
import type { LegReport } from '../store/index.ts'
import { counted } from './markdown.ts'
import { type Run, warningsAbout } from './outcome.ts'
import { titledLegs, type TitledLeg, titlesOf } from './titles.ts'
import { withoutFullStop } from '../text.ts'

/** What a runner shows above the job summary. */
export type Annotation = { level: 'error' | 'warning' | 'notice'; title: string; message: string }

/** GitHub keeps ten of each level per step (docs: workflow commands, limits of annotations). */
const perLevel = 10

/** @returns the errors, warnings and notices of a run, worst first, at most ten of each */
export function annotationsOf(run: Run): Annotation[] {
  const titleOf = titlesOf(run.outcomes.map(({ image }) => image))
  const all: Annotation[] = [
    ...(run.error === undefined ? [] : [error('The run failed', run.error)]),
    ...run.outcomes.flatMap((outcome) =>
      outcome.state === 'failed' && outcome.error !== undefined
        ? [error(`${titleOf(outcome.image)} failed`, outcome.error)]
        : [],
    ),
    ...titledLegs(run.outcomes, titleOf).flatMap(annotationsOfLeg),
    ...annotationsOfLostEngines(run),
    ...annotationOfExcluded(run),
  ]
  return (['error', 'warning', 'notice'] as const).flatMap((level) => limited(all, level))
}

export function error(title: string, message: string): Annotation {
  return { level: 'error', title, message }
}

/** A range may exclude some versions; excluding all of an engine is rarely intended. */
function annotationsOfLostEngines({ excluded, outcomes }: Run): Annotation[] {
  const lost = engineNames.filter((engine) => outcomes.every(({ image }) => image.engine !== engine))
  return lost.flatMap((engine) => {
    const first = excluded.find((one) => one.engine === engine)
    if (!first) return []
    return [{ level: 'warning', title: `No image of ${engines[engine].title} is built`, message: why(first) }]
  })
}

function annotationOfExcluded({ excluded }: Run): Annotation[] {
  const [first, ...more] = excluded
  if (!first) return []
  const rest = more.length === 0 ? '' : ' The others are in the job summary.'
  const message = `${engines[first.engine].title} ${why(first)}${rest}`
  return [{ level: 'notice', title: `${counted(excluded.length, 'image')} not built`, message }]
}

function why({ version, platform, reason }: Excluded): string {
  return `${version} for ${platform}: ${reason}`
}

/** @returns those of a level, as many as GitHub keeps */
export function limited(all: readonly Annotation[], level: Annotation['level']): Annotation[] {
  const some = all.filter((annotation) => annotation.level === level)
  if (some.length <= perLevel) return some
  const rest = some.length - perLevel + 1
  const message = `${rest} more are in the job summary.`
  return [...some.slice(0, perLevel - 1), { level, title: `${rest} more`, message }]
}

function annotationsOfLeg({ title, outcome, report }: TitledLeg): Annotation[] {
  const gates = annotationsOfGates(title, report)
  const isExplained = gates.some(({ level }) => level === 'error')
  return [
    // A failed gate says more than the sentence that gates failed.
    ...(outcome.state === 'failed' && !isExplained ? [error(`${title} failed`, outcome.error)] : []),
    ...gates,
    ...warningsAbout(outcome).map((message) => ({ level: 'warning' as const, title, message })),
  ]
}

/** @returns an error for each gate that blocks publishing, a warning for each that is waived */
export function annotationsOfGates(title: string, report: LegReport | undefined): Annotation[] {
  return (report?.gates ?? []).flatMap((gate) => annotationOfGate(title, gate))
}

function annotationOfGate(title: string, gate: Gate): Annotation[] {
  const subject = `${title}: gate ${gate.name}`
  const facts = `Expected: ${gate.expected}. Actual: ${gate.actual}.`
  if (isBlocking(gate)) {
    const ended = gate.state === 'fail' ? 'failed' : 'is undetermined'
    return [error(`${subject} ${ended}`, `${gate.hint} ${facts}`)]
  }
  if (gate.state !== 'waived') return []
  const message = `Waived because: ${withoutFullStop(gate.reason)}. ${acceptedHint(gate)} ${facts}`
  return [{ level: 'warning', title: `${subject} waived`, message }]
}
