import { runProcess } from '../build/process.ts'
import { UserError } from '../errors.ts'
import type { RunPip } from '../plan/nixl-index.ts'

export type PipSettings = {
  environment: NodeJS.ProcessEnv
  signal: AbortSignal
  /** Milliseconds for one answer */
  timeout: number
  /** URL, perhaps with user and password in it; undefined for the one that pip is configured with */
  packageIndex: string | undefined
  /** PEM file */
  caCertificates: string | undefined
}

/** pip on the runner, with its own configuration. What could be secret reaches it in the environment, never as an argument. */
export function createPip({
  environment,
  signal,
  timeout,
  packageIndex,
  caCertificates,
}: PipSettings): RunPip {
  const settings = {
    ...environment,
    PIP_NO_INPUT: '1',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    ...(packageIndex !== undefined && { PIP_INDEX_URL: packageIndex }),
    ...(caCertificates !== undefined && { PIP_CERT: caCertificates }),
  }
  return async (args) => {
    const options = { environment: settings, signal, timeout, killAfter: 1000 }
    const result = await runProcess('python3', ['-m', 'pip', ...args], options).catch(notStarted)
    if (typeof result === 'string') return { state: 'missing', reason: result }
    if (result.endedBy === 'abort') throw new UserError('Cancelled while pip was asked.')
    if (result.endedBy === 'timeout')
      return { state: 'missing', reason: `it did not answer within ${timeout / 1000} s` }
    const { exit, stdout, stderr } = result
    if (exit.kind === 'signal') return { state: 'missing', reason: `it was ended by ${exit.signal}` }
    return { state: 'ended', code: exit.code, stdout, stderr }
  }
}

/** @returns the sentence without its end */
function notStarted(error: unknown): string {
  if (error instanceof UserError) return error.message.replace(/\.$/, '')
  throw error
}
