import givenIndex from '../../dockerfiles/scripts/common/given_index.json' with { type: 'json' }
import { runProcess } from './process.ts'
import { UserError } from '../errors.ts'
import type { Retry } from './retry.ts'
import { ProgramFailure } from './program.ts'
import { withoutFullStop } from '../text.ts'

/** What `python3 -m pip` did; `missing` if there is none to run, or it did not come to an end. */
export type PipAnswer =
  { state: 'ended'; code: number; stdout: string; stderr: string } | { state: 'missing'; reason: string }

/** Runs pip with these arguments. Throws UserError if the run was cancelled. */
export type RunPip = (args: string[]) => Promise<PipAnswer>

export type PipSettings = {
  environment: NodeJS.ProcessEnv
  signal: AbortSignal
  /** Milliseconds for one answer */
  timeout: number
  /** URL, perhaps with user and password in it; undefined for the one that pip is configured with */
  packageIndex: string | undefined
  retry: Retry
}

/** pip on the runner, with its own configuration. What could be secret reaches it in the environment, never as an argument. */
export function createPip({ environment, signal, timeout, packageIndex, retry }: PipSettings): RunPip {
  const settings = {
    ...environment,
    PIP_NO_INPUT: '1',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    // Ours are in the log, and counted.
    PIP_RETRIES: '0',
    ...(packageIndex !== undefined && onlyFrom(packageIndex)),
  }
  const silence = `did not answer within ${timeout / 1000} s`
  const ask = async (args: string[]): Promise<Asked> => {
    const options = { environment: settings, signal, timeout, killAfter: 1000 }
    const result = await runProcess('python3', ['-m', 'pip', ...args], options).catch(notStarted)
    if (typeof result === 'string') return { answer: missing(result) }
    if (result.endedBy === 'abort') throw new UserError('Cancelled while pip was asked.')
    if (result.endedBy === 'timeout') {
      const failure = new ProgramFailure(`pip ${silence}.`, { lines: [], waited: timeout })
      return { answer: missing(`it ${silence}`), failure }
    }
    const { exit, stdout, stderr } = result
    if (exit.kind === 'signal') return { answer: missing(`it was ended by ${exit.signal}`) }
    const answer = { state: 'ended', code: exit.code, stdout, stderr } as const
    return { answer, failure: failureOf(answer) }
  }
  return async (args) => {
    let answer: PipAnswer | undefined
    const attempt = async (): Promise<PipAnswer> => {
      const asked = await ask(args)
      answer = asked.answer
      if (asked.failure) throw asked.failure
      return answer
    }
    return retry.run(attempt).catch((error: unknown) => {
      // What pip said in the end is an answer, too: who asks tells an index that is broken from one without the package.
      if (answer === undefined || !(error instanceof ProgramFailure)) throw error
      return answer
    })
  }
}

/** The given index is the only one: no variable and no configuration of the runner names another (package_index.py says how). */
function onlyFrom(packageIndex: string): NodeJS.ProcessEnv {
  const others: NodeJS.ProcessEnv = {}
  for (const [name, value] of Object.entries(givenIndex)) others[name] = value ?? undefined
  return { ...others, PIP_INDEX_URL: packageIndex }
}

/** What came of one call; with a failure, it could be otherwise the next time. */
type Asked = { answer: PipAnswer; failure?: ProgramFailure | undefined }

function missing(reason: string): PipAnswer {
  return { state: 'missing', reason }
}

/** pip takes an index that does not answer for one without the package; only this line tells. */
function failureOf({ code, stdout }: { code: number; stdout: string }): ProgramFailure | undefined {
  if (code === 0) return undefined
  const lines = stdout.split('\n').filter((line) => line.includes('Could not fetch URL'))
  if (lines.length === 0) return undefined
  return new ProgramFailure('pip got no answer from the package index.', { lines })
}

/** @returns the sentence without its end */
function notStarted(error: unknown): string {
  if (error instanceof UserError) return withoutFullStop(error.message)
  throw error
}
