// No library: @actions/exec cannot stop a process, and execa would be a fifth of the bundle.
import { spawn, type ChildProcess } from 'node:child_process'
import { UserError } from '../errors.ts'
import { createByteBuffer } from './lines.ts'

export type ProcessExit = { kind: 'code'; code: number } | { kind: 'signal'; signal: string }

export type ProcessResult = {
  exit: ProcessExit
  /** What ended it: the process itself, the caller's signal, or the time-out */
  endedBy: 'itself' | 'abort' | 'timeout'
  /** The whole output; empty if a handler got it */
  stdout: string
  stderr: string
}

export type ProcessOptions = {
  environment: NodeJS.ProcessEnv
  signal: AbortSignal
  /** Milliseconds from SIGINT, or the end of the process, to SIGKILL for it and its children */
  killAfter: number
  /** Milliseconds; none if left out */
  timeout?: number
  /** A chunk is valid during the call only. */
  onStdout?: (chunk: Buffer) => void
  onStderr?: (chunk: Buffer) => void
  input?: string
  /** Bytes of an output without a handler; more end the process with an error */
  outputLimit?: number
}

/** A million refs of git are 80 MB; a truncated answer must never pass as a complete one. */
const defaultOutputLimit = 256 * 1024 * 1024

/**
 * Runs a command in a process group of its own, so that its children end with it (the docker CLI
 * runs buildx as a plugin). An abort or a time-out sends SIGINT to the group, and SIGKILL after
 * `killAfter`. The promise settles when no process holds the outputs any more.
 * @throws UserError if the command cannot be started, or prints more than the limit; the error of a
 *   handler, after the command was stopped
 */
export async function runProcess(
  command: string,
  args: readonly string[],
  options: ProcessOptions,
): Promise<ProcessResult> {
  if (options.signal.aborted)
    return { exit: { kind: 'signal', signal: 'SIGINT' }, endedBy: 'abort', stdout: '', stderr: '' }
  const child = start(command, args, options)
  const { promise, resolve, reject } = Promise.withResolvers<ProcessResult>()
  const stopper = createStopper(child, options.killAfter)
  const thrown: unknown[] = []
  const fail = (error: unknown): void => {
    thrown.push(error)
    stopper.stop('abort')
  }
  const limit = options.outputLimit ?? defaultOutputLimit
  const stdout = collect(child.stdout, options.onStdout, { command, limit, fail })
  const stderr = collect(child.stderr, options.onStderr, { command, limit, fail })
  // A process that does not read its input breaks the pipe; its exit says what happened.
  child.stdin?.on('error', () => undefined).end(options.input ?? '')
  const abort = (): void => stopper.stop('abort')
  options.signal.addEventListener('abort', abort, { once: true })
  const timer =
    options.timeout === undefined ? undefined : setTimeout(() => stopper.stop('timeout'), options.timeout)
  const settle = (): void => {
    clearTimeout(timer)
    stopper.end()
    options.signal.removeEventListener('abort', abort)
  }
  child.once('error', (error: NodeJS.ErrnoException) => {
    settle()
    reject(notStarted(command, error))
  })
  child.once('exit', () => stopper.sweep())
  child.once('close', (code, signal) => {
    settle()
    signalGroup(child, 'SIGKILL')
    const exit: ProcessExit =
      code === null ? { kind: 'signal', signal: signal ?? 'unknown' } : { kind: 'code', code }
    if (thrown.length > 0) reject(thrown[0])
    else resolve({ exit, endedBy: stopper.reason() ?? 'itself', stdout: stdout(), stderr: stderr() })
  })
  return await promise
}

function start(command: string, args: readonly string[], options: ProcessOptions): ChildProcess {
  try {
    return spawn(command, args, {
      env: options.environment,
      detached: true,
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    })
  } catch (error) {
    throw notStarted(command, error as NodeJS.ErrnoException)
  }
}

function notStarted(command: string, error: NodeJS.ErrnoException): UserError {
  if (error.code === 'ENOENT')
    return new UserError(
      `${command} was not found on PATH; install it on this runner, or add its directory to PATH.`,
    )
  if (error.code === 'E2BIG')
    return new UserError(
      `${command} cannot be started: an argument or environment variable is longer than 128 KiB.`,
    )
  return new UserError(`${command} cannot be started: ${error.message}.`)
}

type Stopper = {
  stop: (reason: 'abort' | 'timeout') => void
  /** Called when the process has ended; children that hold its outputs get `killAfter`, too */
  sweep: () => void
  end: () => void
  reason: () => 'abort' | 'timeout' | undefined
}

function createStopper(child: ChildProcess, killAfter: number): Stopper {
  let reason: 'abort' | 'timeout' | undefined
  let timer: NodeJS.Timeout | undefined
  const killLater = (): void => {
    timer ??= setTimeout(() => {
      signalGroup(child, 'SIGKILL')
      // A process that left the group could hold the pipes open for ever. They are read before.
      setImmediate(() => {
        child.stdout?.destroy()
        child.stderr?.destroy()
      })
    }, killAfter)
  }
  return {
    stop: (why) => {
      if (reason !== undefined) return
      reason = why
      signalGroup(child, 'SIGINT')
      killLater()
    },
    sweep: killLater,
    end: () => clearTimeout(timer),
    reason: () => reason,
  }
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/**
 * Collects an output, unless a handler gets its chunks.
 * @returns a function that returns the text
 */
function collect(
  stream: NodeJS.ReadableStream | null,
  handler: ((chunk: Buffer) => void) | undefined,
  { command, limit, fail }: { command: string; limit: number; fail: (error: unknown) => void },
): () => string {
  const kept = createByteBuffer(limit)
  let size = 0
  stream?.on('data', (chunk: Buffer) => {
    try {
      if (handler) handler(chunk)
      else {
        kept.append(chunk)
        size += chunk.length
        if (size > limit) throw new UserError(`${command} printed more than ${limit} bytes and was ended.`)
      }
    } catch (error) {
      fail(error)
    }
    release(chunk)
  })
  return () => kept.take().bytes.toString('utf8')
}

/**
 * Frees the memory of a chunk at once. The garbage collector does not count it, so that the chunks
 * of 200 MB of output would take another 75 MB.
 */
function release(chunk: Buffer): void {
  const whole = chunk.byteOffset === 0 && chunk.buffer.byteLength === chunk.byteLength
  if (whole && chunk.buffer instanceof ArrayBuffer) chunk.buffer.transfer(0)
}
