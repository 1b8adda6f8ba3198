import { baseName } from '../plan/index.ts'
import { familiarReference, familiarRepository } from '../registry/index.ts'
import {
  type ImageOutcome,
  legDigest,
  type LegOutcome,
  mirrorsOf,
  publicDigest,
  publicTags,
  reportOf,
} from './outcome.ts'

/** The outputs in action.yml about the result of a run; JSON where action.yml says so. */
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
    mirrors: mirrorsOf(outcome).map(({ repository: mirror, tags }) => ({
      repository: familiarRepository(mirror),
      tags: tags.map((tag) => familiarReference({ ...mirror, tag })),
    })),
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
    base: { name: baseName(base), digest: base.digest },
  }
}

/** By leg, since two platforms of an image can differ. */
function componentOutput(legs: readonly LegOutcome[]) {
  const versions = (outcome: LegOutcome) =>
    Object.fromEntries((reportOf(outcome)?.components ?? []).map(({ name, measured }) => [name, measured]))
  return Object.fromEntries(legs.map((outcome) => [outcome.leg.id, versions(outcome)]))
}

/** By leg, without legs that have no conditions. */
function conditionOutput(legs: readonly LegOutcome[]) {
  return Object.fromEntries(
    legs
      .map((outcome) => [outcome.leg.id, reportOf(outcome)?.conditions ?? []] as const)
      .filter(([, conditions]) => conditions.length > 0),
  )
}

/** @param summaryPath the file of the summary; undefined if there is none */
export function outputsOf(outcomes: readonly ImageOutcome[], summaryPath: string | undefined): Outputs {
  const legs = outcomes.flatMap((outcome) => outcome.legs)
  const digests = outcomes.flatMap((outcome) =>
    publicTags(outcome).map((tag) => [tag, publicDigest(outcome)]),
  )
  const hasPublished = outcomes.some(({ state }) => state === 'published')
  const hasMirrored = outcomes.flatMap(mirrorsOf).some(({ added }) => added.length > 0)
  return {
    images: JSON.stringify(outcomes.map(imageOutput)),
    tags: JSON.stringify(outcomes.flatMap(publicTags)),
    digests: JSON.stringify(Object.fromEntries(digests)),
    components: JSON.stringify(componentOutput(legs)),
    conditions: JSON.stringify(conditionOutput(legs)),
    changed: String(hasPublished || hasMirrored || legs.some(({ state }) => state === 'built')),
    'summary-path': summaryPath ?? '',
  }
}
