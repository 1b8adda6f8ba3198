import type { Arguments } from './arguments.ts'
import { type Definition, inputsOf } from './definition.ts'
import { variableOf } from './kinds.ts'

/** Paths of the files that a runner gives to a step. */
export type StepFiles = { output: string; state: string; summary: string }

/**
 * @param environment of the shell, perhaps with inputs as `INPUT_GITHUB_TOKEN`
 * @param stdin what standard input holds, if an option reads it
 * @returns variables as a runner sets them for a step with these inputs; undefined ones are removed.
 *   An argument wins over a variable, and that over the default in action.yml.
 */
export function stepVariables(
  { inputs, command, stdin: [fromStdin] }: Pick<Arguments, 'inputs' | 'command' | 'stdin'>,
  environment: NodeJS.ProcessEnv,
  definition: Definition,
  files: StepFiles,
  stdin = '',
): Record<string, string | undefined> {
  const variables: Record<string, string | undefined> = {
    GITHUB_OUTPUT: files.output,
    GITHUB_STATE: files.state,
    GITHUB_STEP_SUMMARY: files.summary,
  }
  for (const { name, default: byDefault } of inputsOf(definition)) {
    // A runner writes the name with its dashes, which no shell can.
    const [ofRunner, ofShell] = [`INPUT_${name.toUpperCase()}`, variableOf(name)]
    const given = name === 'command' ? command : name === fromStdin ? withoutLineEnd(stdin) : inputs.get(name)
    if (ofShell !== ofRunner) variables[ofShell] = undefined
    variables[ofRunner] = given ?? environment[ofRunner] ?? environment[ofShell] ?? byDefault
  }
  return variables
}

/** `echo` and files end with one. */
function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, '')
}
