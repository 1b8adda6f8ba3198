import * as v from 'valibot'

/** @returns the content of a JSON text; undefined if it is not JSON */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** @returns the content of a JSON text; undefined if it is not JSON or does not match the schema */
export function parsed<const Schema extends v.GenericSchema>(
  schema: Schema,
  text: string,
): v.InferOutput<Schema> | undefined {
  const result = v.safeParse(schema, jsonOf(text))
  return result.success ? result.output : undefined
}

/** Objects with keys and values of one type each. By itself valibot also accepts a list. */
export function recordOf<K extends v.GenericSchema<string>, V extends v.GenericSchema>(key: K, value: V) {
  return v.pipe(
    v.unknown(),
    v.check((given) => !Array.isArray(given), 'a list'),
    v.record(key, value),
  )
}
