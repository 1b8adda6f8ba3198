import { noFilter } from '../view/filter.ts'
import { type Cell, legend, type Line, matricesOf, type Matrix } from '../view/matrix.ts'
import type { Row } from '../view/row.ts'
import { versionText } from '../view/version.ts'
import { button, create, foreign } from './element.ts'
import type { Store } from './store.ts'

/** Versions of an engine that are shown at first */
const most = 8

/** @returns engine versions by AIBrix versions, with a legend; undefined without images of an engine */
export function matrix(
  rows: readonly Row[],
  versions: readonly string[],
  store: Store,
): HTMLElement | undefined {
  const matrices = matricesOf(rows, versions)
  if (matrices.length === 0) return undefined
  return create(
    'section',
    { class: 'matrices', 'aria-labelledby': 'matrices' },
    create('h2', { id: 'matrices' }, 'Versions'),
    legendOf(matrices),
    create('div', { class: 'grids' }, ...matrices.map((one) => grid(one, store))),
  )
}

/** States beyond the first three are explained only if they occur. */
function legendOf(matrices: readonly Matrix[]): HTMLElement {
  const cells = matrices.flatMap(({ lines }) => lines.flatMap((line) => line.cells))
  const used = new Set(cells.map((cell) => cell?.look))
  const items = legend
    .filter((look, index) => index < 3 || used.has(look))
    .map(({ tone, symbol, title }) => create('li', {}, mark(tone, symbol), title))
  return create('ul', { class: 'legend' }, ...items, create('li', {}, mark('none', '·'), 'No image'))
}

function mark(tone: string, symbol: string): HTMLElement {
  return create('span', { class: `mark ${tone}`, 'aria-hidden': 'true' }, symbol)
}

function grid(matrix: Matrix, store: Store): HTMLElement {
  const { title, aibrix, lines } = matrix
  const heads = aibrix.map((version) =>
    create('th', { scope: 'col' }, foreign(versionText('aibrix', version))),
  )
  const body = create('tbody')
  const show = (count: number): void =>
    body.replaceChildren(...lines.slice(0, count).map((line) => gridLine(line, matrix, store)))
  show(most)
  const table = create(
    'table',
    { class: 'grid' },
    create('caption', { class: 'hidden' }, `${title} versions by AIBrix versions`),
    create('thead', {}, create('tr', {}, create('td', {}, 'AIBrix'), ...heads)),
    body,
  )
  const all = button(
    () => {
      show(lines.length)
      all.remove()
    },
    { class: 'all' },
    `Show all ${lines.length} versions`,
  )
  return create(
    'div',
    { class: 'engine' },
    create('h3', {}, title),
    // Wider than the screen, it scrolls by itself, with the keyboard, too.
    create('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': `${title} matrix` }, table),
    lines.length > most ? all : undefined,
  )
}

function gridLine({ version, cells }: Line, matrix: Matrix, store: Store): HTMLElement {
  return create(
    'tr',
    {},
    create('th', { scope: 'row' }, foreign(versionText('engine', version))),
    ...cells.map((cell, column) =>
      cell === undefined
        ? create('td', {}, mark('none', '·'), create('span', { class: 'hidden' }, 'none'))
        : create('td', {}, cellButton(cell, version, matrix.aibrix[column] ?? '', matrix, store)),
    ),
  )
}

/** Its click filters the table by this cell. */
function cellButton(
  { look, rows }: Cell,
  version: string,
  aibrix: string,
  { engine, title }: Matrix,
  store: Store,
): HTMLElement {
  const count = rows.length === 1 ? '1 image' : `${rows.length} images`
  const names = `${title} ${versionText('engine', version)}, AIBrix ${versionText('aibrix', aibrix)}`
  const text = `${names}: ${look.title}, ${count}`
  return button(
    () => {
      store.change({ filter: { ...noFilter, engine, version, aibrix } })
      document.getElementById('images')?.scrollIntoView()
    },
    { class: `mark ${look.tone}`, title: text, 'aria-label': text },
    create('span', { class: 'symbol' }, look.symbol),
    rows.length > 1 ? create('span', { class: 'count' }, String(rows.length)) : undefined,
  )
}
