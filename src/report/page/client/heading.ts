import type { PageData } from '../data.ts'
import { engines } from '../../../plan/index.ts'
import type { Row } from '../view/row.ts'
import { versionText } from '../view/version.ts'
import { button, create, foreign } from './element.ts'

/** @returns the top of the page: title, figures, and what upstream has and we have not */
export function heading(data: PageData, rows: readonly Row[]): HTMLElement {
  const title = create('div', { class: 'title' }, create('h1', {}, 'Published images'), themeButton())
  const repositories = data.repositories.map((repository) => create('li', {}, foreign(repository)))
  const made = [`Listed ${data.made.slice(0, 16).replace('T', ' ')} UTC`]
  if (data.where !== '') made.push(`where ${data.where}`)
  return create(
    'header',
    {},
    title,
    create('ul', { class: 'repositories', 'aria-label': 'Repositories' }, ...repositories),
    create('p', { class: 'muted' }, foreign(made.join(', '))),
    figures(rows),
    news(data),
    warnings(data.warnings),
  )
}

function figures(rows: readonly Row[]): HTMLElement {
  const count = (test: (row: Row) => boolean): string => String(rows.filter(test).length)
  const figure = (value: string, name: string, tone = ''): HTMLElement =>
    create('div', { class: `figure ${tone}` }, create('dt', {}, name), create('dd', {}, value))
  return create(
    'dl',
    { class: 'figures' },
    figure(String(rows.length), rows.length === 1 ? 'image' : 'images'),
    figure(
      count(({ standing }) => standing === 'passed'),
      'passed all gates',
      'good',
    ),
    figure(
      count(({ standing }) => standing === 'conditional'),
      'waived or with conditions',
      'care',
    ),
    figure(
      count(({ base }) => base === 'moved' || base === 'gone'),
      'on a moved base',
      'moved',
    ),
  )
}

const names: Readonly<Record<PageData['behind'][number]['what'], string>> = {
  vllm: engines.vllm.title,
  sglang: engines.sglang.title,
  aibrix: 'AIBrix',
  nixl: 'NIXL',
}

/** @returns the releases that are not published yet; undefined if there are none */
function news({ behind }: PageData): HTMLElement | undefined {
  if (behind.length === 0) return undefined
  const items = behind.map(({ what, published, newer }) => {
    const component = what === 'aibrix' || what === 'nixl' ? what : 'engine'
    const text = (version: string): string => versionText(component, version)
    const than = published === null ? 'none is published' : `published: ${text(published)}`
    return create(
      'li',
      {},
      create('strong', {}, names[what]),
      ' ',
      foreign(newer.map(text).join(', ')),
      create('span', { class: 'muted' }, ' ', foreign(than)),
    )
  })
  return create(
    'section',
    { class: 'news', 'aria-label': 'Newer releases' },
    create('h2', {}, 'Newer releases'),
    create('ul', {}, ...items),
  )
}

function warnings(sentences: readonly string[]): HTMLElement | undefined {
  if (sentences.length === 0) return undefined
  const summary = sentences.length === 1 ? '1 warning' : `${sentences.length} warnings`
  const items = sentences.map((sentence) => create('li', {}, foreign(sentence)))
  return create('details', { class: 'warnings' }, create('summary', {}, summary), create('ul', {}, ...items))
}

/** Changes between light and dark until the page is closed. */
function themeButton(): HTMLElement {
  const root = document.documentElement
  const isDark = (): boolean =>
    (root.dataset.theme ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark'
  const label = (): string => (isDark() ? 'Light theme' : 'Dark theme')
  const element = button(
    () => {
      root.dataset.theme = isDark() ? 'light' : 'dark'
      element.textContent = label()
    },
    { class: 'theme' },
    label(),
  )
  return element
}
