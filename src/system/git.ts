import { runProcess } from './process.ts'
import { UserError } from '../errors.ts'
import type { Retry } from './retry.ts'
import { ProgramFailure } from './program.ts'

export type GitOptions = {
  /** What is done, for the error: `Fetching AIBrix v0.7.0 from https://…`; if left out, git's arguments */
  what?: string
  /** Standard input */
  input?: string
  /** Milliseconds until it is ended, if it may take longer than an answer does */
  timeout?: number
}

/** Runs git with these arguments and gives its standard output. Throws UserError if git fails. */
export type RunGit = (args: string[], options?: GitOptions) => Promise<string>

export type GitSettings = {
  environment: NodeJS.ProcessEnv
  signal: AbortSignal
  /** Milliseconds for one answer of a remote repository */
  timeout: number
  /** File in the format of git's credential store, for private repositories */
  credentials: string | undefined
  /** File with what `globalConfiguration` says */
  configuration: string
  retry: Retry
}

/**
 * What the user has set for git, and that repositories of other users may be read. Only a file says so to the git that serves a
 * path to ours, and only as the system's or the user's own configuration (git-config, safe.directory).
 */
export function globalConfiguration(environment: NodeJS.ProcessEnv): string {
  const {
    HOME: home = '',
    XDG_CONFIG_HOME: configHome = `${home}/.config`,
    GIT_CONFIG_GLOBAL: given,
  } = environment
  // git-config(1), FILES; a file that does not exist is not included.
  const usual = [`${configHome}/git/config`, `${home}/.gitconfig`]
  const included = (given === undefined ? usual : [given]).map(
    (path) => `\tpath = "${path.replace(/["\\]/g, '\\$&')}"\n`,
  )
  return `[include]\n${included.join('')}[safe]\n\tdirectory = *\n\tbareRepository = all\n`
}

/** Git on the runner, which asks nobody for a password and never falls back to a helper of its own. */
export function createGit(settings: GitSettings): RunGit {
  const { signal, credentials, retry } = settings
  const environment = {
    ...settings.environment,
    GIT_CONFIG_GLOBAL: settings.configuration,
    // A pinned commit is what it says, and the repositories that we make are like those that we read.
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_DEFAULT_HASH: 'sha1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ALLOW_PROTOCOL: 'file:git:http:https:ssh',
  }
  const store = credentials === undefined ? [] : ['-c', `credential.helper=store --file=${credentials}`]
  const ask = async (args: string[], options: GitOptions): Promise<string> => {
    const { input, timeout = settings.timeout, what = `git ${args.join(' ')}` } = options
    const result = await runProcess('git', [...store, ...args], {
      ...{ environment, signal, timeout, killAfter: 1000 },
      ...(input !== undefined && { input }),
    })
    if (result.endedBy === 'abort') throw new UserError('Cancelled while git was asked.')
    const lines = result.stderr.trim().split('\n')
    if (result.endedBy === 'timeout') {
      const problem = `git did not answer within ${timeout / 1000} s: ${what}.`
      throw new ProgramFailure(problem, { lines, waited: timeout })
    }
    if (result.exit.kind === 'code' && result.exit.code === 0) return result.stdout
    throw new ProgramFailure(`${what} failed: ${causeIn(lines)}.`, { lines })
  }
  return (args, options = {}) => retry.run(() => ask(args, options))
}

/** @returns the line that says why git failed; where that is ssh, it has said so before git said that it could not read */
function causeIn(lines: readonly string[]): string {
  const said = lines.filter((line) => line.trim() !== '' && !line.startsWith('Warning: '))
  const cause = said.find((line) => /^(fatal|error|remote): /.test(line)) ?? said.at(-1)
  const isOfSsh = cause?.startsWith('fatal: Could not read from remote repository') === true
  const why = isOfSsh ? said[Math.max(0, said.indexOf(cause) - 1)] : cause
  return why?.trim().replace(/\.$/, '') ?? 'it said nothing'
}
