import type { RunsOn } from '../report/index.ts'
import { entries, type Source } from './fields.ts'
import { quoted } from './problems.ts'

/** Platforms that the bases, NIXL's wheels and GPUs have in common. */
const allowed = ['linux/amd64', 'linux/arm64'] as const

/** `platforms`, in the order of their names. */
export function readPlatforms(source: Source): [string, ...string[]] {
  const value = source.read('platforms')
  const given = value.split(/[\s,]+/).filter((part) => part !== '')
  const [first, ...more] = allowed.filter((platform) => given.includes(platform))
  const unknown = given.find((platform) => !(allowed as readonly string[]).includes(platform))
  if (!first || unknown !== undefined)
    source.problems.add('platforms', quoted(unknown ?? value), allowed.join(', '))
  return [first ?? 'linux/amd64', ...more]
}

/** `runners`: a line `platform: label` for each platform (or `;` between them), or several labels with commas between them. */
export function readRunners(source: Source): Map<string, RunsOn> {
  const runners = new Map<string, RunsOn>()
  for (const line of entries(source, 'runners')) {
    const [, platform, text = ''] = /^(\S+?)\s*:(.*)$/.exec(line) ?? []
    const labels = text
      .split(',')
      .map((label) => label.trim())
      .filter((label) => label !== '')
    const [first, ...more] = labels
    if (!(allowed as readonly (string | undefined)[]).includes(platform) || first === undefined)
      source.problems.add('runners', quoted(line), 'lines "<platform>: <label>[, <label>]"')
    else runners.set(platform ?? '', more.length === 0 ? first : labels)
  }
  return runners
}
