import * as v from 'valibot'
import { UserError } from '../../errors.ts'
import { jsonOf } from '../../json.ts'
import { excerpt } from '../../text.ts'
import { Damaged } from '../http/damage.ts'

/** @throws Damaged: `<name> is not JSON.` UserError: `<name> is not valid at <path>: <reason>.` */
export function parsedJson<const Schema extends v.GenericSchema>(
  schema: Schema,
  bytes: Uint8Array,
  name: string,
): v.InferOutput<Schema> {
  const content = jsonOf(Buffer.from(bytes).toString('utf8'))
  if (content === undefined) throw new Damaged(`${name} is not JSON.`)
  const result = v.safeParse(schema, content)
  if (result.success) return result.output
  const [issue] = result.issues
  // valibot quotes what it received, which may be long, and may be anything.
  throw new UserError(
    `${name} is not valid at ${v.getDotPath(issue) ?? 'its top'}: ${excerpt(issue.message)}.`,
  )
}
