import { humanBytes } from '../../text.ts'
import type { BaseState, ListedImage, ListedPlatform } from '../../inventory/index.ts'
import { code, escaped, none, shortDigest, wrappingTable } from '../markdown.ts'

const baseWords: Record<BaseState, string> = {
  current: '✅ current',
  moved: '🔁 moved',
  gone: '🚫 gone',
  unknown: '❔ unknown',
}

/** Characters of a version, and tags of one image that are shown */
const longestVersion = 40
const mostTags = 5

/** Foreign text, which may not be there */
function shown(text: string | undefined): string {
  return text === undefined || text === '' ? none : escaped(text, longestVersion)
}

export function tagsCell({ tags }: Pick<ListedImage, 'tags'>): string {
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
    ...(waived > 0 ? [`⚠️ ${waived} waived`] : []),
    ...(blocking.length > 0 ? [`❌ ${escaped(blocking.join(', '), 200)}`] : []),
  ].join('<br>')
}

function cudaCell({ components, minimumDriver }: ListedPlatform): string {
  const driver = minimumDriver === null ? [] : [`≥ ${escaped(minimumDriver, longestVersion)}`]
  return [shown(components.cuda), ...driver].join('<br>')
}

type Column = {
  title: string
  cell: (image: ListedImage) => string
  isShown?: (images: readonly ListedImage[]) => boolean
}

const version = (title: string, component: string): Column => ({
  title,
  cell: (image) => perPlatform(image, ({ components }) => shown(components[component])),
})

const columns: readonly Column[] = [
  { title: 'Tags', cell: tagsCell },
  { title: 'Built', cell: ({ created }) => (created === null ? none : escaped(created.slice(0, 10))) },
  {
    title: 'Platforms',
    cell: ({ platforms }) => platforms.map(({ platform }) => escaped(platform, longestVersion)).join('<br>'),
    isShown: (images) =>
      images.some(({ platforms }) => platforms.some(({ platform }) => platform !== 'linux/amd64')),
  },
  version('Engine', 'engine'),
  version('AIBrix', 'aibrix'),
  version('NIXL', 'nixl'),
  version('UCX', 'ucx'),
  version('Torch', 'torch'),
  { title: 'CUDA, driver', cell: (image) => perPlatform(image, cudaCell) },
  {
    title: 'Conditions',
    cell: (image) =>
      perPlatform(image, ({ conditions }) => conditions.map((one) => code(one, 100)).join('<br>') || none),
    isShown: (images) =>
      images.some(({ platforms }) => platforms.some(({ conditions }) => conditions.length > 0)),
  },
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
  { title: 'Digest', cell: ({ digest }) => shortDigest(digest) },
]

/** A row for each of this action's images. */
export function imageTable(images: readonly ListedImage[]): string {
  const some = columns.filter(({ isShown }) => isShown?.(images) ?? true)
  return wrappingTable(
    some.map(({ title }) => title),
    images.map((image) => some.map(({ cell }) => cell(image))),
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
