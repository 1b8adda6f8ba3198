import {
  engines,
  lacksInMirrors,
  pendingLegsOf,
  type PlannedImage,
  publicTagsOf,
  refInTag,
} from '../../plan/index.ts'
import { familiarReference, familiarRepository } from '../../registry/index.ts'
import { many, type Part } from '../fit.ts'
import { code, counted, escaped, folded, wrappingTable } from '../markdown.ts'
import { causeText } from './cause-part.ts'

/** What the plan does with an image, as in the heading. */
export const fates = {
  build: '🔨 to build',
  undecided: '❔ to build if its base allows it',
  promote: '🏷️ to promote only',
  unchanged: '✅ unchanged',
} as const

export type Fate = keyof typeof fates

export function fateOf(image: PlannedImage): Fate {
  const legs = pendingLegsOf(image)
  if (legs.some(({ feasibility }) => feasibility === 'unknown')) return 'undecided'
  if (legs.length > 0) return 'build'
  const isThere = image.published.kind === 'same' && image.published.missingTags.length === 0
  return isThere && !lacksInMirrors(image) ? 'unchanged' : 'promote'
}

/** @returns `🔨 build 1 of 2 legs, forced` */
function actionText(image: PlannedImage): string {
  const legs = pendingLegsOf(image)
  const all = image.legs.length
  const some = all === 1 ? '' : legs.length === all ? ` ${all} legs` : ` ${legs.length} of ${all} legs`
  const forced = legs.some(({ feasibility }) => feasibility === 'forced') ? ', forced' : ''
  switch (fateOf(image)) {
    case 'build':
      return `🔨 build${some}${forced}`
    case 'undecided':
      return `❔ build${some}, if its base allows it${forced}`
    case 'promote':
      return image.published.kind === 'same' ? `🏷️ ${additions(image, image.published)}` : '🏷️ promote only'
    case 'unchanged':
      return '✅ unchanged'
  }
}

/** @returns `add 1 tag, 2 tags in mirrors` */
function additions(
  { mirrors }: PlannedImage,
  { missingTags }: Extract<PlannedImage['published'], { kind: 'same' }>,
): string {
  const own = missingTags.length
  const inMirrors = mirrors.reduce((sum, mirror) => sum + mirror.missingTags.length, 0)
  const parts = [
    ...(own > 0 ? [counted(own, 'tag')] : []),
    ...(inMirrors > 0 ? [`${counted(inMirrors, 'tag')} in mirrors`] : []),
  ]
  return `add ${parts.join(', ')}`
}

/** What a published image lacks in its mirrors; of others, its mirrors. */
function mirrorLines({ published, mirrors }: PlannedImage): string[] {
  return mirrors.flatMap(({ repository, missingTags }) =>
    published.kind === 'same'
      ? missingTags.map((tag) => `add ${code(familiarReference({ ...repository, tag }))}`)
      : [`also to ${code(familiarRepository(repository))}`],
  )
}

/** @param hasPlatforms whether platforms get a column */
function imageTable(images: readonly PlannedImage[], hasPlatforms: boolean): string {
  const platforms = hasPlatforms ? ['Platforms'] : []
  const head = ['Version', 'AIBrix', 'NIXL', ...platforms, 'What happens', 'Why', 'Tags']
  const rows = images.map((image) => {
    const { legs, tags, published } = image
    const names = published.kind === 'same' ? publicTagsOf(tags, published) : tags
    return [
      `**${escaped(image.version.tag, 80)}**`,
      escaped(refInTag(legs[0].aibrix), 80),
      escaped(legs[0].nixl, 40),
      ...platforms.map(() => legs.map(({ platform }) => escaped(platform, 40)).join('<br>')),
      actionText(image),
      escaped(causeText(image), 400),
      [...names.map((tag) => code(tag)), ...mirrorLines(image)].join('<br>'),
    ]
  })
  return wrappingTable(head, rows)
}

/** One table for each engine; many unchanged images are folded. */
export function engineParts(images: readonly PlannedImage[]): Part[] {
  const hasPlatforms = images.some(({ legs }) => legs.some(({ platform }) => platform !== 'linux/amd64'))
  const tables = (some: readonly PlannedImage[]): Part[] =>
    some.length === 0 ? [] : [{ text: imageTable(some, hasPlatforms) }]
  const groups = Map.groupBy(
    images,
    ({ engine, repository }) => `### ${engines[engine].title} → ${code(familiarRepository(repository))}`,
  )
  return [...groups].flatMap(([heading, group]) => {
    const unchanged = group.filter((image) => fateOf(image) === 'unchanged')
    if (unchanged.length < many) return [{ text: heading }, ...tables(group)]
    const title = `✅ ${counted(unchanged.length, 'image')} unchanged`
    const rest = { text: folded(title, imageTable(unchanged, hasPlatforms)), drop: 'unchanged images' }
    return [{ text: heading }, ...tables(group.filter((image) => !unchanged.includes(image))), rest]
  })
}
