import { type Problems, quoted } from './problems.ts'
import { truthOf } from './yaml.ts'

/** Reads an input of action.yml by name; surrounding white space is kept for secrets only. */
export type ReadInput = (name: string) => string

/** A field reader knows where to read and where to complain. On a bad value it complains and returns undefined. */
export type Source = { read: ReadInput; problems: Problems }

/** Of a choice between words for a boolean each spelling of YAML is taken: `no` is `false`, and `off` where that is the word. */
export function choice<const T extends string>(
  source: Source,
  name: string,
  allowed: readonly T[],
): T | undefined {
  const value = source.read(name)
  const truth = truthOf(value)
  const found =
    allowed.find((candidate) => candidate === value) ??
    allowed.find((candidate) => truth !== undefined && truthOf(candidate) === truth)
  return found ?? source.problems.add(name, quoted(value), allowed.join(', '))
}

export function boolean(source: Source, name: string): boolean | undefined {
  const value = choice(source, name, ['true', 'false'])
  return value === undefined ? undefined : value === 'true'
}

export function matching(source: Source, name: string, pattern: RegExp, allowed: string): string | undefined {
  const value = source.read(name)
  return pattern.test(value) ? value : source.problems.add(name, quoted(value), allowed)
}

/** @returns a whole number */
export function count(source: Source, name: string, most: number, least = 1): number | undefined {
  const value = source.read(name)
  const number = /^\d{1,4}(?:\.0+)?$/.test(value) ? Number(value) : NaN
  return number >= least && number <= most
    ? number
    : source.problems.add(name, quoted(value), `a whole number from ${least} to ${most}`)
}

/** @returns undefined if nothing was given */
export function optional(source: Source, name: string): string | undefined {
  const value = source.read(name)
  return value === '' ? undefined : value
}

/** @returns the non-empty lines of an input, trimmed */
export function lines(source: Source, name: string): string[] {
  return source
    .read(name)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}

/** @returns what stands in lines, or behind semicolons in one, as GitHub's form for workflow_dispatch has no second line */
export function entries(source: Source, name: string): string[] {
  return lines(source, name)
    .flatMap((line) => line.split(';'))
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
}

/** Lines `key=value`. The value is not shown in a complaint where `secret` says so. */
export function assignments(
  source: Source,
  name: string,
  key: { pattern: RegExp; allowed: string },
): Map<string, string> {
  const result = new Map<string, string>()
  for (const line of lines(source, name)) {
    const equals = line.indexOf('=')
    const left = line.slice(0, Math.max(equals, 0)).trim()
    if (equals < 1 || !key.pattern.test(left)) {
      source.problems.add(name, quoted(line), key.allowed)
    } else if (result.has(left)) {
      source.problems.add(name, quoted(left), 'each name once')
    } else {
      result.set(left, line.slice(equals + 1).trim())
    }
  }
  return result
}

const units: Record<string, number> = {
  '': 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
}

/** A size such as `100 MB` or `64 MiB`; one in bytes may be a number as YAML writes it. @returns bytes */
export function byteSize(source: Source, name: string): number | undefined {
  const value = source.read(name)
  const match = /^(\d+(?:\.\d+)?(?:E\+?\d+)?)\s*([KMG]?i?B?)$/i.exec(value)
  const factor = match ? units[(match[2] ?? '').toUpperCase()] : undefined
  const bytes = Math.round(Number(match?.[1]) * (factor ?? NaN))
  return Number.isSafeInteger(bytes)
    ? bytes
    : source.problems.add(name, quoted(value), 'a size such as 100 MB or 64 MiB')
}
