import { createRedact, type IsOrdinary } from '../system/index.ts'
import { longestValue, oneLine, variableName } from '../plan/index.ts'
import { InputReader } from './problems.ts'
import { looksSecret } from './secret-like.ts'
import { unfitFor } from './unfit-variables.ts'

/** One line of the input, counted from 1. Its value is never shown, since it may be a secret. */
type Line = { number: number; name: string; value: string }

const elsewhere =
  'a variable without secrets, since everybody with the image can read it; give this one to the container'

/** Reads the image's variables from lines `NAME=value`. Nothing in a value is expanded. */
export function readEnvironment(reader: InputReader): Record<string, string> {
  const found = new Map<string, string>()
  for (const { number, name, value } of linesOf(reader)) {
    const problem = whyRefused(name, value, found.get(name))
    if (problem) reader.refuse('environment', problem.use, `line ${number} (${name})${problem.what}`)
    else found.set(name, value)
  }
  return Object.fromEntries(found)
}

/** @param before the value of an earlier line with the same name */
function whyRefused(
  name: string,
  value: string,
  before: string | undefined,
): { what: string; use: string } | undefined {
  const unfit = unfitFor(name)
  if (unfit) return { what: `, ${unfit.why},`, use: unfit.instead }
  if (!oneLine.test(value))
    return { what: ', whose value has a control or invisible character,', use: 'a value of plain text' }
  if (value.length > longestValue)
    return {
      what: `, whose value has ${value.length} characters,`,
      use: `a value of at most ${longestValue} characters`,
    }
  if (looksSecret(name, value)) return { what: ', which looks like a secret (not shown),', use: elsewhere }
  if (before !== undefined && before !== value)
    return { what: ' again, with another value,', use: 'each name once' }
  return undefined
}

/** Refuses variables that hold a secret of another input, under any name. */
export function refuseGivenSecrets(
  reader: InputReader,
  secrets: readonly string[],
  isOrdinary: IsOrdinary,
): void {
  const redact = createRedact(secrets, isOrdinary)
  // `readEnvironment` refuses bad lines.
  for (const { number, name, value } of linesOf(new InputReader(reader.read)))
    if (!looksSecret(name, value) && redact(value) !== value)
      reader.refuse(
        'environment',
        elsewhere,
        `line ${number} (${name}), which holds a secret of another input (not shown),`,
      )
}

function linesOf(reader: InputReader): Line[] {
  return reader
    .read('environment')
    .split('\n')
    .flatMap((text, index): Line[] => {
      const [number, line] = [index + 1, text.trim()]
      if (line === '') return []
      const equals = line.indexOf('=')
      const name = line.slice(0, Math.max(equals, 0)).trim()
      if (variableName.test(name)) return [{ number, name, value: line.slice(equals + 1).trim() }]
      reader.refuse(
        'environment',
        'lines NAME=value, with letters, digits and _ in the name and no digit first',
        `line ${number} (not shown)`,
      )
      return []
    })
}
