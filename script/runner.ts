import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { parseFileCommands } from '../src/terminal/file-commands.ts'
import { Messages } from '../src/terminal/messages.ts'
import { painter } from '../src/terminal/paint.ts'
import { actionDefaults } from './action-defaults.ts'

/** The result of one step, as seen by a runner. */
export type ActionRun = {
  code: number | null
  signal: NodeJS.Signals | null
  /** Standard output and error as shown by a runner: without the commands that add masks */
  log: string
  outputs: Record<string, string>
  /** State that main saves for post */
  state: Record<string, string>
  summary: string
  /** RUNNER_TEMP, with the stored logs */
  temp: string
  environment: NodeJS.ProcessEnv
  /** Milliseconds */
  duration: number
}

export type ActionOptions = {
  /** Folder with dist/ and dockerfiles/ */
  folder?: string
  environment?: NodeJS.ProcessEnv
  entry?: 'main' | 'post'
  /** Parent folder of RUNNER_TEMP; created if missing */
  temp?: string
  /** Called with the process at its start, and with its output so far whenever there is more */
  watch?: (child: ReturnType<typeof spawn>, output: string) => void
  /** Called with each line of its output */
  onLine?: (line: string) => void
}

export const registry = process.env.REGISTRY ?? '127.0.0.1:5000'

/** Runs the committed bundle like a runner: inputs in the environment, results in files. */
export async function runAction(
  inputs: Record<string, string>,
  options: ActionOptions = {},
): Promise<ActionRun> {
  const parent = resolve(options.temp ?? tmpdir())
  mkdirSync(parent, { recursive: true })
  const temp = mkdtempSync(join(parent, 'runner-'))
  const files = Object.fromEntries(
    ['OUTPUT', 'STATE', 'STEP_SUMMARY'].map((name) => [name, join(temp, name.toLowerCase())]),
  )
  for (const path of Object.values(files)) writeFileSync(path, '')
  const environment = {
    ...withoutGitHub(process.env),
    RUNNER_TEMP: temp,
    ...Object.fromEntries(Object.entries(files).map(([name, path]) => [`GITHUB_${name}`, path])),
    ...asEnvironment({ ...actionDefaults(), registry, ...inputs }),
    ...options.environment,
  }
  const started = performance.now()
  const entry = join(resolve(options.folder ?? '.'), 'dist', `${options.entry ?? 'main'}.js`)
  const child = spawn(process.execPath, [entry], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  options.watch?.(child, output)
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
      options.watch?.(child, output)
    })
    if (options.onLine) createInterface({ input: stream }).on('line', options.onLine)
  }
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((done, fail) =>
    child.once('error', fail).once('close', (...ended) => {
      done(ended)
    }),
  )
  return {
    code,
    signal,
    log: output.replace(/^::add-mask::.*$/gm, ''),
    outputs: parseFileCommands(readFileSync(files.OUTPUT ?? '', 'utf8')),
    state: parseFileCommands(readFileSync(files.STATE ?? '', 'utf8')),
    summary: readFileSync(files.STEP_SUMMARY ?? '', 'utf8'),
    temp,
    environment,
    duration: performance.now() - started,
  }
}

/** Returns the lines that a runner shows as errors. */
export function errorsOf({ log }: ActionRun): string[] {
  return log.split('\n').filter((line) => line.startsWith('::error'))
}

/** Returns the gates that failed or are undetermined, by the annotations. */
export function failedGates({ log }: ActionRun): string[] {
  return [...log.matchAll(/^::error title=[^:]*gate ([a-z-]+) (?:failed|is undetermined)::/gm)].map(
    (match) => match[1] ?? '',
  )
}

function asEnvironment(inputs: Record<string, string>): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]),
  )
}

/** Removes the variables of a surrounding workflow: CI may itself run in an action. */
function withoutGitHub(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !/^(GITHUB_|INPUT_|RUNNER_|STATE_)/.test(name)),
  )
}

/**
 * Runs main, then post, in a terminal, and prints what a runner would show. Ctrl+C reaches the
 * action, which cleans up; this process waits for that.
 *
 * @param temp folder of stored files, such as logs
 */
export async function runStep(inputs: Record<string, string>, temp: string): Promise<ActionRun> {
  const wait = () => {
    process.exitCode = 130
  }
  const messages = new Messages({ paint: painter(false), verbose: true, debug: false, log: true })
  const onLine = (line: string) => {
    const shown = messages.translate(line)
    if (shown !== undefined) console.log(`  ${shown}`)
  }
  process.on('SIGINT', wait)
  try {
    const run = await runAction(inputs, { temp, onLine })
    const state = Object.entries(run.state).map(([name, value]) => [`STATE_${name}`, value])
    const environment = Object.fromEntries(state) as NodeJS.ProcessEnv
    await runAction({}, { temp, onLine, entry: 'post', environment })
    return run
  } finally {
    process.off('SIGINT', wait)
  }
}
