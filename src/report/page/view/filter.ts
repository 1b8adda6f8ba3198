import type { Row } from './row.ts'
import { byVersion } from './sort.ts'

/** What rows must have; empty: anything */
export type Filter = Record<'text' | 'engine' | 'version' | 'aibrix' | 'nixl' | 'base', string>

export const noFilter: Filter = { text: '', engine: '', version: '', aibrix: '', nixl: '', base: '' }

/** @returns the rows that have every word of the text and every chosen value, in their order */
export function filtered(rows: readonly Row[], filter: Filter): Row[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean)
  const has = (value: string, values: readonly string[]): boolean => value === '' || values.includes(value)
  return rows.filter(
    (row) =>
      has(filter.engine, [row.engine]) &&
      has(filter.version, row.version) &&
      has(filter.aibrix, row.aibrix) &&
      has(filter.nixl, row.nixl) &&
      has(filter.base, [row.base]) &&
      words.every((word) => row.words.includes(word)),
  )
}

export type ChoiceName = Exclude<keyof Filter, 'text'>

/** @returns the values that a filter can have, versions from the newest on */
export function choicesOf(rows: readonly Row[], name: ChoiceName, versions: readonly string[]): string[] {
  const values = [...new Set(rows.flatMap((row) => row[name]))]
  return name === 'engine' || name === 'base' ? values.sort() : byVersion(values, versions).reverse()
}
