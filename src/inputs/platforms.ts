import type { RunsOn } from '../report/index.ts'
import { entries, parts } from './fields.ts'
import { anyOf, type InputReader, quoted } from './problems.ts'

/** The platforms that bases, NIXL's wheels and GPUs all support */
const allowed = ['linux/amd64', 'linux/arm64'] as const

/** Reads `platforms`, sorted. */
export function readPlatforms(reader: InputReader): [string, ...string[]] {
  const value = reader.read('platforms')
  const given = parts(value, /[\s,]+/)
  const [first, ...more] = allowed.filter((platform) => given.includes(platform))
  const unknown = given.find((platform) => !(allowed as readonly string[]).includes(platform))
  if (!first || unknown !== undefined) reader.refuse('platforms', anyOf(allowed), quoted(unknown ?? value))
  return [first ?? 'linux/amd64', ...more]
}

/** Reads `runners` or its like: entries `platform: label[, label]`, in lines or separated by `;`. */
export function readRunners(
  reader: InputReader,
  name: 'runners' | 'verify-runners' = 'runners',
): Map<string, RunsOn> {
  const runners = new Map<string, RunsOn>()
  for (const line of entries(reader, name)) {
    const [, platform, text = ''] = /^(\S+?)\s*:(.*)$/.exec(line) ?? []
    const labels = parts(text, ',')
    const [first, ...more] = labels
    if (!(allowed as readonly (string | undefined)[]).includes(platform) || first === undefined)
      reader.refuse(name, 'lines "<platform>: <label>[, <label>]"', quoted(line))
    else runners.set(platform ?? '', more.length === 0 ? first : labels)
  }
  return runners
}
