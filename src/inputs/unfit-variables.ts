import { isOwnArgument } from './build-arguments.ts'
import { isProxy } from './credentials.ts'

const settings = 'variables of the engine, AIBrix, NIXL, UCX, NCCL and the like'
const atRun = 'variables that are the same wherever the image runs; give this one to the container'

/**
 * Variables that would change which code runs, or what the programs report by which the gates
 * judge: an image is measured with its variables. Case is ignored, since some are read in any case.
 */
const unfit: readonly [names: RegExp, why: string, instead: string][] = [
  [/^PATH$/i, 'which decides which programs are found', settings],
  [/^(?:PYTHON\w*|VIRTUAL_ENV|PERL5\w*)$/i, 'which decides what code an interpreter runs', settings],
  [/^(?:LD_\w*|GCONV_PATH)$/i, 'which decides which libraries are loaded', settings],
  [/^(?:BASH_\w*|ENV|IFS|CDPATH|SHELLOPTS|BASHOPTS)$/i, 'which changes what a shell does', settings],
  [/^(?:PIP|DPKG)_\w*$/i, 'which changes what pip and dpkg report as installed', settings],
  [
    /^(?:HOME|USER|LOGNAME|SHELL|PWD|OLDPWD|SHLVL|HOSTNAME)$/i,
    'which is set by the user and the machine that run the image',
    atRun,
  ],
]

/**
 * @returns why an image cannot have a variable, as a clause behind its name, and what to use
 *   instead; undefined for a variable that can be put into an image
 */
export function unfitFor(name: string): { why: string; instead: string } | undefined {
  if (isProxy(name)) return { why: 'which describes the network of one machine', instead: atRun }
  if (isOwnArgument(name)) return { why: 'which the Dockerfiles use themselves', instead: settings }
  const found = unfit.find(([names]) => names.test(name))
  return found && { why: found[1], instead: found[2] }
}
