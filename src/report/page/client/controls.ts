import { type ChoiceName, choicesOf, type Filter, noFilter } from '../view/filter.ts'
import { fromHash, toHash } from '../view/hash.ts'
import { engineTitle, type Row } from '../view/row.ts'
import { columns } from '../view/sort.ts'
import { baseStates } from '../view/standing.ts'
import { versionText } from '../view/version.ts'
import { columnTitles } from './columns.ts'
import { button, create } from './element.ts'
import type { Store } from './store.ts'

const choices: Readonly<Record<ChoiceName, { title: string; text: (value: string) => string }>> = {
  engine: {
    title: 'Engine',
    text: (value) => engineTitle(value === 'vllm' || value === 'sglang' ? value : 'other'),
  },
  version: { title: 'Version', text: (value) => versionText('engine', value) },
  aibrix: { title: 'AIBrix', text: (value) => versionText('aibrix', value) },
  nixl: { title: 'NIXL', text: (value) => value },
  base: { title: 'Base', text: (value) => (isBaseState(value) ? baseStates[value].title : value) },
}

function isBaseState(value: string): value is keyof typeof baseStates {
  return Object.hasOwn(baseStates, value)
}

/** @returns the filters and, for cards, the order */
export function controls(rows: readonly Row[], versions: readonly string[], store: Store): HTMLElement {
  const change = (changes: Partial<Filter>): void => {
    store.change({ filter: { ...store.state().filter, ...changes } })
  }
  const names = Object.keys(choices) as ChoiceName[]
  const selects = names.map((name) => {
    const { title, text } = choices[name]
    return choose(title, name, optionsOf(name, text, rows, versions), store, (value) => {
      change({ [name]: value })
    })
  })
  const clear = button(() => store.change({ filter: noFilter }), { class: 'clear' }, 'Clear')
  store.watch(({ filter }) => {
    clear.disabled = Object.values(filter).every((value) => value === '')
  })
  const form = create('form', { class: 'controls', role: 'search', 'aria-label': 'Filter' })
  form.append(searchField(store, change), ...selects, orderSelect(store), clear)
  form.addEventListener('submit', (event) => {
    event.preventDefault()
  })
  return form
}

type Option = readonly [value: string, text: string]

function optionsOf(
  name: ChoiceName,
  text: (value: string) => string,
  rows: readonly Row[],
  versions: readonly string[],
): Option[] {
  return [['', 'Any'], ...choicesOf(rows, name, versions).map((value) => [value, text(value)] as const)]
}

function searchField(store: Store, change: (changes: Partial<Filter>) => void): HTMLElement {
  const input = create('input', {
    type: 'search',
    name: 'text',
    placeholder: 'Tag, digest, package, condition …',
    autocomplete: 'off',
    spellcheck: 'false',
  })
  input.addEventListener('input', () => {
    change({ text: input.value })
  })
  store.watch(({ filter }) => {
    if (input.value !== filter.text) input.value = filter.text
  })
  return create('label', { class: 'search' }, create('span', {}, 'Search'), input)
}

function choose(
  title: string,
  name: ChoiceName,
  options: readonly Option[],
  store: Store,
  act: (value: string) => void,
): HTMLElement {
  const select = selectOf(name, options)
  select.addEventListener('change', () => {
    act(select.value)
  })
  store.watch(({ filter }) => {
    const value = filter[name]
    // A link may name what no image has any more: it is shown, and nothing is found.
    if (![...select.options].some((option) => option.value === value))
      select.append(create('option', { value }, value))
    select.value = value
  })
  return create('label', {}, create('span', {}, title), select)
}

/** The order as a list, because cards have no heads of columns. */
function orderSelect(store: Store): HTMLElement {
  const { filter, shown } = fromHash('')
  const hashOf = (sort: { column: (typeof columns)[number]; descending: boolean }): string =>
    toHash({ filter, shown, sort })
  const options = [...columns].reverse().flatMap((column): Option[] => [
    [hashOf({ column, descending: true }), columnTitles[column].down],
    [hashOf({ column, descending: false }), columnTitles[column].up],
  ])
  const select = selectOf('sort', options)
  select.addEventListener('change', () => {
    store.change({ sort: fromHash(select.value).sort })
  })
  store.watch(({ sort }) => {
    select.value = hashOf(sort)
  })
  return create('label', { class: 'order' }, create('span', {}, 'Order'), select)
}

function selectOf(name: string, options: readonly Option[]): HTMLSelectElement {
  return create('select', { name }, ...options.map(([value, text]) => create('option', { value }, text)))
}
