import type { Row } from '../view/row.ts'
import { button, create } from './element.ts'
import type { Store } from './store.ts'
import { tableRow } from './table-row.ts'

/** Rows that are added at a time: a browser lays out this many without a delay that one notices */
const batch = 50

/** How far below the screen rows are already there */
const ahead = '1200px'

type TableBody = {
  body: HTMLElement
  /** Stands for the rows that are not there yet, and adds them when it comes near the screen */
  more: HTMLButtonElement
  /** Shows these rows instead of others. */
  show: (rows: readonly Row[]) => void
}

/** @returns a body whose rows are added as they are scrolled to, and all of them to be printed */
export function tableBody(store: Store): TableBody {
  const body = create('tbody', { role: 'rowgroup' })
  const elements = new Map<string, HTMLElement>()
  const elementOf = (row: Row): HTMLElement => {
    const element = elements.get(row.key) ?? tableRow(row, store)
    elements.set(row.key, element)
    return element
  }
  let rows: readonly Row[] = []
  const add = (count: number): void => {
    const start = body.childElementCount
    body.append(...rows.slice(start, start + count).map(elementOf))
    more.hidden = body.childElementCount >= rows.length
    // Only a change is observed, and after a few rows it may still be near.
    nearness.disconnect()
    if (!more.hidden) nearness.observe(more)
  }
  const addAll = (): void => {
    add(rows.length)
  }
  const more = button(addAll, { class: 'more-rows' }, 'Show all')
  const nearness = new IntersectionObserver(
    (entries) => {
      if (entries.some(({ isIntersecting }) => isIntersecting)) add(batch)
    },
    { rootMargin: ahead },
  )
  window.addEventListener('beforeprint', addAll)
  const show = (wanted: readonly Row[]): void => {
    rows = wanted
    body.replaceChildren()
    add(batch)
  }
  return { body, more, show }
}
