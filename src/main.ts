import {
  createClient,
  environmentForPrograms,
  environmentLogins,
  execute,
  historyTables,
  knownErrors,
  loginSecrets,
  type Machine,
  makeAndStorePlan,
  openGit,
  openNixlIndex,
  publishHistory,
  publishLogsPath,
  publishPlan,
  publishRun,
  readDockerConfig,
  type ShowSettings,
  type Tools,
  writeSecretFiles,
} from './command/index.ts'
import * as core from '@actions/core'
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  authoritiesForPrograms,
  createRedact,
  createRetry,
  createWorkspace,
  dockerProxySecrets,
  environmentProxySecrets,
  inputsOfCaller,
  maskedValues,
  passwordsIn,
  refuseToPublishProxies,
  remember,
  removePrivate,
  systemTimers,
  systemWait,
  trustCertificates,
  withheldFrom,
  withoutEmpty,
  type Workspace,
  writePrivateFile,
} from './system/index.ts'
import { openActionsCache } from './store/index.ts'
import { sentenceOf, UserError } from './errors.ts'
import {
  checkNames,
  inOne,
  type Inputs,
  ordinaryWords,
  readInputs,
  readWaits,
  secretValues,
  type WorkflowEvent,
  workflowEvent,
} from './inputs/index.ts'
import type { Run } from './report/index.ts'
import { createSources } from './leg/index.ts'

/** Build secrets keep their white space; everything else may have some around it. */
function readInput(name: string): string {
  return core.getInput(name, { trimWhitespace: name !== 'secrets' })
}

/** Beside dist/, in a release as in a checkout. */
const dockerfiles = join(dirname(fileURLToPath(import.meta.url)), '..', 'dockerfiles')

/** What the runner and the user have set. */
const variables = withoutEmpty(process.env)

async function main(signal: AbortSignal): Promise<void> {
  // Before anything can complain about an input.
  const first = ordinaryWords(['registry', 'namespace', 'engine', 'tags'].map(readInput))
  for (const value of maskedValues(['password', 'github-token'].map(readInput), first)) core.setSecret(value)
  const event = workflowEvent(variables)
  const waits = readWaits(variables)
  const [notices, inputs] = inOne(
    () => checkNames(variables, inputsOfCaller(variables)),
    () => readInputs(readInput, { event, now: new Date(), fileExists: existsSync }),
  )
  for (const notice of notices) core.notice(notice)
  const dockerConfig = readDockerConfig(variables)
  const proxySecrets = [
    ...dockerProxySecrets(dockerConfig),
    ...Object.values(inputs.proxies).flatMap(passwordsIn),
  ]
  refuseToPublishProxies(inputs.build.provenance, proxySecrets)
  const logins = [dockerConfig, environmentLogins(variables)].flatMap(loginSecrets)
  const secrets = [...secretValues(inputs), ...logins, ...proxySecrets, ...environmentProxySecrets(variables)]
  const isOrdinary = ordinaryWords(inputs.shown)
  for (const value of maskedValues(secrets, isOrdinary)) core.setSecret(value)
  if (inputs.caCertificates !== undefined) trustCertificates(inputs.caCertificates)
  const redact = createRedact(secrets, isOrdinary)
  const temporaryFolder = variables.RUNNER_TEMP ?? tmpdir()
  const workspace = createWorkspace(temporaryFolder)
  remember('privateFolder', workspace.private)
  publishLogsPath(workspace)
  const environment = programEnvironment(inputs, workspace)
  const { retries } = inputs
  const log = (line: string): void => core.info(redact(line))
  const withheld = withheldFrom(variables)
  if (withheld.length > 0)
    log(`Not passed on to docker, git and pip (docs/environment.md): ${withheld.join(', ')}`)
  const machine: Machine = {
    ...{ environment, signal, workspace, redact, log: core.info, waits },
    ...{ timers: systemTimers, started: performance.timeOrigin },
    retry: createRetry({
      ...knownErrors,
      retries,
      waits,
      signal,
      log,
      random: Math.random,
      wait: systemWait,
    }),
    dockerfiles,
    actionsCache: openActionsCache({ push: inputs.push, environment: variables, temporaryFolder }),
  }
  const registry = createClient(inputs, dockerConfig, machine)
  try {
    const secretFiles = writeSecretFiles(inputs, workspace)
    const nixl = openNixlIndex(inputs, machine)
    const git = openGit(machine, secretFiles)
    const fetchSource = createSources(git, () => mkdtempSync(join(workspace.root, 'source-')))
    await carryOut({ inputs, machine, registry, secretFiles, nixl, git, fetchSource }, event)
  } finally {
    registry.close()
    removePrivate(workspace.private)
    remember('privateFolder', '')
  }
}

/** What the programs that we start get of the job, with the authorities that they are to trust. */
function programEnvironment({ caCertificates }: Inputs, workspace: Workspace): NodeJS.ProcessEnv {
  const environment = environmentForPrograms(variables)
  if (caCertificates === undefined) return environment
  const write = (name: string, content: string): string => writePrivateFile(workspace, name, content)
  return { ...environment, ...authoritiesForPrograms(caCertificates, environment, write) }
}

/** Does what `command` says, and shows what came of it. */
async function carryOut(tools: Tools, event: WorkflowEvent): Promise<void> {
  const { inputs, machine } = tools
  const { command, githubToken, summary } = inputs
  const show: ShowSettings = { ...machine, summary, summaryFile: variables.GITHUB_STEP_SUMMARY }
  if (command.kind === 'history') return publishHistory(await historyTables(tools), show)
  let run: Run
  try {
    if (command.kind === 'plan') return publishPlan(await makeAndStorePlan(tools), command.runners, show)
    run = await execute(tools, command)
  } catch (error) {
    // What stops a run before its first image is told in the same way as what stops it later.
    if (!(error instanceof UserError)) throw error
    const duration = machine.timers.now() - machine.started
    run = { command: 'run', outcomes: [], excluded: [], duration, error: error.message }
  }
  publishRun(run, show)
  if (run.error !== undefined || run.outcomes.some(({ state }) => state === 'failed')) process.exitCode = 1
  if (githubToken === undefined || event.tag === undefined) return
  const { noteRelease } = await import('./command/note-release.ts')
  await noteRelease(run, githubToken, event.tag, variables, machine.signal)
}

const cancel = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const)
  process.on(name, () => {
    cancel.abort(new UserError('The run was cancelled.'))
  })

try {
  await main(cancel.signal)
} catch (error) {
  // What is no error of the user's is one of ours, and its stack says where.
  if (!(error instanceof UserError) && error instanceof Error) core.debug(error.stack ?? '')
  core.setFailed(
    cancel.signal.aborted ? 'The run was cancelled; no public tag was made after that.' : sentenceOf(error),
  )
}

// A proxy that never answered may still hold a socket, which would keep the step waiting.
process.exit()
