import { familiarReference, familiarRepository } from '../../registry/index.ts'
import type { Outputs } from '../outputs.ts'
import { hasChanged, legIdOf, type TaggedImage, tagsNow, type TagRun } from './tag-run.ts'

function stateOf(image: TaggedImage, error: string | undefined): 'failed' | 'published' | 'unchanged' {
  if (error !== undefined) return 'failed'
  return hasChanged(image) ? 'published' : 'unchanged'
}

/** In the form of a run's outputs. @param summaryPath the file of the summary */
export function tagOutputs({ image, error }: TagRun, summaryPath: string): Outputs {
  const names = image ? tagsNow(image).map((tag) => familiarReference({ ...image.repository, tag })) : []
  const legs = (image?.platforms ?? []).map((one) => ({ ...one, id: image ? legIdOf(image, one) : '' }))
  const images = image && {
    id: image.id,
    engine: image.engine,
    version: image.version,
    state: stateOf(image, error),
    repository: familiarRepository(image.repository),
    tags: names,
    digest: names.length === 0 ? null : image.digest,
    mirrors: image.mirrors.map((mirror) => ({
      repository: familiarRepository(mirror.repository),
      tags: tagsNow(mirror).map((tag) => familiarReference({ ...mirror.repository, tag })),
    })),
    legs: legs.map(({ id, platform, buildId, digest, report: { base } }) => ({
      ...{ id, platform, buildId, state: 'staged', digest, base },
    })),
  }
  const components = legs.map(({ id, report }) => [
    id,
    Object.fromEntries(report.components.map(({ name, measured }) => [name, measured])),
  ])
  const conditions = legs.flatMap(({ id, report }) =>
    report.conditions.length === 0 ? [] : [[id, report.conditions]],
  )
  return {
    images: JSON.stringify(images ? [images] : []),
    tags: JSON.stringify(names),
    digests: JSON.stringify(Object.fromEntries(names.map((name) => [name, image?.digest]))),
    components: JSON.stringify(Object.fromEntries(components)),
    conditions: JSON.stringify(Object.fromEntries(conditions)),
    changed: String(image !== undefined && hasChanged(image)),
    'summary-path': summaryPath,
  }
}
