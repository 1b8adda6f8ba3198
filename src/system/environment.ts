/** @returns what is set to something: docker and most programs take a variable that is set to nothing for one that is not set */
export function withoutEmpty<Value extends string | undefined>(
  given: Readonly<Record<string, Value>>,
): Record<string, Value> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''))
}
