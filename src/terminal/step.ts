import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sentenceOf, UserError } from '../errors.ts'
import type { Arguments } from './arguments.ts'
import { definition } from './definition.ts'
import { divert } from './divert.ts'
import { type StepFiles, stepVariables } from './environment.ts'
import { type Ending, exitCodeOf } from './exit-code.ts'
import { parseFileCommands } from './file-commands.ts'
import { type Host, screenOf } from './host.ts'
import { stdinOption } from './kinds.ts'
import { Messages } from './messages.ts'
import { showResults } from './show.ts'
import { listenToSignals } from './signals.ts'

/** A terminal in place of a runner: it gives the inputs to main, and shows what main writes. */
export type Step = {
  /** @throws UserError with a sentence for each argument that is wrong */
  check: () => void
  /** What main remembered for post, as a runner passes it on */
  stateForPost: () => NodeJS.ProcessEnv
  /** Shows the summary and the outputs. @returns the exit code */
  end: (ending: Ending) => Promise<number>
}

/** The file descriptor of standard input */
const stdinFile = 0

/** Sets the variables of a step as a runner does, and diverts what main writes for one. */
export function openStep(args: Arguments, host: Host): Step {
  const { stdout, stderr, env } = host
  const folder = createFolder()
  const files = createFiles(folder)
  // Also beside other mistakes: else main would report a password that is missing.
  const { text: stdin, unreadable } = readStdin(args, host)
  const problems = [...args.problems, ...unreadable]
  setVariables(env, stepVariables(args, env, definition, files, stdin))
  const messages = new Messages({
    paint: screenOf(stderr, env).paint,
    verbose: args.settings.has('verbose'),
    debug: env.RUNNER_DEBUG === '1',
    log: args.command !== 'history',
  })
  const write = divert(stdout, (line) => {
    const shown = messages.translate(line)
    if (shown !== undefined) stderr.write(`${shown}\n`)
  })
  const state = (): Record<string, string> => parseFileCommands(textOf(files.state))
  const tidy = (): void => rmSync(folder, { recursive: true, force: true })
  listenToSignals(host, () => state()['private-folder'] ?? '', tidy)
  return {
    check: () => {
      if (problems.length > 0) throw new UserError(problems.join('\n'))
    },
    stateForPost: () =>
      Object.fromEntries(Object.entries(state()).map(([name, value]) => [`STATE_${name}`, value])),
    end: async (ending) => {
      const results = { summary: textOf(files.summary), outputs: parseFileCommands(textOf(files.output)) }
      tidy()
      if (ending.kind === 'not begun')
        stderr.write(`The options: image-action ${args.command ?? '<command>'} --help\n`)
      else await showResults(results, { ...host, settings: args.settings, messages, write })
      return exitCodeOf(ending)
    },
  }
}

/** @throws UserError if there is no place for files */
function createFolder(): string {
  try {
    return mkdtempSync(join(tmpdir(), 'image-action-terminal-'))
  } catch (error) {
    throw new UserError(
      `The folder for temporary files cannot be used: ${sentenceOf(error)}; set TMPDIR to another one.`,
      { cause: error },
    )
  }
}

function createFiles(folder: string): StepFiles {
  const [output, state, summary] = ['output', 'state', 'summary'].map((name) => join(folder, name))
  const files = { output: output ?? '', state: state ?? '', summary: summary ?? '' }
  // @actions/core refuses files that do not exist.
  for (const file of Object.values(files)) writeFileSync(file, '', { mode: 0o600 })
  return files
}

function textOf(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}

/** @returns what standard input holds, or a sentence for each option that reads it and cannot */
function readStdin({ stdin }: Arguments, host: Host): { text: string; unreadable: string[] } {
  const not = (why: string) => ({
    text: '',
    unreadable: stdin.map((name) => `Standard input ${why}; pipe the value into --${stdinOption(name)}.`),
  })
  if (stdin.length === 0) return { text: '', unreadable: [] }
  if (host.stdin.isTTY === true) return not('is the terminal')
  try {
    return { text: readFileSync(stdinFile, 'utf8'), unreadable: [] }
  } catch (error) {
    return not(`cannot be read (${sentenceOf(error)})`)
  }
}

function setVariables(env: NodeJS.ProcessEnv, variables: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(variables))
    if (value === undefined) Reflect.deleteProperty(env, name)
    else env[name] = value
}
