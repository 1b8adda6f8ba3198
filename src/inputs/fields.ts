import { anyOf, type InputReader, quoted } from './problems.ts'
import { truthOf } from './yaml.ts'

// Each function reads one input, and returns undefined after it has refused a bad value.

/** Reads one of some words. A boolean may have any YAML spelling: `no` is `false`, or `off`. */
export function choice<const T extends string>(
  reader: InputReader,
  name: string,
  allowed: readonly T[],
): T | undefined {
  const value = reader.read(name)
  const truth = truthOf(value)
  const found =
    allowed.find((candidate) => candidate === value) ??
    allowed.find((candidate) => truth !== undefined && truthOf(candidate) === truth)
  return found ?? reader.refuse(name, anyOf(allowed))
}

export function boolean(reader: InputReader, name: string): boolean | undefined {
  const value = choice(reader, name, ['true', 'false'])
  return value === undefined ? undefined : value === 'true'
}

export function matching(
  reader: InputReader,
  name: string,
  pattern: RegExp,
  allowed: string,
): string | undefined {
  const value = reader.read(name)
  return pattern.test(value) ? value : reader.refuse(name, allowed)
}

/** Reads a whole number. */
export function count(reader: InputReader, name: string, most: number, least = 1): number | undefined {
  const value = reader.read(name)
  const number = /^\d{1,4}(?:\.0+)?$/.test(value) ? Number(value) : NaN
  if (number >= least && number <= most) return number
  return reader.refuse(name, `a whole number from ${least} to ${most}`)
}

/** @returns undefined if the input is empty */
export function optional(reader: InputReader, name: string): string | undefined {
  return reader.read(name) || undefined
}

/** @returns the non-empty lines of an input, trimmed */
export function lines(reader: InputReader, name: string): string[] {
  return parts(reader.read(name), '\n')
}

/** @returns the lines of an input, also split at `;`, since GitHub's input form has one line */
export function entries(reader: InputReader, name: string): string[] {
  return parts(reader.read(name), /[\n;]/)
}

/** @returns the non-empty parts of a text, trimmed */
export function parts(text: string, separator: string | RegExp): string[] {
  return text
    .split(separator)
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

/** Reads lines `key=value`. */
export function assignments(
  reader: InputReader,
  name: string,
  key: { pattern: RegExp; allowed: string },
): Map<string, string> {
  const result = new Map<string, string>()
  for (const line of lines(reader, name)) {
    const equals = line.indexOf('=')
    const left = line.slice(0, Math.max(equals, 0)).trim()
    if (equals < 1 || !key.pattern.test(left)) reader.refuse(name, key.allowed, quoted(line))
    else if (result.has(left)) reader.refuse(name, 'each name once', quoted(left))
    else result.set(left, line.slice(equals + 1).trim())
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

/**
 * Reads a size such as `100 MB` or `64 MiB`; one in bytes may be a number as YAML writes it.
 * @returns bytes
 */
export function byteSize(reader: InputReader, name: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?(?:E\+?\d+)?)\s*([KMG]?i?B?)$/i.exec(reader.read(name))
  const factor = match ? units[(match[2] ?? '').toUpperCase()] : undefined
  const bytes = Math.round(Number(match?.[1]) * (factor ?? NaN))
  return Number.isSafeInteger(bytes) ? bytes : reader.refuse(name, 'a size such as 100 MB or 64 MiB')
}
