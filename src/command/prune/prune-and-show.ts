import { join } from 'node:path'
import type { Pruning } from '../../inputs/index.ts'
import {
  createTransport,
  familiarRepository,
  openDeleter,
  parseRepository,
  publicApis,
} from '../../registry/index.ts'
import type { PruneRun } from '../../report/index.ts'
import { attempt, keepHeapSmall, systemWait, writeParts } from '../../system/index.ts'
import { humanBytes } from '../../text.ts'
import { publishSummary, setOutputs, type ShowSettings } from '../show.ts'
import { createCredentials } from '../world/registry-access.ts'
import type { CommandTools } from '../world/tools.ts'
import { namesOf } from './delete-in.ts'
import { prune } from './prune.ts'

/** The job besides its inputs: Docker's configuration, and what the runner and the user have set. */
type Job = { dockerConfig: unknown; variables: NodeJS.ProcessEnv }

/** Digests that the log of a dry run describes; the file has them all */
const described = 20

/** Prunes, and shows the result. @returns whether it succeeded */
export async function pruneAndShow(
  pruning: Pruning,
  tools: CommandTools,
  job: Job,
  settings: ShowSettings,
): Promise<boolean> {
  keepHeapSmall()
  const { inputs, machine, registry } = tools
  const { signal, log, redact, timers, started, waits, retry } = machine
  const transport = createTransport({ timeouts: waits, signal })
  const access = {
    client: registry,
    transport,
    credentials: createCredentials(inputs, job.dockerConfig, machine),
    withRetries: retry.run,
    wait: (milliseconds: number) => systemWait(milliseconds, signal),
    apis: { ...publicApis, github: job.variables.GITHUB_API_URL ?? publicApis.github },
    githubToken: inputs.githubToken,
  }
  try {
    const run = await prune(pruning, inputs.plan, {
      ...{ registry, signal, log, redact, now: new Date() },
      deleterOf: (repository) => openDeleter(repository, access),
      elapsed: () => timers.now() - started,
    })
    await publishPrune(run, settings)
    return run.error === undefined
  } finally {
    transport.close()
  }
}

/** Publishes log lines, annotations, outputs, the JSON file and the job summary. */
export async function publishPrune(run: PruneRun, settings: ShowSettings): Promise<void> {
  const { renderPruneSummary } = await import('../../report/prune/prune-summary.ts')
  const { pruneJson } = await import('../../report/prune/prune-json.ts')
  const { pruneOutputs } = await import('../../report/prune/prune-outputs.ts')
  for (const line of describePrune(run)) settings.log(line)
  if (run.error !== undefined) settings.annotate('error', run.error, 'Pruning failed')
  for (const { repository, gone, kept } of run.repositories)
    if (gone.length + kept.length === 0)
      settings.warn(`${repository} has no tags, so nothing in it is pruned; check registry and namespace.`)
  const summary = renderPruneSummary({ ...run, retried: settings.retry.retried() })
  const summaryPath = publishSummary(summary, settings)
  const path = join(settings.workspace.root, 'prune.json')
  const isThere = attempt(settings.warn, 'The file prune.json', 'The output "prune-path" is empty.', () => {
    writeParts(path, pruneJson(run, new Date()))
  })
  setOutputs(settings, pruneOutputs(run, isThere ? path : '', summaryPath))
}

/** @returns what goes as log lines; what was deleted is in the log already */
export function describePrune({ apply, repositories }: PruneRun): string[] {
  return repositories.flatMap(({ repository, gone, kept, bytes }) => {
    const name = familiarRepository(parseRepository(repository))
    const stay = kept.reduce((sum, { digests }) => sum + digests, 0)
    const pruned = apply ? gone.filter(({ fate }) => fate.state === 'deleted') : gone
    const fate = apply
      ? `${pruned.length} of ${gone.length} digests were deleted`
      : `${gone.length} digests would go`
    const freed = pruned.reduce((sum, one) => sum + one.bytes, 0)
    const more = gone.length - described
    return [
      `${name}: ${fate}, ${humanBytes(freed)} of ${humanBytes(bytes.before)}; ${stay} stay`,
      ...(apply ? [] : gone.slice(0, described).map((one) => `  ${one.digest}  ${namesOf(one)}`)),
      ...(!apply && more > 0 ? [`  and ${more} more`] : []),
    ]
  })
}
