import { humanBytes } from '../../../text.ts'
import type { Row } from '../view/row.ts'
import { baseStates, standings, standingText } from '../view/standing.ts'
import { versionText } from '../view/version.ts'
import { columnTitles } from './columns.ts'
import { copyButton } from './copy.ts'
import { button, code, create, foreign } from './element.ts'
import { pill } from './look.ts'
import type { Store } from './store.ts'

/** `vLLM v0.10.2`, or the repository of an image of another kind */
export function rowTitle({ title, version, engine, image }: Row): string {
  if (engine === 'other') return image.repository
  return [title, joined('engine', version)].filter(Boolean).join(' ')
}

function joined(component: string, versions: readonly string[]): string {
  return versions.map((version) => versionText(component, version)).join(' / ')
}

/** @returns a row of the table: an element that stays the same in every order and filter */
export function tableRow(row: Row, store: Store): HTMLElement {
  const { image, key } = row
  const cell = (name: keyof typeof columnTitles, ...children: (Node | string)[]): HTMLElement =>
    create('td', { role: 'cell', class: name, 'data-label': columnTitles[name].title }, ...children)
  const version = (name: 'aibrix' | 'nixl'): HTMLElement =>
    cell(name, foreign(joined(name, row[name]) || '–'))
  return create(
    'tr',
    { role: 'row' },
    create('td', { role: 'cell', class: 'choice' }, choice(row, store)),
    cell('image', ...imageParts(row, () => store.change({ shown: key }))),
    version('aibrix'),
    version('nixl'),
    cell('gates', pill(standings[row.standing], standingText(image))),
    cell('base', pill(baseStates[row.base])),
    cell('added', row.addedBytes === null ? '–' : humanBytes(row.addedBytes)),
    cell('created', created(image.created)),
    create('td', { role: 'cell', class: 'actions' }, ...copies(row)),
  )
}

function choice(row: Row, store: Store): HTMLElement {
  const box = create('input', { type: 'checkbox', 'aria-label': `Compare ${labelOf(row)}` })
  box.addEventListener('change', () => {
    const others = store.state().chosen.filter((key) => key !== row.key)
    // A third one replaces the first.
    store.change({ chosen: box.checked ? [...others, row.key].slice(-2) : others })
  })
  store.watch(({ chosen }) => {
    box.checked = chosen.includes(row.key)
  })
  return create(
    'label',
    { class: 'box' },
    box,
    create('span', { class: 'box-text', 'aria-hidden': 'true' }, 'Compare'),
  )
}

/** What tells an image from others of the same versions */
function labelOf({ image }: Row): string {
  return image.tags[0] ?? image.digest
}

function imageParts(row: Row, open: () => void): HTMLElement[] {
  const { image } = row
  const [first = image.digest, ...others] = image.tags
  const platforms = image.platforms.map(({ platform }) => platform.replace('linux/', '')).join(', ')
  return [
    button(open, { class: 'open', 'aria-haspopup': 'dialog' }, foreign(rowTitle(row))),
    create('span', { class: 'platforms muted' }, foreign(platforms)),
    create(
      'span',
      { class: 'tags', title: image.tags.join('\n') },
      code(first),
      others.length > 0 ? create('span', { class: 'more' }, `+${others.length}`) : undefined,
    ),
  ]
}

function created(time: string | null): HTMLElement | string {
  return time === null ? '–' : create('time', { datetime: time, title: time }, time.slice(0, 10))
}

function copies(row: Row): HTMLElement[] {
  const { repository, digest, tags } = row.image
  const [tag] = tags
  return [
    copyButton('Pull', `docker pull ${repository}@${digest}`, `Copy the pull command of ${labelOf(row)}`),
    ...(tag === undefined ? [] : [copyButton('Tag', `${repository}:${tag}`, `Copy the tag ${tag}`)]),
  ]
}
