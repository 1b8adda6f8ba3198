import { isDay } from '../plan/index.ts'
import type { ListedImage } from './inventory.ts'

const collator = new Intl.Collator('en', { numeric: true })

/** Exactly eight digits that are a day, wherever they are in a tag */
function dateIn(tag: string): string {
  return tag.match(/(?<!\d)\d{8}(?!\d)/g)?.findLast(isDay) ?? ''
}

/** @returns the tags of one digest, the dated ones first, the newest date before others */
export function sortTags(tags: readonly string[]): string[] {
  const dated = tags.map((tag) => ({ tag, date: dateIn(tag) }))
  return dated
    .sort((left, right) => compare(right.date, left.date) || collator.compare(left.tag, right.tag))
    .map(({ tag }) => tag)
}

/** @returns images, newest first; those without a time last */
export function sortImages(images: readonly ListedImage[]): ListedImage[] {
  const name = ({ repository, tags }: ListedImage): string => `${repository}:${tags[0] ?? ''}`
  return images.toSorted(
    (left, right) =>
      compare(right.created ?? '', left.created ?? '') || collator.compare(name(left), name(right)),
  )
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}
