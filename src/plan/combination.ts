import { withoutFullStop } from '../text.ts'
import { UserError } from '../errors.ts'
import { formatReference, type Repository } from '../registry/index.ts'
import type { Bases } from './base.ts'
import { type Engine, engines } from './engine.ts'
import { buildId, determinantsOf } from './keys/build-id.ts'
import { isNixlKnown } from './nixl/nixl-choice.ts'
import type { PinnedSource } from './pinned.ts'
import type { Excluded, Leg, PlannedImage, PlannedLeg } from './plan.ts'
import type { PlanRequest } from './request.ts'
import { expandTemplate, refInTag, type TemplateValues } from './published/tag.ts'
import { refuseFalseText } from './published/tag-claims.ts'
import type { EngineVersion } from './versions/version.ts'

/** One engine version with one AIBrix and one NIXL, all pinned. */
export type Combination = Pick<PlannedLeg, 'engine' | 'version' | 'aibrix' | 'nixl' | 'nixlFrom' | 'named'> &
  Pick<PlannedImage, 'why'>

/** A combination with its UCX, before the registry was asked what exists. */
export type ComposedImage = Pick<PlannedImage, 'id' | 'repository' | 'tags' | 'overwritable'> & {
  values: TemplateValues
  legs: Leg[]
}

/** What names an image, planned or built. */
export type ImageName = {
  engine: Engine
  version: Pick<EngineVersion, 'tag'>
  aibrix: Pick<PinnedSource, 'kind' | 'ref' | 'commit'>
  nixl: string
}

/** @returns `vllm-v0.10.2-aibrix-v0.5.0-nixl-0.7.1`, which is valid in jobs, files and tags */
export function idOf({ engine, version, aibrix, nixl }: ImageName): string {
  return `${engine}-${version.tag}-aibrix-${refInTag(aibrix)}-nixl-${nixl}`
}

/** @param ucx what its UCX reports; null: not known @param date of the tags */
export function templateValues(
  { engine, version, aibrix, nixl }: ImageName,
  ucx: string | null,
  date: string,
): TemplateValues {
  return {
    engine,
    'engine-version': version.tag,
    aibrix: refInTag(aibrix),
    // A base's own NIXL may have a local part, which tags cannot have: 1.5.0+g1234
    nixl: nixl.replace(/\+.*$/, ''),
    ucx: ucx ?? 'none',
    date,
  }
}

/**
 * @returns the tags of all templates once, and those of them that may be moved from a different image:
 *   every template that gives such a tag is named
 * @throws UserError if a template names a version that the image does not have
 */
export function expandTags(
  { templates, overwritable }: Pick<PlanRequest, 'templates' | 'overwritable'>,
  values: TemplateValues,
): { tags: string[]; overwritable: string[] } {
  for (const template of templates) refuseFalseText(template, values)
  const tags = templates.map((template) => expandTemplate(template, values))
  const fixed = tags.filter((_, index) => !overwritable.includes(templates[index]?.text ?? ''))
  const distinct = [...new Set(tags)]
  return { tags: distinct, overwritable: distinct.filter((tag) => !fixed.includes(tag)) }
}

/** @returns the repository with the public tags of all images of an engine */
export function publicRepository(
  { registry, namespace }: Pick<PlanRequest, 'registry' | 'namespace'>,
  engine: Engine,
): Repository {
  return { registry, path: `${namespace}/${engines[engine].publicName}` }
}

/** @returns what a run writes to: the cache repository, the public ones and the mirrors */
export function ownRepositories(request: PlanRequest): Repository[] {
  return [
    request.cacheRepository,
    ...request.engines.map(({ engine }) => publicRepository(request, engine)),
    ...request.mirrors.map(({ repository }) => repository),
  ]
}

/** What the UCX of a NIXL reports, and what its tools are built from; null: not known. */
export type PlannedUcx = { version: string | null; source: PinnedSource | null }

export function compose(
  request: PlanRequest,
  combination: Combination & { bases: Bases },
  ucx: PlannedUcx,
  recipe: string,
): ComposedImage {
  const { engine, version, aibrix, nixl, nixlFrom, bases } = combination
  const id = idOf(combination)
  const { integration, gpuArchitectures, buildArguments, environment, extraPackages, extraFiles } = request
  const common = { engine, version, aibrix, nixl, nixlFrom, ucxVersion: ucx.version, ucx: ucx.source }
  const contents = { environment, extraPackages, extraFiles }
  const wishes = { integration, gpuArchitectures, buildArguments, ...contents }
  const legs = [...bases].map(([platform, base]): Leg => {
    const architecture = platform.split('/')[1] ?? platform
    const leg = { ...common, ...wishes, id: `${id}-${architecture}`, platform, architecture, base }
    return { ...leg, buildId: buildId(determinantsOf(leg, recipe)), recipe }
  })
  const values = templateValues(combination, ucx.version, request.date)
  // Tags name the NIXL.
  const templates = isNixlKnown(combination) ? request.templates : []
  const { tags, overwritable } = expandTags({ ...request, templates }, values)
  const repository = publicRepository(request, engine)
  return { id, repository, tags, ...(overwritable.length > 0 && { overwritable }), values, legs }
}

/** @throws UserError if two images would get one tag */
export function refuseEqualTags(images: readonly Pick<ComposedImage, 'repository' | 'tags'>[]): void {
  const names = images.flatMap(({ repository, tags }) =>
    tags.map((tag) => formatReference({ ...repository, tag })),
  )
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined)
    throw new UserError(
      `tags: two images of this run would get the tag ${twice}; put {{engine-version}}, {{aibrix}} and {{nixl}} into it.`,
    )
}

/** @returns `vLLM v0.11.0 with AIBrix v0.5.0 and NIXL 0.7.1` */
export function excludedTitle({ engine, version, aibrix, nixl }: Omit<Excluded, 'why'>): string {
  return `${engines[engine].title} ${version} with AIBrix ${aibrix} and NIXL ${nixl}`
}

/** @returns the error that this cannot be built */
export function impossibleSentence(excluded: Omit<Excluded, 'why'>, forcible: boolean): string {
  const { platform, reason } = excluded
  return `${excludedTitle(excluded)} can't be built for ${platform}: ${withAdvice(reason, forcible)}.`
}

/**
 * @param reason gets no further advice if it has its own, after a semicolon
 * @param forcible whether `force` would build it: not if there is nothing to build it from
 * @returns the reason and what to do, without a full stop
 */
export function withAdvice(reason: string, forcible: boolean): string {
  const sentence = withoutFullStop(reason)
  const advice = sentence.includes('; ') ? '' : '; choose other versions'
  const force = forcible && !sentence.includes('force: true') ? ', or set force: true to try' : ''
  return `${sentence}${advice}${force}`
}

export function excludedOf(
  { engine, version, aibrix, nixl, why }: Omit<Combination, 'named' | 'nixlFrom'>,
  platform: string,
  reason: string,
): Excluded {
  return { engine, version: version.tag, aibrix: refInTag(aibrix), nixl, platform, why, reason }
}
