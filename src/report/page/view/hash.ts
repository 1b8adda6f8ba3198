import { type Filter, noFilter } from './filter.ts'
import { byAge, type Column, columns, type Sort } from './sort.ts'

/** What a link to the page keeps */
export type Linked = {
  filter: Filter
  sort: Sort
  /** Key of the image whose facts are open */
  shown: string | undefined
}

const names = Object.keys(noFilter) as (keyof Filter)[]

/** @returns the part of a link after `#`; empty for the page as it opens */
export function toHash({ filter, sort, shown }: Linked): string {
  const given = new URLSearchParams()
  for (const name of names) if (filter[name] !== '') given.set(name, filter[name])
  const isUsual = sort.column === byAge.column && sort.descending === byAge.descending
  if (!isUsual) given.set('sort', sort.descending ? `-${sort.column}` : sort.column)
  if (shown !== undefined) given.set('image', shown)
  return given.toString()
}

/** @param hash with or without `#`; what is not understood is ignored, since links are old or typed */
export function fromHash(hash: string): Linked {
  const given = new URLSearchParams(hash.replace(/^#/, ''))
  const filter = { ...noFilter }
  for (const name of names) filter[name] = given.get(name) ?? ''
  return { filter, sort: sortOf(given.get('sort') ?? ''), shown: given.get('image') ?? undefined }
}

function sortOf(text: string): Sort {
  const descending = text.startsWith('-')
  const column = text.replace(/^-/, '')
  return isColumn(column) ? { column, descending } : byAge
}

function isColumn(text: string): text is Column {
  return (columns as readonly string[]).includes(text)
}
