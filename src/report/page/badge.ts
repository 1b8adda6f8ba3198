import { engines, type Engine } from '../../plan/index.ts'
import type { Inventory } from '../../inventory/index.ts'
import { excerpt } from '../../text.ts'
import { versionText } from './view/version.ts'

/** The two parts of a badge. Only a badge with `good` is green. */
export type Badge = { label: string; message: string; good: boolean }

/**
 * @returns badges of the newest images that are published; none for an engine of which the list does
 *   not know that, since a badge is shown without it
 */
export function badgesOf({ images, complete, where }: Inventory): Map<Engine, Badge> {
  const badge = (engine: Engine): Badge => {
    const { title } = engines[engine]
    const components = images.find((image) => image.engine === engine)?.platforms[0]?.components
    if (components === undefined) return { label: title, message: 'not published', good: false }
    const parts = ['aibrix', 'nixl'].flatMap((name) => {
      const version = components[name]
      return version === undefined ? [] : [`${name} ${versionText(name, version)}`]
    })
    const version = components.engine
    return {
      label: version === undefined ? title : `${title} ${versionText('engine', version)}`,
      message: parts.join(' · ') || 'published',
      good: true,
    }
  }
  return new Map(where === '' ? complete.map((engine) => [engine, badge(engine)]) : [])
}

/** Characters of a part; versions are foreign text */
const longest = 60

/** Pixels; both sides of a part */
const padding = { outer: 7, inner: 6 }

/** @returns the badge as an SVG image that needs no font, file or network */
export function renderBadge({ label, message, good }: Badge): string {
  const [left, right] = [excerpt(label, longest), excerpt(message, longest)]
  const widths = [left, right].map((text) => Math.ceil(widthOf(text)))
  const [leftText = 0, rightText = 0] = widths
  const leftWidth = leftText + padding.outer + padding.inner
  const rightWidth = rightText + padding.outer + padding.inner
  const title = escaped(`${left}: ${right}`)
  const text = (content: string, x: number, width: number): string =>
    `<text x="${x}" y="14" textLength="${width}">${escaped(content)}</text>`
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${leftWidth + rightWidth}" height="20" role="img" aria-label="${title}">
<title>${title}</title>
<clipPath id="edge"><rect width="${leftWidth + rightWidth}" height="20" rx="4"/></clipPath>
<g clip-path="url(#edge)">
<rect width="${leftWidth}" height="20" fill="#3b424c"/>
<rect x="${leftWidth}" width="${rightWidth}" height="20" fill="${good ? '#17693f' : '#5d6672'}"/>
</g>
<g fill="#fff" font-family="Verdana,Geneva,DejaVu Sans,sans-serif" font-size="11" text-rendering="geometricPrecision">
${text(left, padding.outer, leftText)}
${text(right, leftWidth + padding.inner, rightText)}
</g>
</svg>
`
}

/** Pixels of a character in Verdana at 11 px, from its form; `textLength` evens out the difference. */
function widthOf(text: string): number {
  const widthOfOne = (character: string): number => {
    if (/[ilj.,:;|!' ·]/.test(character)) return 3.9
    if (/[mwMW@%]/.test(character)) return 10.2
    if (/[\u0020-\u007e]/.test(character)) return /[A-Z]/.test(character) ? 7.6 : 6.8
    return 9
  }
  return Array.from(text).reduce((sum, character) => sum + widthOfOne(character), 0)
}

/** Text for XML 1.0; `excerpt` has removed what it does not allow at all */
function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
