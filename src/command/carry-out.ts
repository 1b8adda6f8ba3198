import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../errors.ts'
import type { Inputs, WorkflowEvent } from '../inputs/index.ts'
import { createSources } from '../leg/index.ts'
import type { Run } from '../report/index.ts'
import { execute, historyTables, makeAndStorePlan } from './commands.ts'
import { publishHistory, publishPlan, publishRun, type ShowSettings } from './show.ts'
import { type Machine, writeSecretFiles } from './world/machine.ts'
import { openGit, openNixlIndex } from './world/plan-world.ts'
import { createClient } from './world/registry-access.ts'
import type { Tools } from './world/tools.ts'

/** What is known of the job beside its inputs; `variables` as the runner and the user have set them. */
type Job = { dockerConfig: unknown; event: WorkflowEvent; variables: NodeJS.ProcessEnv }

/** Does what `command` says, and shows what came of it. @returns whether all is well */
export async function carryOut(inputs: Inputs, machine: Machine, job: Job): Promise<boolean> {
  const registry = createClient(inputs, job.dockerConfig, machine)
  try {
    const { workspace } = machine
    const secretFiles = writeSecretFiles(inputs, workspace)
    const nixl = openNixlIndex(inputs, machine)
    const git = openGit(machine, secretFiles)
    const fetchSource = createSources(git, () => mkdtempSync(join(workspace.root, 'source-')))
    return await showCommand({ inputs, machine, registry, secretFiles, nixl, git, fetchSource }, job)
  } finally {
    registry.close()
  }
}

async function showCommand(tools: Tools, job: Job): Promise<boolean> {
  const { inputs, machine } = tools
  const { command, summary } = inputs
  const show: ShowSettings = { ...machine, summary, summaryFile: job.variables.GITHUB_STEP_SUMMARY }
  if (command.kind === 'history') {
    publishHistory(await historyTables(tools), show)
    return true
  }
  let run: Run
  try {
    if (command.kind === 'plan') {
      publishPlan(await makeAndStorePlan(tools), command.runners, show)
      return true
    }
    run = await execute(tools, command)
  } catch (error) {
    // What stops a run before its first image is told in the same way as what stops it later.
    if (!(error instanceof UserError)) throw error
    const duration = machine.timers.now() - machine.started
    run = { command: 'run', outcomes: [], excluded: [], duration, error: error.message }
  }
  publishRun(run, show)
  await noteRun(run, tools, job)
  return run.error === undefined && run.outcomes.every(({ state }) => state !== 'failed')
}

async function noteRun(run: Run, { inputs, machine }: Tools, { event, variables }: Job): Promise<void> {
  if (inputs.githubToken === undefined || event.tag === undefined) return
  const { noteRelease } = await import('./note-release.ts')
  await noteRelease(run, inputs.githubToken, event.tag, variables, machine.signal, machine)
}
