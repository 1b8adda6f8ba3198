import { UserError } from '../errors.ts'
import { engineNames, pendingLegsOf, type Plan, type PlannedLeg } from '../plan/index.ts'
import { formatReference } from '../registry/index.ts'
import { stagedTag } from '../store/index.ts'
import { titlesOf } from './titles.ts'

/** A value of `runs-on`: the label of a runner, or all the labels that it must have. */
export type RunsOn = string | string[]

/** Jobs of one matrix (GitHub docs: usage limits). */
const mostLegs = 256

/** Bytes of UTF-16 in a job's outputs (GitHub docs: "Passing information between jobs"). */
const outputLimit = 1024 * 1024

/**
 * The output `matrix`, JSON for `strategy.matrix`:
 * `{ "include": [{ leg, name, engine, version, platform, runs-on }] }`.
 * GitHub refuses a matrix without jobs, so a workflow must skip the job if `include` is empty.
 * @param runners platform → `runs-on`
 * @throws UserError for a platform without a runner, and above GitHub's limits
 */
export function matrixOutput(plan: Plan, runners: ReadonlyMap<string, RunsOn>): string {
  const titleOf = titlesOf(plan.images)
  const include = plan.images.flatMap((image) =>
    pendingLegsOf(image).map((leg) => ({
      ...rowOf(leg, titleOf(image, leg)),
      'runs-on': runnerOf(leg.platform, runners, 'runners'),
    })),
  )
  return matrixText(include, `must be built (${countByEngine(plan)})`, 'runners')
}

/**
 * The output `verify-matrix`, JSON for jobs with `command: verify` between build and promote:
 * `{ "include": [{ leg, name, engine, version, platform, image, runs-on }] }`, with every leg that
 * `promote` is to give new public tags. Without a push there is none.
 * @param runners platform → `runs-on`
 * @throws UserError as `matrixOutput`
 */
export function verifyMatrixOutput(plan: Plan, runners: ReadonlyMap<string, RunsOn>): string {
  const titleOf = titlesOf(plan.images)
  const images = plan.publicTags === 'ignore' ? [] : plan.images
  const include = images.flatMap((image) => {
    const { published } = image
    if (published.kind === 'same' && published.missingTags.length === 0) return []
    return image.legs.map((leg) => ({
      ...rowOf(leg, titleOf(image, leg)),
      image:
        published.kind === 'same'
          ? formatReference({ ...image.repository, digest: published.digest })
          : formatReference({ ...plan.cacheRepository, tag: stagedTag(leg) }),
      'runs-on': runnerOf(leg.platform, runners, 'verify-runners'),
    }))
  })
  return matrixText(include, 'would be verified', 'verify-runners')
}

function rowOf({ id, engine, version, platform }: PlannedLeg, name: string) {
  return { leg: id, name, engine, version: version.tag, platform }
}

/** @param what happens to the legs, for an error */
function matrixText(include: readonly object[], what: string, input: string): string {
  if (include.length > mostLegs)
    throw new UserError(
      `${include.length} legs ${what}, but GitHub allows at most ${mostLegs} jobs in a matrix; use several workflow runs, each with its own plan for one engine or for fewer versions.`,
    )
  const text = JSON.stringify({ include })
  const bytes = Buffer.byteLength(text, 'utf16le')
  if (bytes > outputLimit)
    throw new UserError(
      `The matrix of ${include.length} legs has ${bytes} bytes as UTF-16, but GitHub allows at most ${outputLimit} for the outputs of a job; shorten the labels in the input ${input}, or use several plans with fewer versions each.`,
    )
  return text
}

function runnerOf(platform: string, runners: ReadonlyMap<string, RunsOn>, input: string): RunsOn {
  const runner = runners.get(platform)
  if (runner === undefined)
    throw new UserError(
      `The input ${input} has no line for ${platform} (it has ${[...runners.keys()].join(', ') || 'none'}); add "${platform}: <label>".`,
    )
  return runner
}

/** @returns `vllm 200, sglang 100` */
function countByEngine({ images }: Plan): string {
  return engineNames
    .map((name) => ({ name, legs: images.filter(({ engine }) => engine === name).flatMap(pendingLegsOf) }))
    .filter(({ legs }) => legs.length > 0)
    .map(({ name, legs }) => `${name} ${legs.length}`)
    .join(', ')
}
