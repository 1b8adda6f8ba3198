import { createHash } from 'node:crypto'

/**
 * The same bytes for the same value, in whatever order its objects were put together; lists keep their order.
 * @param indent spaces of one level; none: all on one line
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
