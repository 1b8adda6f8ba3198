import { UserError } from '../errors.ts'
import { inputNames } from './names.ts'

/** Letters by which an unknown name may differ from the input that it is a misspelling of. */
const near = 2

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
    const meant = nearest(name)
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

function nearest(name: string): string | undefined {
  const [first] = inputNames
    .map((input) => ({ input, letters: distance(name, input) }))
    .filter(({ letters }) => letters <= near)
    .sort((left, right) => left.letters - right.letters)
  return first?.input
}

/** @returns how many letters are missing, extra, wrong or swapped (optimal string alignment) */
function distance(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, column) => column)]
  const at = (row: number, column: number): number => rows[row]?.[column] ?? Infinity
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row]
    rows.push(current)
    for (let column = 1; column <= to.length; column += 1) {
      const [one, other] = [from[row - 1], to[column - 1]]
      const isSwapped = one === to[column - 2] && from[row - 2] === other
      current[column] = Math.min(
        at(row - 1, column) + 1,
        at(row, column - 1) + 1,
        at(row - 1, column - 1) + (one === other ? 0 : 1),
        isSwapped ? at(row - 2, column - 2) + 1 : Infinity,
      )
    }
  }
  return at(from.length, to.length)
}
