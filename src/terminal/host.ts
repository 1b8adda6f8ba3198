import { hasColours, painter, type Screen, widthOf } from './paint.ts'

/** The process, as far as a terminal concerns it */
export type Host = {
  /** Without the program */
  args: readonly string[]
  env: NodeJS.ProcessEnv
  stdin: { isTTY?: boolean }
  stdout: NodeJS.WriteStream
  stderr: NodeJS.WriteStream
  pid: number
  on: (signal: 'SIGINT' | 'SIGHUP', act: () => void) => void
  kill: (pid: number, signal: 'SIGTERM') => void
  exit: (code: number) => never
}

/** @param process of Node; `args` are what follows the program */
export function hostOf(process: NodeJS.Process): Host {
  const { env, stdin, stdout, stderr, pid } = process
  return {
    ...{ args: process.argv.slice(2), env, stdin, stdout, stderr, pid },
    on: (signal, act) => process.on(signal, act),
    kill: (id, signal) => process.kill(id, signal),
    exit: (code) => process.exit(code),
  }
}

export function screenOf({ columns, isTTY }: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Screen {
  return { width: widthOf(columns, env), paint: painter(hasColours(isTTY, env)) }
}
