import type { Row } from './row.ts'

export const columns = ['image', 'aibrix', 'nixl', 'gates', 'base', 'added', 'created'] as const
export type Column = (typeof columns)[number]

export type Sort = { column: Column; descending: boolean }

/** As the data is: the newest first */
export const byAge: Sort = { column: 'created', descending: true }

type Key = string | number | null

const standingOrder = ['blocked', 'unjudged', 'conditional', 'passed']
const baseOrder = ['gone', 'moved', 'unknown', 'current']

/**
 * @returns the rows in order; equal ones keep theirs, and those without a value are at the end in
 *   both directions
 * @param versions the oldest first
 */
export function sorted(
  rows: readonly Row[],
  { column, descending }: Sort,
  versions: readonly string[],
): Row[] {
  const keysOf = keysOfRow(column, ranksOf(versions))
  const sign = descending ? -1 : 1
  return rows
    .map((row) => ({ row, keys: keysOf(row) }))
    .sort((left, right) => compareKeys(left.keys, right.keys, sign))
    .map(({ row }) => row)
}

/** @returns values in the order of `versions`, those that are not among them first */
export function byVersion(values: readonly string[], versions: readonly string[]): string[] {
  const ranks = ranksOf(versions)
  return values.toSorted((left, right) => (ranks.get(left) ?? -1) - (ranks.get(right) ?? -1))
}

function ranksOf(versions: readonly string[]): Map<string, number> {
  return new Map(versions.map((version, rank) => [version, rank]))
}

function keysOfRow(column: Column, ranks: ReadonlyMap<string, number>): (row: Row) => Key[] {
  const rank = ([version]: readonly string[]): Key =>
    version === undefined ? null : (ranks.get(version) ?? null)
  const keys: Record<Column, (row: Row) => Key[]> = {
    image: ({ title, version }) => [title, rank(version)],
    aibrix: ({ aibrix }) => [rank(aibrix)],
    nixl: ({ nixl }) => [rank(nixl)],
    gates: ({ standing }) => [standingOrder.indexOf(standing)],
    base: ({ base }) => [baseOrder.indexOf(base)],
    added: ({ addedBytes }) => [addedBytes],
    created: ({ image }) => [image.created],
  }
  return keys[column]
}

function compareKeys(left: readonly Key[], right: readonly Key[], sign: number): number {
  for (const [index, one] of left.entries()) {
    const other = right[index] ?? null
    if (one === other) continue
    if (one === null) return 1
    if (other === null) return -1
    return one < other ? -sign : sign
  }
  return 0
}
