import givenIndex from '../../dockerfiles/scripts/common/given_index.json' with { type: 'json' }
import { runProcess } from './process.ts'
import { UserError } from '../errors.ts'
import type { Retry } from './retry.ts'
import { ProgramFailure } from './program.ts'
import { withoutFullStop } from '../text.ts'

/** The result of `python3 -m pip`; `missing` if it could not be run, or did not end by itself. */
export type PipAnswer =
  { state: 'ended'; code: number; stdout: string; stderr: string } | { state: 'missing'; reason: string }

/** Runs pip with these arguments. Throws UserError if the run was cancelled. */
export type RunPip = (args: string[]) => Promise<PipAnswer>

export type PipSettings = {
  environment: NodeJS.ProcessEnv
  signal: AbortSignal
  /** Milliseconds for one answer */
  timeout: number
  /** URL, perhaps with user and password; undefined for the index that pip is configured with */
  packageIndex: string | undefined
  retry: Retry
}

/** Runs pip on the runner, with its own configuration. Secrets are in its environment only. */
export function createPip({ environment, signal, timeout, packageIndex, retry }: PipSettings): RunPip {
  const settings = {
    ...environment,
    PIP_NO_INPUT: '1',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    // Our own retries are logged and counted.
    PIP_RETRIES: '0',
    ...(packageIndex !== undefined && onlyFrom(packageIndex)),
  }
  const silence = `did not answer within ${timeout / 1000} s`
  const ask = async (args: string[]): Promise<Asked> => {
    const options = { environment: settings, signal, timeout, killAfter: 1000 }
    const result = await runProcess('python3', ['-m', 'pip', ...args], options).catch(notStarted)
    if (typeof result === 'string') return { answer: missing(result) }
    if (result.endedBy === 'abort') throw new UserError('Cancelled while pip was running.')
    if (result.endedBy === 'timeout') {
      const failure = new ProgramFailure(`pip ${silence}.`, { lines: [], waited: timeout })
      return { answer: missing(`it ${silence}`), failure }
    }
    const { exit, stdout, stderr } = result
    if (exit.kind === 'signal') return { answer: missing(`it was killed by ${exit.signal}`) }
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
      // pip's last answer counts: the caller distinguishes a broken index from a missing package.
      if (answer === undefined || !(error instanceof ProgramFailure)) throw error
      return answer
    })
  }
}

/** @returns variables that make the given index the only one (see package_index.py) */
function onlyFrom(packageIndex: string): NodeJS.ProcessEnv {
  const others: NodeJS.ProcessEnv = {}
  for (const [name, value] of Object.entries(givenIndex)) others[name] = value ?? undefined
  return { ...others, PIP_INDEX_URL: packageIndex }
}

/** The result of one call; with a failure if the next call may succeed. */
type Asked = { answer: PipAnswer; failure?: ProgramFailure | undefined }

function missing(reason: string): PipAnswer {
  return { state: 'missing', reason }
}

/** pip treats a silent index as one without the package; only this line shows the difference. */
function failureOf({ code, stdout }: { code: number; stdout: string }): ProgramFailure | undefined {
  if (code === 0) return undefined
  const lines = stdout.split('\n').filter((line) => line.includes('Could not fetch URL'))
  if (lines.length === 0) return undefined
  return new ProgramFailure('pip got no answer from the package index.', { lines })
}

/** @returns a reason */
function notStarted(error: unknown): string {
  if (error instanceof UserError) return withoutFullStop(error.message)
  throw error
}
