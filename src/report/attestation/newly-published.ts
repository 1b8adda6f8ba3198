import { type ImageOutcome, reportOf, tagNames } from '../outcome.ts'
import { type TaggedImage, tagsNow } from '../tag/tag-run.ts'
import type { TestedImage } from './test-result.ts'

/**
 * Images that a run made public. One that was public before was attested by the run that published
 * it, and only keeps or gets tags. Nothing is attested about an image with a leg without a report.
 */
export function newlyPublished(outcomes: readonly ImageOutcome[]): TestedImage[] {
  return outcomes.flatMap((outcome) => {
    if (outcome.state !== 'published' || outcome.isNew !== true) return []
    const { image, digest, legs } = outcome
    const reports = legs.flatMap((leg) => reportOf(leg) ?? [])
    if (reports.length < legs.length) return []
    return [{ id: image.id, repository: image.repository, digest, tags: tagNames(outcome), reports }]
  })
}

/**
 * The image of `command: tag`, if it was named as a staged leg and got a public tag, which may be its
 * first one.
 */
export function newlyTagged(image: TaggedImage | undefined): TestedImage[] {
  const isNew = image?.isStaged === true && image.tags.some(({ state }) => isGiven(state))
  if (!isNew) return []
  const { id, repository, digest, platforms } = image
  return [{ id, repository, digest, tags: tagsNow(image), reports: platforms.map(({ report }) => report) }]
}

function isGiven(state: TaggedImage['tags'][number]['state']): boolean {
  return state === 'created' || state === 'moved'
}
