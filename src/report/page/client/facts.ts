import type { AddedPackage, PagePlatform } from '../data.ts'
import { type Fact, factsOf } from '../view/facts.ts'
import type { Row } from '../view/row.ts'
import { copyButton } from './copy.ts'
import { openDialog } from './dialog.ts'
import { code, create, foreign } from './element.ts'
import type { Store } from './store.ts'
import { rowTitle } from './table-row.ts'

/** Shows the facts of the image that the state names. */
export function showFacts(rows: readonly Row[], packages: readonly AddedPackage[], store: Store): void {
  let open: { key: string; close: () => void } | undefined
  store.watch(({ shown }) => {
    if (open?.key === shown) return
    const before = open
    open = undefined
    before?.close()
    const row = rows.find(({ key }) => key === shown)
    if (row === undefined) return
    const close = openDialog(rowTitle(row), factsParts(row, packages), () => {
      if (open?.key !== row.key) return
      open = undefined
      store.change({ shown: undefined })
    })
    open = { key: row.key, close }
  })
}

function factsParts({ image }: Row, packages: readonly AddedPackage[]): Node[] {
  const { repository, digest, tags, mirrors, created } = image
  const lines: [string, Node][] = [
    ['Pull', copyable(`docker pull ${repository}@${digest}`)],
    ['Tags', list(tags.map((tag) => copyable(`${repository}:${tag}`, tag)))],
    ...(mirrors.length > 0 ? [['Mirrors', list(mirrors.flatMap(mirrorItems))] satisfies [string, Node]] : []),
    ...(created === null ? [] : [['Created', foreign(created)] satisfies [string, Node]]),
  ]
  return [
    create('div', { class: 'group' }, definitions(lines)),
    ...image.platforms.map((platform) => platformPart(platform, packages)),
  ]
}

function mirrorItems({ repository, tags }: { repository: string; tags: readonly string[] }): Node[] {
  return tags.length === 0 ? [copyable(repository)] : tags.map((tag) => copyable(`${repository}:${tag}`))
}

function platformPart(platform: PagePlatform, packages: readonly AddedPackage[]): HTMLElement {
  const groups = Map.groupBy(factsOf(platform), ({ group }) => group)
  const parts = [...groups].map(([group, facts]) =>
    create(
      'div',
      { class: 'group' },
      create('h4', {}, group),
      definitions(facts.map((fact) => [fact.name, valueOf(fact)])),
    ),
  )
  return create(
    'section',
    { class: 'platform' },
    create('h3', {}, foreign(platform.platform)),
    create('div', { class: 'groups' }, ...parts),
    packagesPart(platform, packages),
  )
}

function valueOf({ value, copied }: Fact): Node {
  return copied === undefined ? foreign(value, 'lines') : copyable(copied, value)
}

function packagesPart({ addedPackages }: PagePlatform, packages: readonly AddedPackage[]): HTMLElement {
  if (addedPackages === null)
    return create('p', { class: 'muted' }, 'Which packages are added is unknown without a report.')
  const added = addedPackages.flatMap((position) => packages[position] ?? [])
  const items = added.map(({ from, name, version }) =>
    create('li', {}, create('span', { class: 'from' }, from), foreign(name), ' ', foreign(version, 'muted')),
  )
  return create(
    'details',
    { class: 'packages' },
    create('summary', {}, `${added.length} packages added to the base`),
    create('ul', {}, ...items),
  )
}

function definitions(lines: readonly (readonly [string, Node])[]): HTMLElement {
  return create(
    'dl',
    {},
    ...lines.flatMap(([name, value]) => [create('dt', {}, foreign(name)), create('dd', {}, value)]),
  )
}

function list(items: readonly Node[]): HTMLElement {
  return create('ul', { class: 'plain' }, ...items.map((item) => create('li', {}, item)))
}

/** @param shown what is shown of the copied text */
function copyable(text: string, shown: string = text): HTMLElement {
  return create('span', { class: 'copyable' }, code(shown), copyButton('Copy', text, `Copy ${text}`))
}
