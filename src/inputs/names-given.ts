import { UserError } from '../errors.ts'
import { inputNames } from './names.ts'

/** How many letters a name may differ from an input's and still be meant for it. */
const near = 2

/**
 * A runner hands over whatever a step has under `with`, and only warns of what action.yml does not have.
 * @param environment with `INPUT_SKIP-UNCHANGED=true`: names in upper case, with `_` for blanks
 * @param ofCaller inputs of the composite action whose step this is: some runners hand them on, so none of them is an error
 * @returns a sentence for each input that there is not, where it can't be told which was meant
 * @throws UserError with a sentence for each that is spelt almost like one
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
    if (meant === undefined) notices.push(`There is no input "${name}"; what it says is not used.`)
    else if (ofCaller.has(name))
      notices.push(
        `There is no input "${name}", only "${meant}"; what the calling action's says is not used.`,
      )
    else misspelt.push(`There is no input "${name}"; write "${meant}" if that is meant, else leave it out.`)
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

/** @returns how many letters are missing, too many, wrong or swapped with their neighbour (optimal string alignment) */
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
