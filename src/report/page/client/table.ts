import { filtered } from '../view/filter.ts'
import type { Row } from '../view/row.ts'
import { type Column, columns, type Sort, sorted } from '../view/sort.ts'
import { columnTitles } from './columns.ts'
import { button, create } from './element.ts'
import { tableBody } from './table-body.ts'
import type { Store } from './store.ts'

/** @returns the table of images, which is a list of cards on a narrow screen */
export function table(rows: readonly Row[], versions: readonly string[], store: Store): HTMLElement {
  const { body, more, show } = tableBody(store)
  const status = create('p', { class: 'status muted', role: 'status' })
  const empty = create('p', { class: 'empty' }, 'No image has all of this.')
  store.watch((state, before) => {
    if (state !== before && state.filter === before.filter && state.sort === before.sort) return
    const shown = sorted(filtered(rows, state.filter), state.sort, versions)
    show(shown)
    status.textContent = countText(shown.length, rows.length)
    empty.hidden = shown.length > 0
  })
  // The roles are those of the elements, which these lose as cards.
  const head = create(
    'thead',
    { role: 'rowgroup' },
    create(
      'tr',
      { role: 'row' },
      create('th', { scope: 'col', role: 'columnheader', class: 'choice' }, hiddenText('Compare')),
      ...columns.map((column) => columnHead(column, store)),
      create('th', { scope: 'col', role: 'columnheader', class: 'actions' }, 'Copy'),
    ),
  )
  const caption = create('caption', { class: 'hidden' }, 'Published images')
  return create(
    'section',
    { id: 'images', 'aria-label': 'Images' },
    status,
    create('table', { role: 'table', class: 'images' }, caption, head, body),
    more,
    empty,
  )
}

function countText(shown: number, all: number): string {
  if (shown === all) return all === 1 ? '1 image' : `${all} images`
  return `${shown} of ${all} images`
}

function hiddenText(text: string): HTMLElement {
  return create('span', { class: 'hidden' }, text)
}

/** Numbers and dates begin with the largest, versions with the newest, states with the worst. */
const firstDescending: ReadonlySet<Column> = new Set(['aibrix', 'nixl', 'added', 'created'])

function columnHead(column: Column, store: Store): HTMLElement {
  const arrow = create('span', { class: 'arrow', 'aria-hidden': 'true' })
  const sort = button(
    () => {
      store.change({ sort: nextSort(column, store.state().sort) })
    },
    {},
    columnTitles[column].title,
    arrow,
  )
  const head = create('th', { scope: 'col', role: 'columnheader', class: column }, sort)
  store.watch((state) => {
    const isOwn = state.sort.column === column
    head.setAttribute('aria-sort', isOwn ? (state.sort.descending ? 'descending' : 'ascending') : 'none')
    arrow.textContent = isOwn ? (state.sort.descending ? '↓' : '↑') : ''
  })
  return head
}

function nextSort(column: Column, sort: Sort): Sort {
  const descending = sort.column === column ? !sort.descending : firstDescending.has(column)
  return { column, descending }
}
