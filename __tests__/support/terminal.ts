import { type ChildProcess, spawn } from 'node:child_process'
import { asOptions } from '../../script/in-terminal.ts'
import { registry } from './action.ts'
import { withPipMemory } from './pip-memory.ts'

/** What a program in a terminal has printed. */
export type Printed = { code: number | null; stdout: string; stderr: string }

export type TerminalOptions = {
  environment?: NodeJS.ProcessEnv
  /** Standard input */
  input?: string
  /** Called with the process, once it has started */
  started?: (child: ChildProcess) => void
}

/** Only what a shell has: no variable of a runner that the tests themselves may run in */
function shellEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(GITHUB_|INPUT_|RUNNER_|STATE_|ACTIONS_|FORCE_COLOR|NO_COLOR|COLUMNS)/.test(name),
    ),
  )
}

/** Runs a program with these arguments. */
export async function runProgram(
  program: string,
  args: readonly string[],
  { environment, input = '', started }: TerminalOptions = {},
): Promise<Printed> {
  const child = spawn(program, args, { env: { ...shellEnvironment(), ...environment } })
  started?.(child)
  const printed = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      printed[name] += text
    })
  // A program that ends early does not read it.
  child.stdin.on('error', () => undefined).end(input)
  const code = await new Promise<number | null>((done, fail) => child.once('error', fail).once('close', done))
  return { code, ...printed }
}

/** Runs bin/image-action with short delays, inputs as options, and stored answers of pip. */
export function runInTerminal(
  args: readonly string[],
  inputs: Record<string, string> = {},
  options: TerminalOptions = {},
): Promise<Printed> {
  const environment: NodeJS.ProcessEnv = {
    IMAGE_ACTION_WAITS: JSON.stringify({ retry: 50, settle: 50 }),
    ...options.environment,
  }
  const PATH = environment.PATH ?? withPipMemory({ ...process.env, ...environment }, inputs['package-index'])
  return runProgram('bin/image-action', [...args, ...asOptions({ registry, ...inputs })], {
    ...options,
    environment: { ...environment, ...(PATH !== undefined && { PATH }) },
  })
}
