import { runProcess } from '../build/process.ts'
import { UserError } from '../errors.ts'
import type { RunGit } from '../plan/source.ts'
import type { Retry } from '../retry.ts'
import { ProgramFailure } from './program.ts'

export type GitSettings = {
  environment: NodeJS.ProcessEnv
  signal: AbortSignal
  /** Milliseconds for one answer of a remote repository */
  timeout: number
  /** File in the format of git's credential store, for private repositories */
  credentials: string | undefined
  retry: Retry
}

/** Git on the runner, which asks nobody for a password and never falls back to a helper of its own. */
export function createGit(settings: GitSettings): RunGit {
  const { signal, timeout, credentials, retry } = settings
  const environment = {
    ...settings.environment,
    GIT_TERMINAL_PROMPT: '0',
    GIT_ALLOW_PROTOCOL: 'file:git:http:https:ssh',
  }
  const store = credentials === undefined ? [] : ['-c', `credential.helper=store --file=${credentials}`]
  const ask = async (args: string[]): Promise<string> => {
    const result = await runProcess('git', [...store, '-c', 'safe.directory=*', ...args], {
      environment,
      signal,
      timeout,
      killAfter: 1000,
    })
    if (result.endedBy === 'abort') throw new UserError('Cancelled while git was asked.')
    const lines = result.stderr.trim().split('\n')
    if (result.endedBy === 'timeout') {
      const what = `git did not answer within ${timeout / 1000} s: git ${args.join(' ')}.`
      throw new ProgramFailure(what, { lines, waited: timeout })
    }
    if (result.exit.kind === 'code' && result.exit.code === 0) return result.stdout
    const why = lines.find((line) => /^(fatal|error|remote): /.test(line)) ?? lines.at(-1)
    throw new ProgramFailure(`git ${args.join(' ')} failed: ${why ?? 'it said nothing'}.`, { lines })
  }
  return (args) => retry.run(() => ask(args))
}
