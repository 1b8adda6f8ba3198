import { createRedact, type IsOrdinary } from '../system/index.ts'
import { isOneLine, isVariableName, longestValue } from '../plan/index.ts'
import type { Source } from './fields.ts'
import { Problems } from './problems.ts'
import { looksSecret } from './secret-like.ts'
import { unfitFor } from './unfit-variables.ts'

/** One line of the input, which counts from 1. The value is never shown: it may turn out to be a secret. */
type Line = { number: number; name: string; value: string }

const elsewhere = 'a variable without, since everybody who has the image reads it; give it to the container'

/** Variables that are put into the image, from lines `NAME=value`. Values are taken as they stand: nothing in them is expanded. */
export function readEnvironment(source: Source): Record<string, string> {
  const found = new Map<string, string>()
  for (const line of linesOf(source)) {
    const { name, value } = line
    const complain = (what: string, allowed: string) =>
      source.problems.add('environment', `line ${line.number} (${name})${what}`, allowed)
    const unfit = unfitFor(name)
    const before = found.get(name)
    if (unfit) complain(`, ${unfit.why},`, unfit.instead)
    else if (!isOneLine(value))
      complain(', whose value has a control or invisible character,', 'a value of plain text')
    else if (value.length > longestValue)
      complain(
        `, whose value has ${value.length} characters,`,
        `a value of at most ${longestValue} characters`,
      )
    else if (looksSecret(name, value)) complain(', which looks like a secret (not shown),', elsewhere)
    else if (before !== undefined && before !== value)
      complain(' again, with another value', 'each name once')
    else found.set(name, value)
  }
  return Object.fromEntries(found)
}

/** What is given as a secret elsewhere must not be in an image, under whatever name. */
export function refuseGivenSecrets(source: Source, secrets: readonly string[], isOrdinary: IsOrdinary): void {
  const redact = createRedact(secrets, isOrdinary)
  // What is wrong with the lines is complained about once, above.
  for (const { number, name, value } of linesOf({ read: source.read, problems: new Problems() }))
    if (!looksSecret(name, value) && redact(value) !== value)
      source.problems.add(
        'environment',
        `line ${number} (${name}), which has what is a secret in another input (not shown),`,
        elsewhere,
      )
}

function linesOf({ read, problems }: Source): Line[] {
  return read('environment')
    .split('\n')
    .flatMap((text, index): Line[] => {
      const [number, line] = [index + 1, text.trim()]
      if (line === '') return []
      const equals = line.indexOf('=')
      const name = line.slice(0, Math.max(equals, 0)).trim()
      if (isVariableName(name)) return [{ number, name, value: line.slice(equals + 1).trim() }]
      problems.add(
        'environment',
        `line ${number} (not shown)`,
        'lines NAME=value, with letters, digits and _ in the name and no digit first',
      )
      return []
    })
}
