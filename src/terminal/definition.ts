/** What the options, the help and the completion are generated from: action.yml. */
export type Definition = {
  commands: readonly DefinedCommand[]
  groups: readonly DefinedGroup[]
  /** Names of the outputs whose values are JSON */
  jsonOutputs: readonly string[]
}

/** `about` is a phrase, empty if action.yml has none. */
export type DefinedCommand = { name: string; about: string }

/** Inputs below one comment of action.yml */
export type DefinedGroup = { title: string; inputs: readonly DefinedInput[] }

export type DefinedInput = { name: string; description: string; default: string }

/**
 * Empty in the source, since nothing at run time reads YAML: script/bundle.ts fills it from
 * action.yml.
 */
export const definition: Definition = { commands: [], groups: [], jsonOutputs: [] }

export function inputsOf({ groups }: Definition): DefinedInput[] {
  return groups.flatMap(({ inputs }) => inputs)
}
