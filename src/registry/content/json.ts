import * as v from 'valibot'
import { UserError } from '../../errors.ts'
import { Damaged } from '../http/damage.ts'

/** @throws Damaged `<name> is not JSON.` */
export function parseJson(bytes: Uint8Array, name: string): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    throw new Damaged(`${name} is not JSON.`)
  }
}

/** @throws UserError `<name> is not valid at <path>: <what is wrong>.` */
export function checked<const Schema extends v.GenericSchema>(
  schema: Schema,
  content: unknown,
  name: string,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, content)
  if (result.success) return result.output
  const [issue] = result.issues
  // valibot quotes what it received, which may be long, and may be anything.
  throw new UserError(
    `${name} is not valid at ${v.getDotPath(issue) ?? 'its top'}: ${printable(issue.message)}.`,
  )
}

/** @returns foreign text made fit for one line of a log: control and invisible characters removed, shortened */
export function printable(text: string, maximumLength = 200): string {
  const clean = text
    .slice(0, maximumLength * 4)
    .replace(/[\p{C}\p{Z}]+/gu, ' ')
    .trim()
  return clean.length > maximumLength ? `${clean.slice(0, maximumLength - 1)}…` : clean
}

/** Objects with keys and values of one kind. By itself valibot takes a list for an object with numbers as its keys. */
export function recordOf<K extends v.GenericSchema<string>, V extends v.GenericSchema>(key: K, value: V) {
  return v.pipe(
    v.unknown(),
    v.check((given) => !Array.isArray(given), 'a list'),
    v.record(key, value),
  )
}
