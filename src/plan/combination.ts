import type { BaseImage, PinnedSource } from './pinned.ts'
import type { NixlOrigin, Chooser, Excluded, Leg } from './plan.ts'
import { UserError } from '../errors.ts'
import { formatReference, type Repository } from '../registry/index.ts'
import { buildId, determinantsOf } from './keys/build-id.ts'
import { type Engine, engines } from './engine.ts'
import { isNixlKnown } from './nixl/nixl-choice.ts'
import type { PlanRequest } from './request.ts'
import { expandTemplate, refInTag, type TemplateValues } from './published/tag.ts'
import type { EngineVersion } from './versions/version.ts'
import { withoutFullStop } from '../text.ts'

/** One engine version with one AIBrix and one NIXL, everything pinned. */
export type Combination = {
  engine: Engine
  version: EngineVersion
  aibrix: PinnedSource
  nixl: string
  nixlFrom: NixlOrigin
  /** In the order of `choosers` */
  named: Chooser[]
  why: string
}

/** What a combination becomes once it is known which UCX goes with it, before the registry was asked what exists. */
export type ComposedImage = {
  id: string
  repository: Repository
  tags: string[]
  /** What the placeholders of the templates stand for */
  values: TemplateValues
  legs: Leg[]
}

/** @returns `vllm-v0.10.2-aibrix-v0.5.0-nixl-0.7.1`: letters, digits and `. _ -`, as jobs, files and tags take them */
export function idOf({ engine, version, aibrix, nixl }: Combination): string {
  return `${engine}-${version.tag}-aibrix-${refInTag(aibrix)}-nixl-${nixl}`
}

/** The repository in which all images of an engine get their public tags. */
export function publicRepository({ registry, namespace }: PlanRequest, engine: Engine): Repository {
  return { registry, path: `${namespace}/${engines[engine].publicName}` }
}

/** What the UCX of a NIXL answers, and what its tools are built from, as far as that is known. */
export type PlannedUcx = { version: string | null; source: PinnedSource | null }

/** @param recipe sha256 over Dockerfile and scripts */
export function compose(
  request: PlanRequest,
  combination: Combination,
  bases: ReadonlyMap<string, BaseImage>,
  ucx: PlannedUcx,
  recipe: string,
): ComposedImage {
  const { engine, version, aibrix, nixl, nixlFrom } = combination
  const id = idOf(combination)
  const { integration, gpuArchitectures, buildArguments, environment } = request
  const legs = [...bases].map(([platform, base]): Leg => {
    const architecture = platform.split('/')[1] ?? platform
    const leg = {
      ...{ id: `${id}-${architecture}`, engine, version, platform, architecture, base, aibrix, nixl },
      nixlFrom,
      ...{ ucxVersion: ucx.version, ucx: ucx.source, integration, gpuArchitectures },
      ...{ buildArguments, environment },
    }
    return { ...leg, buildId: buildId(determinantsOf(leg, recipe)), recipe }
  })
  const values = {
    // A base's own NIXL may have a local part, which no tag takes: 1.5.0+g1234
    ...{ engine, 'engine-version': version.tag, aibrix: refInTag(aibrix), nixl: nixl.replace(/\+.*$/, '') },
    ...{ ucx: ucx.version ?? 'none', date: request.date },
  }
  // A tag names a version, or is none.
  const templates = isNixlKnown(combination) ? request.templates : []
  return {
    id,
    repository: publicRepository(request, engine),
    tags: [...new Set(templates.map((template) => expandTemplate(template, values)))],
    values,
    legs,
  }
}

/** @throws UserError if two images would get one tag */
export function refuseEqualTags(images: readonly Pick<ComposedImage, 'repository' | 'tags'>[]): void {
  const seen = new Set<string>()
  for (const { repository, tags } of images)
    for (const tag of tags) {
      const name = formatReference({ ...repository, tag })
      if (seen.has(name))
        throw new UserError(
          `tags: two images of this run would get the tag ${name}; put {{engine-version}}, {{aibrix}} and {{nixl}} into it.`,
        )
      seen.add(name)
    }
}

/** @returns `vLLM v0.11.0 with AIBrix v0.5.0 and NIXL 0.7.1` */
export function excludedTitle({ engine, version, aibrix, nixl }: Omit<Excluded, 'why'>): string {
  return `${engines[engine].title} ${version} with AIBrix ${aibrix} and NIXL ${nixl}`
}

/** @returns why it is an error that this can't be built */
export function impossibleSentence(excluded: Omit<Excluded, 'why'>, forcible: boolean): string {
  const { platform, reason } = excluded
  return `${excludedTitle(excluded)} can't be built for ${platform}: ${withAdvice(reason, forcible)}.`
}

/**
 * @param reason a sentence; where it says behind a semicolon what to do, nothing else is advised
 * @param forcible whether `force` builds it all the same: not where there is nothing to build it from
 * @returns the sentence without its end
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
