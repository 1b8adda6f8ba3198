import { familiarRepository } from '../registry/reference.ts'
import { type ImageOutcome, publicDigest, publicTags, reportOf } from './outcome.ts'

/** The outputs of action.yml; JSON where it says so. */
export type Outputs = Record<
  'images' | 'tags' | 'digests' | 'components' | 'changed' | 'summary-path',
  string
>

/** @param summaryPath where the summary was written; undefined where there is none */
export function outputsOf(outcomes: readonly ImageOutcome[], summaryPath: string | undefined): Outputs {
  const images = outcomes.map((outcome) => {
    const { leg, repository } = outcome.image
    return {
      engine: leg.engine,
      version: leg.version.tag,
      platform: leg.platform,
      state: outcome.state,
      repository: familiarRepository(repository),
      tags: publicTags(outcome),
      digest: publicDigest(outcome) ?? null,
      buildId: leg.buildId,
      base: { name: `${familiarRepository(leg.base.repository)}:${leg.base.tag}`, digest: leg.base.digest },
    }
  })
  const components = outcomes.map((outcome) => [
    outcome.image.leg.engine,
    Object.fromEntries((reportOf(outcome)?.components ?? []).map(({ name, measured }) => [name, measured])),
  ])
  const digests = outcomes.flatMap((outcome) =>
    publicTags(outcome).map((tag) => [tag, publicDigest(outcome)]),
  )
  return {
    images: JSON.stringify(images),
    tags: JSON.stringify(outcomes.flatMap(publicTags)),
    digests: JSON.stringify(Object.fromEntries(digests)),
    components: JSON.stringify(Object.fromEntries(components)),
    changed: String(outcomes.some(({ state }) => state === 'published' || state === 'built')),
    'summary-path': summaryPath ?? '',
  }
}
