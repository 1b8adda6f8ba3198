import type { AddedPackage } from '../data.ts'
import { compareImages, type Comparison, type Difference } from '../view/difference.ts'
import type { Row } from '../view/row.ts'
import { openDialog } from './dialog.ts'
import { button, code, create, foreign } from './element.ts'
import type { Store } from './store.ts'
import { rowTitle } from './table-row.ts'

/** @returns the bar for the chosen images, which opens their difference */
export function compareBar(
  rows: readonly Row[],
  packages: readonly AddedPackage[],
  store: Store,
): HTMLElement {
  const names = create('div', { class: 'names' })
  // The older one first, as what was before
  const chosenRows = (): Row[] => rows.filter(({ key }) => store.state().chosen.includes(key)).toReversed()
  const compare = button(
    () => {
      const [left, right] = chosenRows()
      if (left !== undefined && right !== undefined)
        openDialog('Difference', differenceParts(left, right, packages), () => undefined)
    },
    { class: 'primary', 'aria-haspopup': 'dialog' },
    'Compare',
  )
  const clear = button(() => store.change({ chosen: [] }), {}, 'Clear')
  const bar = create(
    'div',
    { class: 'bar', role: 'region', 'aria-label': 'Comparison' },
    names,
    compare,
    clear,
  )
  store.watch((state, before) => {
    if (state !== before && state.chosen === before.chosen) return
    const chosen = chosenRows()
    bar.hidden = chosen.length === 0
    compare.disabled = chosen.length < 2
    names.replaceChildren(
      ...chosen.map(nameOf),
      ...(chosen.length === 1 ? [create('span', { class: 'muted' }, 'Choose a second image')] : []),
    )
  })
  return bar
}

function nameOf(row: Row): HTMLElement {
  return create('span', { class: 'name' }, foreign(rowTitle(row)), ' ', code(tagOf(row)))
}

function tagOf({ image }: Row): string {
  return image.tags[0] ?? image.digest
}

function differenceParts(left: Row, right: Row, packages: readonly AddedPackage[]): Node[] {
  const comparisons = compareImages(left.image, right.image, packages)
  const sides = create(
    'div',
    { class: 'sides' },
    ...[left, right].map((row) =>
      create('div', { class: 'side' }, foreign(rowTitle(row)), ' ', code(tagOf(row))),
    ),
  )
  return [sides, ...comparisons.map((comparison) => comparisonPart(comparison, left, right))]
}

function comparisonPart({ title, facts, packages }: Comparison, left: Row, right: Row): HTMLElement {
  return create(
    'section',
    { class: 'platform' },
    create('h3', {}, foreign(title)),
    facts.length === 0
      ? create('p', {}, 'Components, conditions, sizes and base are the same.')
      : differenceTable('Facts', facts, left, right),
    create('h4', {}, 'Packages added to the base'),
    packagesPart(packages, left, right),
  )
}

function packagesPart(packages: Comparison['packages'], left: Row, right: Row): HTMLElement {
  if (packages === null) return create('p', {}, 'One of the two has no report that lists them.')
  if (packages.length === 0) return create('p', {}, 'They are the same, in the same versions.')
  return differenceTable('Packages', packages, left, right)
}

function differenceTable(
  caption: string,
  differences: readonly Difference[],
  left: Row,
  right: Row,
): HTMLElement {
  const rows = differences.map((difference) =>
    create(
      'tr',
      {},
      create(
        'th',
        { scope: 'row' },
        foreign(difference.name),
        ' ',
        create('span', { class: 'from' }, difference.group),
      ),
      ...sideCells(difference),
    ),
  )
  const head = [left, right].map((row) => create('th', { scope: 'col' }, foreign(rowTitle(row))))
  return create(
    'table',
    { class: 'difference' },
    create('caption', { class: 'hidden' }, caption),
    create('thead', {}, create('tr', {}, create('td'), ...head)),
    create('tbody', {}, ...rows),
  )
}

function sideCells({ left, right }: Difference): HTMLElement[] {
  const cell = (value: string | undefined, className: string): HTMLElement =>
    create('td', { class: value === undefined ? 'absent' : className }, foreign(value ?? '–', 'lines'))
  return [cell(left, 'before'), cell(right, 'after')]
}
