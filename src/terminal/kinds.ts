import type { DefinedInput } from './definition.ts'

/** Inputs that are secrets. Arguments are visible to every process, so these are never options. */
export const secretInputs: readonly string[] = ['secrets', 'password', 'mirror-credentials', 'github-token']

/** The option that reads a secret from standard input */
export function stdinOption(input: string): string {
  return `${input}-stdin`
}

/** The environment variable of an input that a shell can set: `INPUT_GITHUB_TOKEN` */
export function variableOf(input: string): string {
  return `INPUT_${input.toUpperCase().replaceAll('-', '_')}`
}

/**
 * How an option is written: `flag` stands alone or after `no-`, or has a value behind `=`; `secret`
 * is read from standard input or the environment.
 */
export function kindOf({ name, default: byDefault }: DefinedInput): 'flag' | 'secret' | 'value' {
  if (secretInputs.includes(name)) return 'secret'
  return name === 'push' || ['true', 'false'].includes(byDefault) ? 'flag' : 'value'
}

/** Options that only a terminal has. */
export const settings = {
  json: 'The outputs as one JSON object on standard output, all else on standard error',
  details: 'Also the folded parts of the summary',
  verbose: 'Also what the programs of a build print; the logs have it in any case',
  help: 'Show the options, of one command if there is one (-h)',
  version: 'Show the version',
} as const

export type Setting = keyof typeof settings

export function isSetting(name: string): name is Setting {
  return Object.hasOwn(settings, name)
}
