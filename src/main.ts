import * as core from '@actions/core'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sentenceOf, UserError } from './errors.ts'
import { checkNames, inOne, ordinaryWords, readInputs, readWaits, workflowEvent } from './inputs/index.ts'
import {
  createRedact,
  createWorkspace,
  inputsOfCaller,
  maskedValues,
  remember,
  removePrivate,
  withoutEmpty,
} from './system/index.ts'

/** Build secrets keep their white space; everything else may have some around it. */
function readInput(name: string): string {
  return core.getInput(name, { trimWhitespace: name !== 'secrets' })
}

/** Beside dist/, in a release as in a checkout. */
const dockerfiles = join(dirname(fileURLToPath(import.meta.url)), '..', 'dockerfiles')

/** What the runner and the user have set. */
const variables = withoutEmpty(process.env)

/** The only place where process, network, clock and environment enter. @returns whether all is well */
async function main(signal: AbortSignal): Promise<boolean> {
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
  const command = await import('./command/index.ts')
  const dockerConfig = command.readDockerConfig(variables)
  const secrets = command.secretsOf(inputs, dockerConfig, variables)
  const isOrdinary = ordinaryWords(inputs.shown)
  for (const value of maskedValues(secrets, isOrdinary)) core.setSecret(value)
  const redact = createRedact(secrets, isOrdinary)
  const { info, error, warning, notice, setOutput } = core
  const output = command.createOutput({ info, error, warning, notice, setOutput }, redact)
  const workspace = createWorkspace(variables.RUNNER_TEMP ?? tmpdir())
  remember('privateFolder', workspace.private, core.warning)
  command.publishLogsPath(workspace, output)
  try {
    const machine = command.createMachine(inputs, {
      ...output,
      variables,
      signal,
      workspace,
      redact,
      waits,
      dockerfiles,
      random: Math.random,
      started: performance.timeOrigin,
    })
    return await command.carryOut(inputs, machine, { dockerConfig, event, variables })
  } finally {
    removePrivate(workspace.private)
    remember('privateFolder', '', core.warning)
  }
}

const cancel = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const)
  process.on(name, () => {
    cancel.abort(new UserError('The run was cancelled.'))
  })

try {
  if (!(await main(cancel.signal))) process.exitCode = 1
} catch (error) {
  // What is no error of the user's is one of ours, and its stack says where.
  if (!(error instanceof UserError) && error instanceof Error) core.debug(error.stack ?? '')
  core.setFailed(
    cancel.signal.aborted ? 'The run was cancelled; no public tag was made after that.' : sentenceOf(error),
  )
}

// A proxy that never answered may still hold a socket, which would keep the step waiting.
process.exit()
