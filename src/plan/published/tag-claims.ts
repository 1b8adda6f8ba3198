import { UserError } from '../../errors.ts'
import type { TagTemplate, TemplateName, TemplateValues } from './tag.ts'

const version = String.raw`(v?\d+(?:\.\d+)+[\w.]*)`

/** How a tag names versions, by the default template. Placeholders are no digits, so they name none. */
const claims: readonly { of: TemplateName; title: string; pattern: RegExp }[] = [
  { of: 'engine-version', title: 'the engine', pattern: new RegExp(`^${version}-(?:aibrix|nixl|ucx)-`) },
  { of: 'aibrix', title: 'AIBrix', pattern: new RegExp(`(?:^|-)aibrix-${version}`) },
  { of: 'nixl', title: 'NIXL', pattern: new RegExp(`(?:^|-)nixl-${version}`) },
  { of: 'ucx', title: 'UCX', pattern: new RegExp(`(?:^|-)ucx-${version}`) },
]

/**
 * Refuses a tag whose own text names another version than the image has: a published tag never lies.
 * `0.10` is true of 0.10.2.
 * @throws UserError that names the first such version
 */
export function refuseFalseText({ text }: TagTemplate, values: TemplateValues): void {
  for (const { of, title, pattern } of claims) {
    const claimed = pattern.exec(text)?.[1]
    if (claimed === undefined || isTrue(claimed, values[of])) continue
    throw new UserError(
      `tags: "${text}" says that ${title} is ${claimed}, but it is ${values[of]}; write {{${of}}} there, or another tag.`,
    )
  }
}

function isTrue(claimed: string, value: string): boolean {
  const [left, right] = [claimed, value].map((each) => each.replace(/^v(?=\d)/, ''))
  return right === left || (right ?? '').startsWith(`${left ?? ''}.`)
}
