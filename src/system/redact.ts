import { partsOf } from './secret-parts.ts'
import { anySpelling, base64Of, plainSpellings } from './spellings.ts'

/** Whether a text cannot be masked, because it is too short or part of what must stay readable. */
export type IsOrdinary = (text: string) => boolean

/** Replaces every secret. All output and all text about it (log, files, summary) passes here. */
export type Redact = (text: string) => string

/**
 * @param secrets passwords, tokens, build secrets: each of their parts is masked, in each spelling
 * @param isOrdinary whether a part must stay readable
 */
export function createRedact(secrets: readonly string[], isOrdinary: IsOrdinary): Redact {
  const pieces = new Map<string, Piece>()
  for (const part of hiddenParts(secrets, isOrdinary)) {
    for (const text of base64Of(part)) pieces.set(text, { core: text, pattern: undefined })
    pieces.set(part, { core: coreOf(part), pattern: anySpelling(part) })
  }
  // Longest first, so that masking a part of a longer secret does not leave the rest of it.
  const longestFirst = [...pieces].sort(([left], [right]) => right.length - left.length)
  return (text) =>
    longestFirst.reduce((clean, [piece, { core, pattern }]) => {
      if (!clean.includes(core)) return clean
      return pattern ? clean.replace(pattern, '***') : clean.replaceAll(piece, '***')
    }, text)
}

/** `core` is part of each spelling and quick to search: a build prints a million lines. */
type Piece = { core: string; pattern: RegExp | undefined }

function coreOf(part: string): string {
  const runs = part.match(/[A-Za-z0-9]+/g) ?? []
  return runs.reduce((longest, run) => (run.length > longest.length ? run : longest), '')
}

/** @returns the texts for the runner to mask; of several lines, it would mask each */
export function maskedValues(secrets: readonly string[], isOrdinary: IsOrdinary): string[] {
  const lines = hiddenParts(secrets, isOrdinary).filter((part) => !/[\r\n]/.test(part))
  return [...new Set(lines.flatMap(plainSpellings))]
}

function hiddenParts(secrets: readonly string[], isOrdinary: IsOrdinary): string[] {
  return [...new Set(secrets.flatMap(partsOf))].filter((part) => !isOrdinary(part))
}
