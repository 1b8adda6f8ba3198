import { UserError } from '../errors.ts'
import { engineNames, pendingLegsOf, type Plan } from '../plan/index.ts'
import { titlesOf } from './titles.ts'

/** The label of a runner, or several that it must have, as `runs-on` takes them. */
export type RunsOn = string | string[]

/** Jobs of one matrix (GitHub docs: usage limits). */
const mostLegs = 256

/** What one job may have as outputs (GitHub docs: "Passing information between jobs"; measured as UTF-16). Bytes. */
const outputLimit = 1024 * 1024

/**
 * The output `matrix`, JSON for `strategy.matrix`: `{ "include": [{ leg, name, engine, version, platform, runs-on }] }`.
 * GitHub refuses a matrix without a job: a workflow has to leave the job out where `include` is empty.
 * @param runners platform → what its legs run on
 * @throws UserError for a platform without a runner, and for more than GitHub takes
 */
export function matrixOutput(plan: Plan, runners: ReadonlyMap<string, RunsOn>): string {
  const titleOf = titlesOf(plan.images)
  const include = plan.images.flatMap((image) =>
    pendingLegsOf(image).map((leg) => ({
      leg: leg.id,
      name: titleOf(image, leg),
      engine: leg.engine,
      version: leg.version.tag,
      platform: leg.platform,
      'runs-on': runnerOf(leg.platform, runners),
    })),
  )
  if (include.length > mostLegs)
    throw new UserError(
      `${include.length} legs have to be built (${countByEngine(plan)}), and GitHub takes at most ${mostLegs} jobs in a matrix; make several plans in a workflow run each, one for each engine, or for fewer versions.`,
    )
  const text = JSON.stringify({ include })
  if (Buffer.byteLength(text, 'utf16le') > outputLimit)
    throw new UserError(
      `The matrix of ${include.length} legs has ${Buffer.byteLength(text, 'utf16le')} bytes as UTF-16, and GitHub takes at most ${outputLimit} as outputs of a job; shorten the labels in the input runners, or make several plans for fewer versions.`,
    )
  return text
}

function runnerOf(platform: string, runners: ReadonlyMap<string, RunsOn>): RunsOn {
  const runner = runners.get(platform)
  if (runner === undefined)
    throw new UserError(
      `The input runners names none for ${platform} (it has ${[...runners.keys()].join(', ') || 'nothing'}); add a line "${platform}: <label>".`,
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
