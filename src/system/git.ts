import { runProcess } from './process.ts'
import { UserError } from '../errors.ts'
import type { Retry } from './retry.ts'
import { ProgramFailure } from './program.ts'
import { withoutFullStop } from '../text.ts'

export type GitOptions = {
  /** The operation, for errors: `Fetching AIBrix v0.7.0 from https://…`. Default: the command */
  what?: string
  /** Standard input */
  input?: string
  /** Time-out in milliseconds, if it may take longer than one answer */
  timeout?: number
}

/** Runs git with these arguments. Returns its standard output; throws UserError if git fails. */
export type RunGit = (args: string[], options?: GitOptions) => Promise<string>

export type GitSettings = {
  environment: NodeJS.ProcessEnv
  signal: AbortSignal
  /** Milliseconds for one answer of a remote repository */
  timeout: number
  /** File in the format of git's credential store, for private repositories */
  credentials: string | undefined
  /** File with the text of `globalConfiguration` */
  configuration: string
  retry: Retry
}

/**
 * @returns a configuration that includes the user's own and allows repositories of other users. The
 *   git that serves a path to ours accepts that only in a file that is the system's or the user's
 *   configuration (git-config, safe.directory).
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

/** Runs git on the runner, without password prompts and without credential helpers of its own. */
export function createGit(settings: GitSettings): RunGit {
  const { signal, credentials, retry } = settings
  const environment = {
    ...settings.environment,
    GIT_CONFIG_GLOBAL: settings.configuration,
    // Replace refs could change a pinned commit; SHA-256 repositories cannot fetch from SHA-1 ones.
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_DEFAULT_HASH: 'sha1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ALLOW_PROTOCOL: 'file:git:http:https:ssh',
  }
  const store = credentials === undefined ? [] : ['-c', `credential.helper=store --file=${credentials}`]
  const ask = async (args: string[], options: GitOptions): Promise<string> => {
    const { what = `git ${args.join(' ')}`, timeout = settings.timeout, ...input } = options
    const run = { environment, signal, timeout, killAfter: 1000, ...input }
    const result = await runProcess('git', [...store, ...args], run)
    if (result.endedBy === 'abort') throw new UserError('Cancelled while git was running.')
    const lines = result.stderr.trim().split('\n')
    if (result.endedBy === 'timeout') {
      const problem = `git did not answer within ${timeout / 1000} s: ${what}.`
      throw new ProgramFailure(problem, { lines, waited: timeout })
    }
    if (result.exit.kind === 'code' && result.exit.code === 0) return result.stdout
    throw new ProgramFailure(`${what} failed: ${reasonIn(lines)}.`, { lines })
  }
  return (args, options = {}) => retry.run(() => ask(args, options))
}

/** @returns the line with the reason why git failed. For ssh, it is the line before git's own. */
function reasonIn(lines: readonly string[]): string {
  const printed = lines.filter((line) => line.trim() !== '' && !line.startsWith('Warning: '))
  const own = printed.find((line) => /^(fatal|error|remote): /.test(line)) ?? printed.at(-1)
  const isOfSsh = own?.startsWith('fatal: Could not read from remote repository') === true
  const reason = isOfSsh ? printed[Math.max(0, printed.indexOf(own) - 1)] : own
  return reason === undefined ? 'it printed nothing' : withoutFullStop(reason.trim())
}
