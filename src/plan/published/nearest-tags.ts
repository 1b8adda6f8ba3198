import { couldBeOf, dateInTag, type TagTemplate, type TemplateValues } from './tag.ts'

const collator = new Intl.Collator('en', { numeric: true })

/** Exactly eight digits are a date, wherever they are in a tag. */
const anyDate = /(?<!\d)\d{8}(?!\d)/g

/**
 * The published images that are most similar to a planned one: the same on another date, then any
 * of the same engine version, each newest first. Other engine versions are not comparable.
 * @param tags of the repository
 * @param values of the image
 */
export function nearestTags(
  tags: readonly string[],
  templates: readonly TagTemplate[],
  values: TemplateValues,
): string[] {
  const { engine, 'engine-version': version } = values
  const some = (isNear: (tag: string, template: TagTemplate) => boolean): string[] =>
    newestFirst(tags.filter((tag) => templates.some((template) => isNear(tag, template))))
  return [
    ...some((tag, template) => dateInTag(template, values, tag) !== undefined),
    ...some((tag, template) => couldBeOf(template, { engine, 'engine-version': version }, tag)),
  ]
}

function newestFirst(tags: readonly string[]): string[] {
  const dated = tags.map((tag) => ({ tag, date: tag.match(anyDate)?.at(-1) ?? '' }))
  return dated
    .sort((left, right) => right.date.localeCompare(left.date) || collator.compare(right.tag, left.tag))
    .map(({ tag }) => tag)
}
