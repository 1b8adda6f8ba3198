/** @returns the variables that are not empty; most programs treat empty ones as unset */
export function withoutEmpty<Value extends string | undefined>(
  given: Readonly<Record<string, Value>>,
): Record<string, Value> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''))
}
