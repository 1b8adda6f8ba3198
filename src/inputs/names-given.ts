import { UserError } from '../errors.ts'
import { inputNames } from './names.ts'
import { nearest } from './spelling.ts'

/**
 * Finds inputs that action.yml does not have: a runner passes on everything under `with`,
 * and only warns.
 * @param environment with `INPUT_SKIP-UNCHANGED=true`: names in upper case, with `_` for blanks
 * @param ofCaller inputs of the composite action that this step is in; some runners pass them on,
 *   so none of them is an error
 * @returns a notice for each unknown input that is not an error
 * @throws UserError with a sentence for each misspelt input
 */
export function checkNames(environment: NodeJS.ProcessEnv, ofCaller: ReadonlySet<string>): string[] {
  const unknown = Object.keys(environment)
    .filter((variable) => variable.startsWith('INPUT_'))
    .map((variable) => variable.slice('INPUT_'.length).toLowerCase())
    .filter((name) => !(inputNames as readonly string[]).includes(name))
    .sort()
  const misspelt: string[] = []
  const notices: string[] = []
  for (const name of unknown) {
    const meant = nearest(name, inputNames)
    if (meant === undefined) notices.push(`The unknown input "${name}" is ignored.`)
    else if (ofCaller.has(name))
      notices.push(
        `The unknown input "${name}" is ignored: it is the calling action's; this action has "${meant}".`,
      )
    else misspelt.push(`There is no input "${name}"; use "${meant}", or remove it.`)
  }
  if (misspelt.length > 0) throw new UserError(misspelt.join('\n'))
  return notices
}
