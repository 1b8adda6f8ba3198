// node:child_process and no library: @actions/exec can't stop what it started, and execa would be a fifth of the bundle.
import { spawn, type ChildProcess } from 'node:child_process'
import { UserError } from '../errors.ts'
import { createByteBuffer } from './lines.ts'

export type ProcessExit = { kind: 'code'; code: number } | { kind: 'signal'; signal: string }

export type ProcessResult = {
  exit: ProcessExit
  /** Who ended it: the process itself, the caller's signal, or the time-out */
  endedBy: 'itself' | 'abort' | 'timeout'
  /** All that was printed; empty where a handler took it */
  stdout: string
  stderr: string
}

export type ProcessOptions = {
  environment: NodeJS.ProcessEnv
  signal: AbortSignal
  /** Milliseconds between SIGINT and SIGKILL, also between the end of the process and that of what it left behind */
  killAfter: number
  /** Milliseconds; none if left out */
  timeout?: number
  /** The chunk is theirs during the call only. */
  onStdout?: (chunk: Buffer) => void
  onStderr?: (chunk: Buffer) => void
  input?: string
  /** Bytes of each output that no handler takes, above which it is ended and an error */
  outputLimit?: number
}

/** A million refs of git are 80 MB; the first part of an answer must never be taken for all of it. */
const defaultOutputLimit = 256 * 1024 * 1024

/**
 * Runs a command in a process group of its own, so that what it starts (the docker CLI runs buildx as a plugin) ends with
 * it. An abort or a time-out sends SIGINT to the group, and SIGKILL after `killAfter`. The promise settles when all that
 * held the outputs is gone.
 * @throws UserError if the command can't be started, or prints more than can be kept; what a handler throws, after the command was
 * stopped
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
  const stdout = take(child.stdout, options.onStdout, { command, limit, fail })
  const stderr = take(child.stderr, options.onStderr, { command, limit, fail })
  // A process that ends without reading its input breaks the pipe; its exit says what happened.
  child.stdin?.on('error', () => undefined).end(options.input ?? '')
  const abort = (): void => {
    stopper.stop('abort')
  }
  options.signal.addEventListener('abort', abort, { once: true })
  const timer =
    options.timeout === undefined
      ? undefined
      : setTimeout(() => {
          stopper.stop('timeout')
        }, options.timeout)
  const settle = (): void => {
    clearTimeout(timer)
    stopper.end()
    options.signal.removeEventListener('abort', abort)
  }
  child.once('error', (error: NodeJS.ErrnoException) => {
    settle()
    reject(notStarted(command, error))
  })
  child.once('exit', () => {
    stopper.sweep()
  })
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
      `${command} can't be started: an argument or environment variable is longer than 128 KiB.`,
    )
  return new UserError(`${command} can't be started: ${error.message}.`)
}

type Stopper = {
  stop: (reason: 'abort' | 'timeout') => void
  /** The process has ended: what it left behind and still holds its outputs gets `killAfter` to end, too. */
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
      // One that left the group could hold the pipes open for ever. What is in them already is read before.
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
    end: () => {
      clearTimeout(timer)
    },
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

/** @returns what was printed; nothing where a handler takes the chunks */
function take(
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
 * Gives the memory of a chunk back at once. Left to the garbage collector, which does not see it as its own, the chunks
 * of 200 MB of output are another 75 MB of memory.
 */
function release(chunk: Buffer): void {
  const whole = chunk.byteOffset === 0 && chunk.buffer.byteLength === chunk.byteLength
  if (whole && chunk.buffer instanceof ArrayBuffer) chunk.buffer.transfer(0)
}
