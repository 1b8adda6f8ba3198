import { UserError } from '../../errors.ts'

/** What a tag template may name. */
export const templateNames = ['engine', 'engine-version', 'aibrix', 'nixl', 'ucx', 'date'] as const

export type TemplateName = (typeof templateNames)[number]

export type TagTemplate = { text: string; dated: boolean }

const placeholder = /\{\{\s*([^{}]*?)\s*\}\}/g

/** What the distribution spec allows in a tag ("Pulling manifests"): 128 characters, none of them replaced by us. */
const tagGrammar = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/
const longestTag = 128

/** @returns the template, or the name in it that is unknown, or its text if what is left of it can be in no tag */
export function parseTemplate(text: string): TagTemplate | { unknown: string } {
  const names = [...text.matchAll(placeholder)].map((match) => match[1] ?? '')
  const unknown = names.find((name) => !(templateNames as readonly string[]).includes(name))
  if (unknown !== undefined) return { unknown: `{{${unknown}}}` }
  const rest = text.replace(placeholder, 'x')
  return tagGrammar.test(rest) ? { text, dated: names.includes('date') } : { unknown: text }
}

/** What the placeholders of a template stand for. */
export type TemplateValues = Record<TemplateName, string>

/** @throws UserError if the result is no tag: too long, or with characters that a tag may not have */
export function expandTemplate(template: TagTemplate, values: TemplateValues): string {
  const tag = fill(template.text, values)
  if (tag.length > longestTag)
    throw new UserError(
      `tags: "${tag}" has ${tag.length} characters, and a registry allows ${longestTag}; shorten the template.`,
    )
  if (!tagGrammar.test(tag))
    throw new UserError(
      `tags: "${tag}" has characters that no tag may have; change the template "${template.text}".`,
    )
  return tag
}

function fill(text: string, values: TemplateValues): string {
  return text.replace(placeholder, (_, name: TemplateName) => values[name])
}

/** @returns the date (`YYYYMMDD`) of a tag that the template gives with these values on some day; undefined if it is none */
export function dateInTag({ text }: TagTemplate, values: TemplateValues, tag: string): string | undefined {
  const start = text.search(/\{\{\s*date\s*\}\}/)
  if (start === -1) return undefined
  const { length } = fill(text.slice(0, start), values)
  const date = tag.slice(length, length + 8)
  return /^\d{8}$/.test(date) && fill(text, { ...values, date }) === tag ? date : undefined
}

/** @returns whether tags of the template tell such values apart */
export function tells({ text }: TagTemplate, name: TemplateName): boolean {
  return [...text.matchAll(placeholder)].some((match) => match[1] === name)
}

/**
 * @param known some of the values; whatever stands for the others in the tag
 * @returns whether the template can give the tag
 */
export function couldBeOf({ text }: TagTemplate, known: Partial<TemplateValues>, tag: string): boolean {
  // Between placeholders, and of known ones, a tag has fixed parts; NUL is in no tag.
  const parts = text.replace(placeholder, (_, name: TemplateName) => known[name] ?? '\0').split('\0')
  const [first = '', ...rest] = parts
  const last = rest.pop()
  if (last === undefined) return tag === first
  if (!tag.startsWith(first)) return false
  let position = first.length
  for (const part of rest) {
    const found = tag.indexOf(part, position)
    if (found === -1) return false
    position = found + part.length
  }
  return tag.length - last.length >= position && tag.endsWith(last)
}

/** How a source's ref appears in a tag: a release tag as it is, what moves with its short commit (`main-52405d7`). */
export function refInTag(source: { kind: 'tag' | 'branch' | 'commit'; ref: string; commit: string }): string {
  const short = source.commit.slice(0, 7)
  if (source.kind === 'commit') return short
  const name = source.ref.replace(/[^A-Za-z0-9_.-]+/g, '-').replace(/^[.-]+/, '')
  if (source.kind === 'tag') return name
  return `${name}-${short}`
}
