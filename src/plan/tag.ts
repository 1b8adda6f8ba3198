import { UserError } from '../errors.ts'

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

/** @throws UserError if the result is no tag: too long, or with characters that a tag may not have */
export function expandTemplate(template: TagTemplate, values: Record<TemplateName, string>): string {
  const tag = template.text.replace(placeholder, (_, name: TemplateName) => values[name])
  if (tag.length > longestTag)
    throw new UserError(
      `The tag "${tag}" has ${tag.length} characters, a registry allows ${longestTag}; shorten "tags".`,
    )
  if (!tagGrammar.test(tag))
    throw new UserError(
      `The tag "${tag}" has characters that no tag may have; change "tags" ("${template.text}").`,
    )
  return tag
}

/** How a source's ref appears in a tag: a release tag as it is, what moves with its short commit (`main-52405d7`). */
export function refInTag(source: { kind: 'tag' | 'branch' | 'commit'; ref: string; commit: string }): string {
  const short = source.commit.slice(0, 7)
  if (source.kind === 'commit') return short
  const name = source.ref.replace(/[^A-Za-z0-9_.-]+/g, '-').replace(/^[.-]+/, '')
  if (source.kind === 'tag') return name
  return `${name}-${short}`
}
