import type { ListedImage, ListedPlatform } from '../../inventory/index.ts'
import { listed } from '../../text.ts'
import type { Part } from '../fit.ts'
import { bullets, code, codeBlock, counted, escaped, folded } from '../markdown.ts'

/** The title of an image in a list: its first tag, with the platform if there are several */
function nameOf({ tags, platforms }: ListedImage, { platform }: ListedPlatform): string {
  return `${tags[0] ?? ''}${platforms.length > 1 ? ` ${platform}` : ''}`
}

type Named = { name: string; platform: ListedPlatform }

function namedPlatforms(images: readonly ListedImage[]): Named[] {
  return images.flatMap((image) =>
    image.platforms.map((platform) => ({ name: nameOf(image, platform), platform })),
  )
}

function namesCell(group: readonly Named[]): string {
  return listed(
    group.map(({ name }) => code(name, 140)),
    3,
  )
}

/** Waived gates with their reasons, once for all images that share them. @param limit characters */
function waiverPart(platforms: readonly Named[], limit: number): Part[] {
  const all = platforms.flatMap((one) => one.platform.waivers.map((waiver) => ({ ...one, ...waiver })))
  if (all.length === 0) return []
  const groups = [...Map.groupBy(all, ({ gate, reason }) => `${gate}\n${reason}`).values()]
  const lines = groups.flatMap((group) => {
    const [first] = group
    return first ? [`${code(first.gate, 100)}: ${escaped(first.reason, limit)} (${namesCell(group)})`] : []
  })
  const text = folded(counted(groups.length, 'waiver'), bullets(lines))
  return [{ text, drop: 'waivers' }]
}

/** The packages over the base, once for all images with the same. */
function packageParts(platforms: readonly Named[]): Part[] {
  const known = platforms.flatMap(({ name, platform }) => {
    const { addedPackages: packages } = platform
    return packages && packages.length > 0 ? [{ name, platform, packages }] : []
  })
  const textOf = ({ packages }: (typeof known)[number]): string =>
    packages.map(({ from, name, version }) => `${from.padEnd(4)}  ${name}  ${version}`).join('\n')
  return [...Map.groupBy(known, textOf)].map(([text, group]) => {
    const count = group[0]?.packages.length ?? 0
    const title = `${counted(count, 'package')} added in ${namesCell(group)}`
    return { text: folded(title, codeBlock(text)), drop: 'added packages' }
  })
}

/** What is known of each image besides its row, folded. @param limit characters of a sentence */
export function listDetails(images: readonly ListedImage[], limit: number): Part[] {
  const platforms = namedPlatforms(images)
  const parts = [...waiverPart(platforms, limit), ...packageParts(platforms)]
  return parts.length === 0 ? [] : [{ text: '### Details' }, ...parts]
}
