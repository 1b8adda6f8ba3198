import { familiarRepository } from '../registry/index.ts'
import {
  type ImageOutcome,
  legDigest,
  type LegOutcome,
  publicDigest,
  publicTags,
  reportOf,
} from './outcome.ts'

/** The outputs of action.yml that say what a run came to; JSON where it says so. */
export type Outputs = Record<
  'images' | 'tags' | 'digests' | 'components' | 'conditions' | 'changed' | 'summary-path',
  string
>

function imageOutput(outcome: ImageOutcome) {
  const { id, engine, version, repository } = outcome.image
  return {
    id,
    engine,
    version: version.tag,
    state: outcome.state,
    repository: familiarRepository(repository),
    tags: publicTags(outcome),
    digest: publicDigest(outcome) ?? null,
    legs: outcome.legs.map((leg) => legOutput(outcome, leg)),
  }
}

function legOutput(image: ImageOutcome, outcome: LegOutcome) {
  const { id, platform, buildId, base } = outcome.leg
  return {
    id,
    platform,
    buildId,
    state: outcome.state,
    digest: legDigest(image, outcome) ?? null,
    base: { name: `${familiarRepository(base.repository)}:${base.tag}`, digest: base.digest },
  }
}

/** Keyed by legs, which are what is measured: two platforms of an image can differ in it. */
function componentOutput(outcomes: readonly ImageOutcome[]) {
  return Object.fromEntries(
    outcomes
      .flatMap(({ legs }) => legs)
      .map((outcome) => [
        outcome.leg.id,
        Object.fromEntries(
          (reportOf(outcome)?.components ?? []).map(({ name, measured }) => [name, measured]),
        ),
      ]),
  )
}

/** Keyed by legs as components are; legs without conditions are left out. */
function conditionOutput(outcomes: readonly ImageOutcome[]) {
  return Object.fromEntries(
    outcomes
      .flatMap(({ legs }) => legs)
      .map((outcome) => [outcome.leg.id, reportOf(outcome)?.conditions ?? []] as const)
      .filter(([, conditions]) => conditions.length > 0),
  )
}

/** Whether this run built or published something. */
function hasChanged(outcomes: readonly ImageOutcome[]): boolean {
  return outcomes.some(
    ({ state, legs }) => state === 'published' || legs.some((leg) => leg.state === 'built'),
  )
}

/** @param summaryPath where the summary was written; undefined where there is none */
export function outputsOf(outcomes: readonly ImageOutcome[], summaryPath: string | undefined): Outputs {
  const digests = outcomes.flatMap((outcome) =>
    publicTags(outcome).map((tag) => [tag, publicDigest(outcome)]),
  )
  return {
    images: JSON.stringify(outcomes.map(imageOutput)),
    tags: JSON.stringify(outcomes.flatMap(publicTags)),
    digests: JSON.stringify(Object.fromEntries(digests)),
    components: JSON.stringify(componentOutput(outcomes)),
    conditions: JSON.stringify(conditionOutput(outcomes)),
    changed: String(hasChanged(outcomes)),
    'summary-path': summaryPath ?? '',
  }
}
