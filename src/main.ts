import * as core from '@actions/core'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sentenceOf, UserError } from './errors.ts'
import { checkNames, inOne, ordinaryWords, readInputs, readWaits, workflowEvent } from './inputs/index.ts'
import {
  createOutput,
  createRedact,
  createWorkspace,
  inputsOfCaller,
  maskedValues,
  readFolder,
  remember,
  removePrivate,
  withoutEmpty,
} from './system/index.ts'
import type { Ending } from './terminal/index.ts'

/** Reads an input. Only build secrets keep their surrounding white space. */
function readInput(name: string): string {
  return core.getInput(name, { trimWhitespace: name !== 'secrets' })
}

/** Beside dist/, in a release and in a checkout. */
const dockerfiles = join(dirname(fileURLToPath(import.meta.url)), '..', 'dockerfiles')

/** No runner gives arguments, bin/image-action always does. Before the variables: it sets the inputs. */
const opened =
  process.argv.length > 2 ? (await import('./terminal/index.ts')).openTerminal(process) : undefined
const terminal = typeof opened === 'number' ? process.exit(opened) : opened

/** Variables that the runner and the user have set. */
const variables = withoutEmpty(process.env)

/** Whether the inputs and Docker's configuration are right; before that, nothing happens. */
let hasBegun = false

/** Only here do process, network, clock and environment enter. @returns whether it succeeded */
async function main(signal: AbortSignal): Promise<boolean> {
  // Before an error can quote an input.
  const early = ordinaryWords(['registry', 'namespace', 'engine', 'tags'].map(readInput))
  for (const value of maskedValues(['password', 'github-token'].map(readInput), early)) core.setSecret(value)
  const event = workflowEvent(variables)
  const waits = readWaits(variables)
  const [[, notices], inputs] = inOne(
    () =>
      inOne(
        () => terminal?.check(),
        () => checkNames(variables, inputsOfCaller(variables)),
      ),
    () => readInputs(readInput, { event, now: new Date(), fileExists: existsSync, readFolder }),
  )
  for (const notice of notices) core.notice(notice)
  const command = await import('./command/index.ts')
  const dockerConfig = command.readDockerConfig(variables)
  hasBegun = true
  const secrets = command.secretsOf(inputs, dockerConfig, variables)
  const isOrdinary = ordinaryWords(inputs.shown)
  for (const value of maskedValues(secrets, isOrdinary)) core.setSecret(value)
  const redact = createRedact(secrets, isOrdinary)
  const { info, error, warning, notice, setOutput } = core
  const output = createOutput({ info, error, warning, notice, setOutput }, redact)
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
    return await command.runCommand(inputs, machine, { dockerConfig, event, variables })
  } finally {
    removePrivate(workspace.private)
    remember('privateFolder', '', core.warning)
  }
}

function ending(): Ending {
  if (process.exitCode === undefined) return { kind: 'succeeded' }
  if (cancelledBy !== undefined) return { kind: 'cancelled', by: cancelledBy }
  return { kind: hasBegun ? 'failed' : 'not begun' }
}

const cancel = new AbortController()
let cancelledBy: 'SIGINT' | 'SIGTERM' | undefined
for (const name of ['SIGINT', 'SIGTERM'] as const)
  process.on(name, () => {
    cancelledBy ??= name
    cancel.abort(new UserError('The run was cancelled.'))
  })

try {
  if (!(await main(cancel.signal))) process.exitCode = 1
} catch (error) {
  // Any other error is a fault of the action, and its stack tells where.
  if (!(error instanceof UserError) && error instanceof Error) core.debug(error.stack ?? '')
  core.setFailed(
    cancel.signal.aborted
      ? 'The run was cancelled; no public tag was created after that.'
      : sentenceOf(error),
  )
}

if (terminal !== undefined) {
  // A runner starts post after the job.
  Object.assign(process.env, terminal.stateForPost())
  await import('./post.ts')
  process.exit(await terminal.end(ending()))
}

// A proxy that never answers may still hold a socket, which would keep the process alive.
process.exit()
