import { isOwnArgument } from './build-arguments.ts'
import { isProxy } from './credentials.ts'

/** Why a variable can't be put into an image, as it goes on behind its name, and what there is instead. */
export type Unfit = { why: string; instead: string }

const settings = 'variables of the engine, AIBrix, NIXL, UCX, NCCL and the like'
const atRun = 'variables that are the same wherever the image runs; give this one to the container'

/**
 * An image is measured with its variables: none may change which code that runs, or what those programs say by which a gate judges.
 * Case is ignored, since some of these are read in any.
 */
const unfit: readonly (Unfit & { names: RegExp })[] = [
  { names: /^PATH$/i, why: 'which says what programs are found', instead: settings },
  {
    names: /^(?:PYTHON\w*|VIRTUAL_ENV|PERL5\w*)$/i,
    why: 'which says what code an interpreter runs',
    instead: settings,
  },
  {
    names: /^(?:LD_\w*|GCONV_PATH)$/i,
    why: 'which says what libraries the loader takes',
    instead: settings,
  },
  {
    names: /^(?:BASH_\w*|ENV|IFS|CDPATH|SHELLOPTS|BASHOPTS)$/i,
    why: 'which changes what a shell does',
    instead: settings,
  },
  {
    names: /^(?:PIP|DPKG)_\w*$/i,
    why: 'which changes what pip and dpkg say is installed',
    instead: settings,
  },
  {
    names: /^(?:HOME|USER|LOGNAME|SHELL|PWD|OLDPWD|SHLVL|HOSTNAME)$/i,
    why: 'which is said by the user and the machine that run the image',
    instead: atRun,
  },
]

/** @returns undefined for one that can */
export function unfitFor(name: string): Unfit | undefined {
  if (isProxy(name)) return { why: 'which is about the network of one machine', instead: atRun }
  if (isOwnArgument(name)) return { why: 'which the Dockerfiles use themselves', instead: settings }
  return unfit.find(({ names }) => names.test(name))
}
