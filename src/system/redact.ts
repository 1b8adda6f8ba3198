import { credentialsInAddresses, partsOf } from './secret-parts.ts'
import { anySpelling, base64Of, plainSpellings } from './spellings.ts'

/** Whether a text can't be hidden: it is in what has to be shown, or too short to be told from it. */
export type IsOrdinary = (text: string) => boolean

/** Replaces everything that must appear nowhere. What programs say and what is written about it (log, files, summary) goes through it. */
export type Redact = (text: string) => string

/**
 * @param secrets passwords, tokens, build secrets: each of their parts is hidden, in each spelling
 * @param isOrdinary whether a part has to be left as it is
 */
export function createRedact(secrets: readonly string[], isOrdinary: IsOrdinary): Redact {
  const pieces = new Map<string, Piece>()
  for (const part of hiddenParts(secrets, isOrdinary)) {
    for (const text of base64Of(part)) pieces.set(text, { core: text, pattern: undefined })
    pieces.set(part, { core: coreOf(part), pattern: anySpelling(part) })
  }
  // What is a part of something longer is not left over from it.
  const longestFirst = [...pieces].sort(([left], [right]) => right.length - left.length)
  return (text) =>
    longestFirst.reduce((clean, [piece, { core, pattern }]) => {
      if (!clean.includes(core)) return clean
      return pattern ? clean.replace(pattern, '***') : clean.replaceAll(piece, '***')
    }, text)
}

/** `core` is in each spelling, and quick to be looked for: a build prints a million lines. */
type Piece = { core: string; pattern: RegExp | undefined }

function coreOf(part: string): string {
  const runs = part.match(/[A-Za-z0-9]+/g) ?? []
  return runs.reduce((longest, run) => (run.length > longest.length ? run : longest), '')
}

/** @returns the pieces that a runner is told to mask in everything that it shows; of a text of several lines it would mask each */
export function maskedValues(secrets: readonly string[], isOrdinary: IsOrdinary): string[] {
  const lines = hiddenParts(secrets, isOrdinary).filter((part) => !/[\r\n]/.test(part))
  return [...new Set(lines.flatMap(plainSpellings))]
}

function hiddenParts(secrets: readonly string[], isOrdinary: IsOrdinary): string[] {
  return [...new Set(secrets.flatMap(partsOf))].filter((part) => !isOrdinary(part))
}

/** @returns the password in a URL, as it is written there and as it is meant, also with its user; nothing if there is none */
export function passwordsIn(url: string): string[] {
  return credentialsInAddresses(url)
}
