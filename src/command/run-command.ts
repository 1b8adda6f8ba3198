import { UserError } from '../errors.ts'
import type { Inputs, WorkflowEvent } from '../inputs/index.ts'
import { newlyPublished, type Run } from '../report/index.ts'
import { createAndStorePlan, execute, historyTables } from './commands.ts'
import { publishHistory, publishPlan, publishRun, type ShowSettings } from './show.ts'
import type { Machine } from './world/machine.ts'
import { type CommandTools, openTools } from './world/tools.ts'

/** The job besides its inputs. `variables` as the runner and the user have set them. */
type Job = { dockerConfig: unknown; event: WorkflowEvent; variables: NodeJS.ProcessEnv }

/** Runs the input `command` and shows its result. @returns whether it succeeded */
export async function runCommand(inputs: Inputs, machine: Machine, job: Job): Promise<boolean> {
  const tools = openTools(inputs, machine, job.dockerConfig)
  try {
    return await runAndShow(tools, job)
  } finally {
    tools.registry.close()
  }
}

async function runAndShow(tools: CommandTools, job: Job): Promise<boolean> {
  const { inputs, machine } = tools
  const { command, summary } = inputs
  const show: ShowSettings = { ...machine, summary, summaryFile: job.variables.GITHUB_STEP_SUMMARY }
  if (command.kind === 'history') {
    publishHistory(await historyTables(tools), show)
    return true
  }
  if (command.kind === 'tag') {
    const { tagAndShow } = await import('./tag/tag-and-show.ts')
    return tagAndShow(command.image, tools, show, job.variables)
  }
  if (command.kind === 'verify') {
    const { verifyAndShow } = await import('./verify/verify-and-show.ts')
    return verifyAndShow(command, tools, show)
  }
  if (command.kind === 'prune') {
    const { pruneAndShow } = await import('./prune/prune-and-show.ts')
    return pruneAndShow(command, tools, job, show)
  }
  let run: Run
  try {
    if (command.kind === 'plan') {
      publishPlan(await createAndStorePlan(tools), command, show)
      return true
    }
    if (command.kind === 'list') {
      const { listAndShow } = await import('./list.ts')
      await listAndShow(tools, command.where, show)
      return true
    }
    run = await execute(tools, command)
  } catch (error) {
    // What stops a run before its first image is shown like what stops it later.
    if (!(error instanceof UserError)) throw error
    const duration = machine.timers.now() - machine.started
    run = { command: 'run', outcomes: [], excluded: [], duration, error: error.message }
  }
  publishRun(run, show)
  const { publishAttestations } = await import('./attest.ts')
  await publishAttestations(newlyPublished(run.outcomes), job.variables, show)
  await noteRun(run, tools, job)
  return run.error === undefined && run.outcomes.every(({ state }) => state !== 'failed')
}

async function noteRun(
  run: Run,
  { inputs, machine }: CommandTools,
  { event, variables }: Job,
): Promise<void> {
  if (inputs.githubToken === undefined || event.tag === undefined) return
  const { noteRelease } = await import('./note-release.ts')
  await noteRelease(run, inputs.githubToken, event.tag, variables, machine.signal, machine)
}
