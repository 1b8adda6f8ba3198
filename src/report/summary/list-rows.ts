import { humanBytes, listed } from '../../text.ts'
import type { BaseState, ListedImage, ListedPlatform } from '../../inventory/index.ts'
import { code, escaped, none, shortDigest, wrappingTable } from '../markdown.ts'

const baseWords: Record<BaseState, string> = {
  current: '✅ current',
  moved: '🔁 moved',
  gone: '🚫 gone',
  unknown: '❔ unknown',
}

/** Characters of a version, and tags and variables of one image that are shown */
const longestVersion = 40
const mostTags = 5
const mostVariables = 5

/** Foreign text, which may not be there */
function shown(text: string | undefined): string {
  return text === undefined || text === '' ? none : escaped(text, longestVersion)
}

function tagsCell({ tags }: Pick<ListedImage, 'tags'>): string {
  const rest = tags.length - mostTags
  const names = tags.slice(0, mostTags).map((tag) => code(tag))
  return [...names, ...(rest > 0 ? [`and ${rest} more`] : [])].join('<br>')
}

/** Values of the platforms, once if they are the same */
function perPlatform({ platforms }: ListedImage, cell: (platform: ListedPlatform) => string): string {
  return [...new Set(platforms.map(cell))].join('<br>') || none
}

function gatesCell({ gates }: ListedPlatform): string {
  if (!gates) return '❔'
  const { passed, waived, blocking } = gates
  return [
    `✅ ${passed}`,
    ...(waived > 0 ? [`⚠️ ${waived}`] : []),
    ...(blocking.length > 0 ? [`❌ ${escaped(blocking.join(', '), 200)}`] : []),
  ].join('<br>')
}

/** A variable may be broken anywhere, so that the table fits GitHub's column. */
function breakable(variable: string): string {
  return code(variable, 100).replace(/[_=]/g, '$&<wbr>')
}

/** What pulls an image, and what its user must know besides the versions */
function imageCell(image: ListedImage): string {
  const { digest, platforms } = image
  const names = platforms.map(({ platform }) => escaped(platform, longestVersion))
  const conditions = new Set(platforms.flatMap((platform) => platform.conditions))
  const variables = new Set(
    platforms.flatMap(({ environment }) => Object.entries(environment).map((one) => one.join('='))),
  )
  return [
    tagsCell(image),
    shortDigest(digest),
    ...(names.some((name) => name !== 'linux/amd64') ? [names.join(', ')] : []),
    ...[...conditions].map((condition) => `⚠️ ${breakable(condition)}`),
    ...[...variables].slice(0, mostVariables).map(breakable),
    ...(variables.size > mostVariables ? [`and ${variables.size - mostVariables} more variables`] : []),
  ].join('<br>')
}

type Column = { title: string; cell: (image: ListedImage) => string }

/** Without the local part, which repeats the CUDA */
const version = (title: string, component: string): Column => ({
  title,
  cell: (image) => perPlatform(image, ({ components }) => shown(components[component]?.replace(/\+.*$/, ''))),
})

const columns: readonly Column[] = [
  { title: 'Image', cell: imageCell },
  { title: 'Built', cell: ({ created }) => (created === null ? none : escaped(created.slice(0, 10))) },
  version('Engine', 'engine'),
  version('AIBrix', 'aibrix'),
  version('NIXL', 'nixl'),
  version('UCX', 'ucx'),
  version('Torch', 'torch'),
  version('CUDA', 'cuda'),
  { title: 'Gates', cell: (image) => perPlatform(image, gatesCell) },
  {
    title: 'Adds',
    cell: (image) =>
      perPlatform(image, ({ addedBytes }) => (addedBytes === null ? none : humanBytes(addedBytes))),
  },
  {
    title: 'Base',
    cell: (image) => perPlatform(image, ({ base }) => (base ? baseWords[base.state] : none)),
  },
]

/** The oldest driver for each CUDA of these images; empty if none is known. */
export function driverLine(images: readonly ListedImage[]): string {
  const drivers = images
    .flatMap(({ platforms }) => platforms)
    .flatMap(({ components, minimumDriver }) =>
      minimumDriver === null ? [] : [`CUDA ${shown(components.cuda)} from ${escaped(minimumDriver, 40)} on`],
    )
  const all = [...new Set(drivers)].sort()
  return all.length === 0 ? '' : `Drivers: ${listed(all)}`
}

/** A row for each of this action's images. */
export function imageTable(images: readonly ListedImage[]): string {
  return wrappingTable(
    columns.map(({ title }) => title),
    images.map((image) => columns.map(({ cell }) => cell(image))),
  )
}

/** A row for each image of others. */
export function otherTable(images: readonly ListedImage[]): string {
  const size = ({ totalBytes }: ListedPlatform): string => humanBytes(totalBytes)
  return wrappingTable(
    ['Tags', 'Built', 'Size', 'Digest'],
    images.map((image) => [
      tagsCell(image),
      image.created === null ? none : escaped(image.created.slice(0, 10)),
      perPlatform(image, size),
      shortDigest(image.digest),
    ]),
  )
}
