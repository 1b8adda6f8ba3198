import { createHash } from 'node:crypto'

/**
 * @param indent spaces of one level. Default: all on one line
 * @returns the same bytes for the same value, whatever the order of keys
 */
export function canonicalJson(value: unknown, indent?: number): string {
  const sorted = (_: string, inner: unknown): unknown =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([left], [right]) => (left < right ? -1 : 1)))
      : inner
  return JSON.stringify(value, sorted, indent)
}

/** @returns 64 hexadecimal digits */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
