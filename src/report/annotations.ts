import { engineNames, engines } from '../plan/index.ts'
import { acceptedHint, type Gate } from '../verify/index.ts'
import { type Run, warningsAbout } from './outcome.ts'
import { titledLegs, type TitledLeg, titlesOf } from './titles.ts'

/** What a runner shows on top of a run. */
export type Annotation = { level: 'error' | 'warning' | 'notice'; title: string; message: string }

/** GitHub keeps ten of each level for a step (docs: workflow commands, limits of annotations). */
const perLevel = 10

/** @returns the errors, warnings and notices of a run, the worst first, at most ten of each */
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

function error(title: string, message: string): Annotation {
  return { level: 'error', title, message }
}

/** A range may leave out some versions; that nothing is left of an engine that was asked for is rarely what was meant. */
function annotationsOfLostEngines({ excluded, outcomes }: Run): Annotation[] {
  const lost = engineNames.filter((engine) => outcomes.every(({ image }) => image.engine !== engine))
  return lost.flatMap((engine) => {
    const first = excluded.find((one) => one.engine === engine)
    if (!first) return []
    const message = `${first.version} for ${first.platform}: ${first.reason}`
    return [{ level: 'warning', title: `There is no image of ${engines[engine].title}`, message }]
  })
}

function annotationOfExcluded({ excluded }: Run): Annotation[] {
  const [first] = excluded
  if (!first) return []
  const title = excluded.length === 1 ? 'An image is not built' : `${excluded.length} images are not built`
  const message = `${engines[first.engine].title} ${first.version} for ${first.platform}: ${first.reason}`
  const more = excluded.length === 1 ? '' : ' The others are in the job summary.'
  return [{ level: 'notice', title, message: message + more }]
}

function limited(all: Annotation[], level: Annotation['level']): Annotation[] {
  const some = all.filter((annotation) => annotation.level === level)
  if (some.length <= perLevel) return some
  const rest = some.length - perLevel + 1
  return [
    ...some.slice(0, perLevel - 1),
    { level, title: `${rest} more`, message: `${rest} more are in the job summary.` },
  ]
}

function annotationsOfLeg({ title, outcome, report }: TitledLeg): Annotation[] {
  const gates = (report?.gates ?? []).flatMap((gate) => annotationOfGate(title, gate))
  const explained = gates.some(({ level }) => level === 'error')
  return [
    // A failed gate says more than the sentence that gates failed.
    ...(outcome.state === 'failed' && !explained ? [error(`${title} failed`, outcome.error)] : []),
    ...gates,
    ...warningsAbout(outcome).map((message) => ({ level: 'warning' as const, title, message })),
  ]
}

function annotationOfGate(title: string, gate: Gate): Annotation[] {
  const facts = `Expected: ${gate.expected}. Actual: ${gate.actual}.`
  switch (gate.state) {
    case 'pass':
      return []
    case 'fail':
      return [
        { level: 'error', title: `${title}: gate ${gate.name} failed`, message: `${gate.hint} ${facts}` },
      ]
    case 'waived':
      return [
        {
          level: 'warning',
          title: `${title}: gate ${gate.name} waived`,
          message: `Accepted because: ${gate.reason.replace(/\.$/, '')}. ${acceptedHint(gate)} ${facts}`,
        },
      ]
    case 'undetermined':
      return [
        {
          level: 'error',
          title: `${title}: gate ${gate.name} is undetermined`,
          message: `${gate.hint} ${facts}`,
        },
      ]
    case 'not applicable':
    case 'follows':
      return []
  }
}
