import { runProcess } from '../build/process.ts'
import { UserError } from '../errors.ts'
import type { RunGit } from '../plan/source.ts'

export type GitSettings = {
  environment: NodeJS.ProcessEnv
  signal: AbortSignal
  /** Milliseconds for one answer of a remote repository */
  timeout: number
  /** File in the format of git's credential store, for private repositories */
  credentials: string | undefined
  /** PEM file */
  caCertificates: string | undefined
}

/** Git on the runner, which asks nobody for a password and never falls back to a helper of its own. */
export function createGit(settings: GitSettings): RunGit {
  const { signal, timeout, credentials, caCertificates } = settings
  const environment = {
    ...settings.environment,
    GIT_TERMINAL_PROMPT: '0',
    GIT_ALLOW_PROTOCOL: 'file:git:http:https:ssh',
    ...(caCertificates !== undefined && { GIT_SSL_CAINFO: caCertificates }),
  }
  const store = credentials === undefined ? [] : ['-c', `credential.helper=store --file=${credentials}`]
  return async (args) => {
    const result = await runProcess('git', [...store, '-c', 'safe.directory=*', ...args], {
      environment,
      signal,
      timeout,
      killAfter: 1000,
    })
    if (result.endedBy === 'abort') throw new UserError('Cancelled while git was asked.')
    if (result.endedBy === 'timeout')
      throw new UserError(`git did not answer within ${timeout / 1000} s: git ${args.join(' ')}.`)
    if (result.exit.kind === 'code' && result.exit.code === 0) return result.stdout
    const why =
      result.stderr.split('\n').find((line) => /^(fatal|error|remote): /.test(line)) ??
      result.stderr.trim().split('\n').at(-1)
    throw new UserError(`git ${args.join(' ')} failed: ${why ?? 'it said nothing'}.`)
  }
}
