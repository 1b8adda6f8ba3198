import { UserError } from '../../errors.ts'
import type { PinnedSource } from '../pinned.ts'

export const templateNames = ['engine', 'engine-version', 'aibrix', 'nixl', 'ucx', 'date'] as const

export type TemplateName = (typeof templateNames)[number]

export type TagTemplate = { text: string; dated: boolean }

const placeholder = /\{\{\s*([^{}]*?)\s*\}\}/g

/** The tags that the distribution spec allows ("Pulling manifests"). No character is replaced. */
const tagGrammar = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/
const longestTag = 128

/** @returns an unknown placeholder, or the text if the rest of it is not allowed in tags */
export function parseTemplate(text: string): TagTemplate | { unknown: string } {
  const names = [...text.matchAll(placeholder)].map((match) => match[1] ?? '')
  const unknown = names.find((name) => !(templateNames as readonly string[]).includes(name))
  if (unknown !== undefined) return { unknown: `{{${unknown}}}` }
  const rest = text.replace(placeholder, 'x')
  return tagGrammar.test(rest) ? { text, dated: names.includes('date') } : { unknown: text }
}

export type TemplateValues = Record<TemplateName, string>

/** @throws UserError if the result is too long for a tag, or has characters that no tag has */
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

/** @returns the date (`YYYYMMDD`) with which the template gives this tag; undefined if with none */
export function dateInTag({ text }: TagTemplate, values: TemplateValues, tag: string): string | undefined {
  const start = text.search(/\{\{\s*date\s*\}\}/)
  if (start === -1) return undefined
  const { length } = fill(text.slice(0, start), values)
  const date = tag.slice(length, length + 8)
  return /^\d{8}$/.test(date) && fill(text, { ...values, date }) === tag ? date : undefined
}

/** Whether tags of the template tell values of this placeholder apart. */
export function tells({ text }: TagTemplate, name: TemplateName): boolean {
  return [...text.matchAll(placeholder)].some((match) => match[1] === name)
}

/** Whether the template can give the tag with these values, and any others. */
export function couldBeOf({ text }: TagTemplate, known: Partial<TemplateValues>, tag: string): boolean {
  // The fixed parts of a tag are between unknown placeholders; no tag contains NUL.
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

/** @returns a ref as part of a tag: a tag as it is, a branch with its commit (`main-52405d7`) */
export function refInTag(source: Pick<PinnedSource, 'kind' | 'ref' | 'commit'>): string {
  const short = source.commit.slice(0, 7)
  if (source.kind === 'commit') return short
  const name = source.ref.replace(/[^A-Za-z0-9_.-]+/g, '-').replace(/^[.-]+/, '')
  return source.kind === 'tag' ? name : `${name}-${short}`
}

/** Whether this is a day of the calendar, as `YYYYMMDD`. */
export function isDay(text: string): boolean {
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)$/.exec(text) ?? []
  const day = parts.join('-')
  const time = Date.parse(`${day}T00:00:00Z`)
  // Some parsers count the 31st of February as a day in March.
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day)
}
